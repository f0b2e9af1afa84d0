import { describe, expect, test } from 'vitest'
import { checkHouse } from '../../src/api/check.ts'
import type { Validator } from '../../src/api/check-grub.ts'
import type { Finding } from '../../src/api/finding.ts'
import { loaderPath, packageOf } from '../../src/files/loaders.ts'
import { files, openHouse, type TestHouse } from '../house.ts'
import { openCertificate } from '../lab/certificate.ts'

const silent: Validator = () => Promise.resolve([])

async function check(change: Readonly<Record<string, string>> = {}, validate = silent): Promise<readonly Finding[]> {
  using house = openHouse(change)
  return withoutLoaders(await findings(house, validate))
}

const findings = (house: TestHouse, validate: Validator): Promise<readonly Finding[]> =>
  checkHouse(house.house, house.shelf, validate)

/** Which loaders there are is the host's business. */
function withoutLoaders(all: readonly Finding[]): readonly Finding[] {
  return all.filter(({ message }) => !message.startsWith('the loader '))
}

const fleet = files['fleet.yaml']!

test('a site in which everything renders has no findings, and looking leaves nothing behind', async () => {
  using house = openHouse()
  expect(withoutLoaders(await findings(house, silent))).toEqual([])
  expect([house.events(), house.house.permits.of('duncan')]).toEqual([[], undefined])
})

describe('what is wrong is told with its machine and its place', () => {
  test.each<[string, Record<string, string>, Finding]>([
    [
      'an answer of a live machine',
      { 'answers/probe.hbs': 'a\nb {{vars.nothing}}' },
      {
        severity: 'error',
        machine: 'macduff',
        message: expect.stringContaining('vars.nothing') as string,
        file: 'answers/probe.hbs',
        line: 2,
      },
    ],
    [
      'an answer of an install, which nobody has armed',
      { 'answers/web.hbs': '{{vars.hash}} {{report.url}} done {{vars.nothing}}' },
      {
        severity: 'error',
        machine: 'duncan',
        message: expect.stringContaining('vars.nothing') as string,
        file: 'answers/web.hbs',
        line: 1,
      },
    ],
    [
      'a kernel line',
      { 'fleet.yaml': fleet.replace('probe={{answer.url}}', 'x={{vars.nothing}}') },
      {
        severity: 'error',
        machine: 'macduff',
        message: expect.stringContaining('vars.nothing') as string,
        file: 'fleet.yaml',
        line: 7,
      },
    ],
    [
      'a template that does not parse',
      { 'answers/probe.hbs': '{{#if x}}' },
      {
        severity: 'error',
        machine: 'macduff',
        message: expect.stringContaining('a block has no end') as string,
        file: 'answers/probe.hbs',
      },
    ],
    [
      'an answer that is not there',
      { 'fleet.yaml': fleet.replace('answers/probe.hbs', 'answers/none.hbs') },
      { severity: 'error', machine: 'macduff', message: expect.stringContaining('answers/none.hbs') as string },
    ],
    [
      'a kernel that is not there',
      {
        'fleet.yaml': fleet.replace(
          'name: probe, kind: live, kernel: boot/vmlinuz',
          'name: probe, kind: live, kernel: boot/none',
        ),
      },
      { severity: 'error', message: 'boot/none of profile probe is not in the site', file: 'fleet.yaml', line: 7 },
    ],
    [
      'a machine without a profile',
      { 'fleet.yaml': fleet.replace(', profile: probe', '') },
      {
        severity: 'warning',
        machine: 'macduff',
        message: 'has no profile and boots its disk',
        file: 'fleet.yaml',
        line: 4,
      },
    ],
    [
      'a menu of the site that pypxeboot cannot read',
      {
        'files/pxelinux.cfg/default':
          'DEFAULT x\nLABEL x\n  LINUX boot/vmlinuz\n  APPEND initrd=boot/initrd.gz quiet\n',
      },
      {
        severity: 'error',
        message: expect.stringContaining('quiet') as string,
        file: 'files/pxelinux.cfg/default',
        line: 4,
      },
    ],
  ])('%s', async (_, change, finding) => {
    const found = await check(change)
    expect(found).toContainEqual(expect.objectContaining(finding))
    for (const { severity, hint, line } of found)
      expect([severity, line === undefined || line > 0, hint === '']).toEqual([severity, true, false])
  })
})

test('a machine that is known by its UUID alone is checked as all others are', async () => {
  const byUuid = fleet.replace('mac: "52:54:00:77:00:01", ip: 10.77.0.11', 'uuid: 4c4c4544-0042-3510-8052-b4c04f4e3732')
  expect(await check({ 'fleet.yaml': byUuid })).toEqual([])
  const [broken] = await check({
    'fleet.yaml': byUuid,
    'answers/web.hbs': '{{vars.hash}} {{report.url}} done {{vars.nothing}}',
  })
  expect(broken).toMatchObject({ machine: 'duncan', file: 'answers/web.hbs', line: 1 })
})

test('a machine of which only the serial number is known is told to be a stranger to firmware', async () => {
  const bySerial = fleet.replace('mac: "52:54:00:77:00:01", ip: 10.77.0.11', 'serial: CZ1')
  expect(await check({ 'fleet.yaml': bySerial })).toEqual([
    {
      severity: 'error',
      machine: 'duncan',
      message: 'duncan boots as a stranger: firmware tells no serial number, and the site has no MAC address of it',
      file: 'fleet.yaml',
      line: 3,
      hint: 'add mac: or uuid:',
    },
  ])
})

test('all wrong things are told, each once however many machines have it', async () => {
  const machines = Array.from(
    { length: 20 },
    (_, at) => `  - { name: thane${at}, mac: "52:54:00:77:01:${String(at).padStart(2, '0')}", profile: probe }`,
  )
  const found = await check({
    'fleet.yaml': fleet
      .replace('profiles:', `${machines.join('\n')}\nprofiles:`)
      .replaceAll('boot/initrd.gz', 'boot/none'),
    'answers/web.hbs': '{{vars.hash}} {{report.url}} done {{vars.nothing}}',
  })
  expect(found.map(({ message }) => message).toSorted()).toEqual([
    'boot/none of profile probe is not in the site',
    'boot/none of profile web is not in the site',
    expect.stringContaining('vars.nothing has no value'),
  ])
})

const kickstart = {
  'fleet.yaml': fleet
    .replace('kind: install, kernel: boot/vmlinuz, initrd: [boot/initrd.gz]', 'kind: install, distro: el9')
    .concat(
      'distros:\n  - { name: el9, family: redhat, version: "9", kernel: boot/vmlinuz, initrd: [boot/initrd.gz], tree: "http://10.77.0.1/el9" }\n',
    ),
}

test('what an installer’s own validator says is told with the line of the answer, without its secrets', async () => {
  const asked: string[] = []
  const found = await check(kickstart, (family, text, version) => {
    asked.push(`${family} ${version}`)
    return Promise.resolve([{ line: 1, message: `unknown: ${text.split('\n')[0]!}` }])
  })
  expect(asked.filter((one) => !one.startsWith('grub'))).toEqual([expect.stringMatching(/ 9$/)])
  const said = found.find(({ message }) => message.includes('unknown:'))
  expect(said).toMatchObject({
    severity: 'error',
    machine: 'duncan',
    message: expect.stringContaining('line 1') as unknown,
  })
  expect(said?.message).toContain('rootpw --iscrypted (hidden) duncan')
  expect(JSON.stringify(found)).not.toMatch(/\$6\$|\.[0-9a-f]{32}/)
})

test('a loader that this host lacks is a warning with the package that brings it', async () => {
  using house = openHouse({ 'birnam.yaml': 'address: 10.77.0.1\nloader: ipxe\n' })
  const wanted = ['undionly.kpxe', 'snponly.efi'].filter((name) => loaderPath(name) === undefined)
  const told = (await findings(house, silent)).filter(({ message }) => message.startsWith('the loader '))
  expect(told.map(({ severity, message, hint }) => [severity, message, hint])).toEqual(
    wanted.map((name) => [
      'warning',
      `the loader ${name} is not on this server`,
      `install the package ${packageOf(name)}, or put the file under files/ in the site`,
    ]),
  )
})

test('what a menu offers is checked for each of its machines, as if it were chosen', async () => {
  const menus = `  - { name: first, kind: menu, entries: [more] }\n  - { name: more, kind: menu, entries: [first, web, gone] }\n  - { name: gone, kind: live, kernel: boot/gone }\n`
  const change = {
    'fleet.yaml': fleet.replace('profile: web', 'profile: first') + menus,
    'answers/web.hbs': '{{vars.hash}} {{report.url}} done {{vars.nothing}}',
  }
  const found = await check(change)
  expect(found.map(({ machine, message }) => [machine, message])).toEqual([
    ['duncan', expect.stringContaining('vars.nothing')],
    [undefined, 'boot/gone of profile gone is not in the site'],
  ])
})

test('a certificate that machines would refuse is told, and one that is not there', async () => {
  const own = await openCertificate('10.77.0.1')
  const pair = { 'tls/a.pem': own.certificate, 'tls/a.key': own.key }
  const told = async (more: string, there: Readonly<Record<string, string>> = pair): Promise<readonly Finding[]> => {
    const server = `address: 10.77.0.1\nhttps: { certificate: tls/a.pem, key: tls/a.key${more} }\n`
    using house = openHouse({ 'birnam.yaml': server, ...there })
    house.now = Date.now()
    return withoutLoaders(await findings(house, silent))
  }
  expect(await told('')).toEqual([])
  expect(await told(', name: glamis.test')).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('the certificate is not for glamis.test') as string },
  ])
  expect(await told('', {})).toMatchObject([
    { severity: 'error', message: expect.stringMatching(/tls\/a\.pem is not there$/) as string },
  ])
})

describe("GRUB's own parser reads every menu", () => {
  const asked: string[] = []
  const broken =
    (bad: RegExp): Validator =>
    (family, text) => {
      if (family !== 'grub') return Promise.resolve([])
      asked.push(text)
      return Promise.resolve(bad.test(text) ? [{ line: 3, message: 'syntax error' }] : [])
    }

  test('all at once while nothing is wrong, and one by one to find whose it is', async () => {
    expect(await check({}, broken(/never/))).toEqual([])
    expect(asked).toEqual([expect.stringMatching(/for duncan[^]*for macduff/)])
    const found = await check({}, broken(/for macduff/))
    expect(found).toEqual([expect.objectContaining({ severity: 'error', machine: 'macduff', message: 'syntax error' })])
  })

  test("the site's own ones with their line", async () => {
    const own = { 'files/grub2/grub.cfg-01-52-54-00-77-00-99': 'menuentry x {\n', 'files/grub.txt': 'menuentry x {\n' }
    const [finding, ...others] = await check(own, broken(/^menuentry/))
    expect(others).toEqual([])
    expect(finding).toMatchObject({ file: 'files/grub2/grub.cfg-01-52-54-00-77-00-99', line: 3 })
  })
})

test('an outside validator is asked once for all machines whose answers differ in what is their own alone', async () => {
  const machines = [1, 2, 3].map((n) => `  - { name: thane${n}, mac: "52:54:00:77:01:0${n}", profile: web }\n`).join('')
  const asked: string[] = []
  const validate: Validator = (family, text) => {
    if (family === 'preseed') asked.push(text)
    return Promise.resolve([])
  }
  const own =
    'd-i a/b string {{machine.name}} {{report.url}} {{base64 (concat machine.name " a script that is done and is long enough")}}\n'
  await check(
    {
      'fleet.yaml': `machines:\n${machines}profiles:\n  - { name: web, kind: install, distro: d, answer: answers/web.hbs }\ndistros:\n  - { name: d, family: debian, version: "13", kernel: boot/vmlinuz, initrd: [boot/initrd.gz] }\n`,
      'answers/web.hbs': own,
    },
    validate,
  )
  expect(asked).toHaveLength(1)
})
