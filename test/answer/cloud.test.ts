import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { familyOf } from '../../src/answer/families.ts'
import { readWebhook } from '../../src/answer/webhook.ts'
import { openHouse } from '../house.ts'
import { openPlace } from '../lab/place.ts'
import { fewVars, fullVars, installs, renderFor, scriptsIn } from './shipped.ts'

const ubuntu = familyOf({ family: 'ubuntu' })
const cloud = familyOf({ family: 'cloud' })
const origin = { file: 'f', line: 1 }
const distro = { name: 'd', family: 'ubuntu', kernel: 'k', initrd: [], args: '', origin } as const
const answer = { url: 'http://10.77.0.1/a/t' }

test('Ubuntu is told of its ISO, of the answer with a slash at its end, and not to fetch the ISO as settings', () => {
  const tree = 'http://10.77.0.1/u.iso'
  expect(ubuntu.installArgs({ ...distro, version: '24.04', tree }, { answer })).toEqual([
    'ip=dhcp',
    'url=http://10.77.0.1/u.iso',
    'cloud-config-url=/dev/null',
    'autoinstall',
    'ds=nocloud;s=http://10.77.0.1/a/t/',
  ])
  expect(ubuntu.installArgs({ ...distro, version: '22.04' }, { answer })).toEqual([
    'autoinstall',
    'ds=nocloud-net;s=http://10.77.0.1/a/t/',
  ])
  expect(ubuntu.liveArgs!({ ...distro, version: '24.04' }, { answer })).not.toContain('autoinstall')
  expect(cloud.installArgs({ ...distro, version: '22.4' }, {})).toEqual([])
})

const good = `#cloud-config
autoinstall:
  version: 1
  identity: { hostname: a, username: b, password: "$6$x$y" }
  storage: { layout: { name: lvm } }
  late-commands: ["curl -d kind=done http://10.77.0.1/r/t"]
`

test.each([
  ['autoinstall:\n', 1, 'the first line must be #cloud-config, or cloud-init takes no notice of the rest'],
  ['#cloud-config\n', 1, 'nothing stands in it: a map of settings is needed'],
  ['#cloud-config\nhostname: a\n', 1, 'there is no autoinstall: the installer would ask its questions'],
  [good.replace('version: 1', 'version: 2'), 3, 'autoinstall needs version: 1'],
  [`${good}  late-comands: []\n`, 7, 'autoinstall knows no late-comands'],
  [`${good}  early-commands: [[1]]\n`, 7, 'a command of early-commands is a text or a list of texts; quote it'],
  [`${good}  early-commands: echo\n`, 7, 'early-commands must be a list'],
  [good.replace('"$6$x$y"', 'secret'), 4, 'password holds a password in clear text: use a hash (mkpasswd -m sha-512)'],
  [good.replace(/ {2}identity.*\n/, ''), 2, 'neither identity nor user-data is given: the installer stops'],
  [good.replace(/ {2}storage.*\n/, ''), 2, 'no disk is chosen: the installer takes the largest one and wipes it'],
  [good.replace(/ {2}late.*\n/, ''), 2, 'nothing tells this server of the end: the permit would run out'],
  [
    `${good}  user-data:\n    users:\n      - { name: a, passwd: hello }\n`,
    9,
    'passwd holds a password in clear text: use a hash (mkpasswd -m sha-512)',
  ],
  [`${good}  ssh: { install-server: false }\n`, 7, 'no SSH server is installed: set install-server: true'],
])('autoinstall %j is wrong in line %d: %s', (text, line, message) => {
  expect(ubuntu.check(good, '24.04')).toEqual([])
  expect(ubuntu.check(text, '24.04')).toMatchObject([{ line, message }])
})

test('a YAML mistake is told with its line', () => {
  const [problem] = ubuntu.check(`${good}  packages: [a\n`, '24.04')
  expect(problem).toMatchObject({ severity: 'error', message: expect.stringMatching(/^no YAML: /) as string })
  expect(problem!.line).toBeGreaterThanOrEqual(7)
})

test('cloud-config with a password in clear text is refused, wherever it stands; scripts are let pass', () => {
  for (const text of [
    'password: x',
    'chpasswd: { list: "root:x" }',
    'chpasswd: { users: [{ name: a, password: x, type: text }] }',
  ])
    expect(cloud.check(`#cloud-config\n${text}\n`, '24')).toMatchObject([{ line: 2, severity: 'error' }])
  expect(cloud.check('#cloud-config\nchpasswd: { list: "root:$6$a$b" }\n', '24')).toEqual([])
  expect(cloud.check('#!/bin/sh\n', '24')).toEqual([])
})

test.each([
  '',
  '#cloud-config\n'.repeat(1000),
  `#cloud-config\n${'['.repeat(100_000)}`,
  `#cloud-config\n${'a: &a [*a]\n'.repeat(99)}`,
  '#cloud-config\n\0',
  'x'.repeat(1 << 20),
])('a hostile document ends in a list of problems', (text) => {
  for (const family of [ubuntu, cloud]) expect(family.check(text, 'x').length).toBeGreaterThan(0)
})

const rendered = (vars: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  (parse(renderFor(installs[7], vars)) as { autoinstall: Record<string, unknown> }).autoinstall

test('the last late-command of the shipped autoinstall says done, and nothing else does', () => {
  const commands = rendered(fullVars)['late-commands'] as string[]
  const done = commands.map((command) => scriptsIn(command).some((script) => /^birnam_report done$/m.test(script)))
  expect(done).toEqual([false, false, false, true])
})

test('without static the network is asked by MAC; with it, addresses stand there', () => {
  expect(rendered(fewVars)['network']).toMatchObject({
    ethernets: { birnam: { match: { macaddress: '52:54:00:77:00:01' }, dhcp4: true, 'dhcp-identifier': 'mac' } },
  })
  expect(rendered(fullVars)['network']).toMatchObject({
    ethernets: { birnam: { addresses: ['10.77.0.11/24'], routes: [{ via: '10.77.0.1' }] } },
  })
})

test.each([
  ['one disk', ['vda'], 0, '/dev/vda'],
  ['two disks', ['vda', 'vdb'], 1, '@disk@'],
  ['no disk', [], 1, '@disk@'],
])('the early command of Ubuntu with %s', async (_, disks, code, written) => {
  await using place = await openPlace()
  const at = (name: string): string => join(place.path, name)
  for (const disk of ['loop0', 'sr0', ...disks]) {
    mkdirSync(at(`block/${disk}`), { recursive: true })
    for (const [file, value] of [
      ['removable', 0],
      ['ro', 0],
      ['size', 9],
    ] as const)
      writeFileSync(at(`block/${disk}/${file}`), `${value}\n`)
  }
  mkdirSync(at('block'), { recursive: true })
  mkdirSync(at('bin'))
  writeFileSync(at('bin/curl'), `#!/bin/sh\necho "$*" >> ${at('reports')}\n`)
  chmodSync(at('bin/curl'), 0o755)
  writeFileSync(at('autoinstall.yaml'), 'match: {path: "@disk@"}\n')
  const script = scriptsIn((rendered(fewVars)['early-commands'] as string[])[0]!)[0]!
    .replaceAll('/sys/block', at('block'))
    .replaceAll('/autoinstall.yaml', at('autoinstall.yaml'))
    // What is asked of a device that is not here.
    .replace('[ -b "$1" ]', 'true')
  const { status } = spawnSync('sh', ['-c', script], { env: { PATH: `${at('bin')}:${process.env['PATH']}` } })
  expect(status).toBe(code)
  expect(readFileSync(at('autoinstall.yaml'), 'utf8')).toBe(`match: {path: "${written}"}\n`)
  expect(execFileSync('cat', [at('reports')], { encoding: 'utf8' })).toMatch(
    code === 0
      ? /kind=started[^]*kind=progress&step=disk\+\/dev\/vda\+is\+chosen/
      : /kind=started[^]*kind=failed&why=vars.disk/,
  )
})

test.each([
  ['start', 'subiquity/Install/install/curtin_install', undefined, 'subiquity/Install/install/curtin_install'],
  ['finish', 'subiquity/Late/run', 'FAIL', 'subiquity/Late/run ended with FAIL'],
])('of the events of the installer, %s of %s is told', (type, name, result, step) => {
  const body = { name, event_type: type, origin: 'curtin', description: 'echo c2VjcmV0', timestamp: 1, result }
  expect(readWebhook(body)).toEqual({ kind: 'progress', step })
})

test('most events are noise, odd names are dropped, and a report of ours is no event', () => {
  const body = { event_type: 'start', origin: 'curtin', description: '' }
  for (const name of ['subiquity/Meta/status_GET', 'subiquity/Install/a/b/c', 'subiquity/Install/\u001b[2J'])
    expect(readWebhook({ ...body, name })).toBe('nothing')
  for (const other of [undefined, null, [], 'x', { kind: 'done' }, { ...body, name: 7 }])
    expect(readWebhook(other)).toBeUndefined()
})

const fleet = (family: string): string => `
machines: [{ name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: p }]
profiles: [{ name: p, kind: live, distro: d, answer: answers/${family} }]
distros: [{ name: d, family: ${family}, version: 24.04, kernel: boot/vmlinuz }]
`

test('a file of its name beside the answer takes the place of what is shipped, and no other name is given', () => {
  using house = openHouse({
    'fleet.yaml': fleet('cloud'),
    'answers/cloud': '#cloud-config\n',
    'answers/vendor-data.hbs': '#cloud-config\n# {{machine.name}}\n',
    'answers/secret.hbs': 'hidden',
  })
  const name = 'a/52-54-00-77-00-01'
  expect(house.text(name)).toBe('#cloud-config\n')
  expect(house.text(`${name}/user-data`)).toBe('#cloud-config\n')
  expect(house.text(`${name}/vendor-data`)).toBe('#cloud-config\n# duncan\n')
  expect(house.text(`${name}/meta-data`)).toBe('instance-id: "birnam-duncan"\nlocal-hostname: "duncan"\n')
  for (const odd of ['secret', 'toString', '../cloud', 'user-data/x', '__proto__'])
    expect(house.text(`${name}/${odd}`)).not.toContain('hidden')
  expect(house.ask(`${name}/secret`)).toMatchObject({ kind: 'refused', status: 404 })
})

test('a menu with ds= is for metal under its boot session; at a name that pypxeboot asks for it is refused', () => {
  using house = openHouse({ 'fleet.yaml': fleet('cloud'), 'answers/cloud': '#cloud-config\n' })
  const session = house.house.sessions.arriving(house.house.registry.named('duncan')!.macs[0]!, house.now)
  const path = `s/${session.id}/`
  expect(house.text(`${path}pxelinux.cfg/default`)).toMatch(/ ds=nocloud;s=http:\/\/10\.77\.0\.1\/a\/\S+\/$/m)
  expect(house.text(`${path}boot.ipxe`)).toMatch(/ ds=nocloud;s=http:\/\/10\.77\.0\.1\/a\/\S+\/ \|\|/)
  expect(house.text(`${path}grub.cfg`)).toMatch(/ 'ds=nocloud;s=http:\/\/10\.77\.0\.1\/a\/\S+\/'$/m)
  expect(house.ask('pxelinux.cfg/01-52-54-00-77-00-01')).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('holds a second =, of which pypxeboot dies') as string,
  })
})

test('a live profile never tells an installer where an answer is', () => {
  using house = openHouse({ 'fleet.yaml': fleet('debian'), 'answers/debian': 'x' })
  const session = house.house.sessions.arriving(house.house.registry.named('duncan')!.macs[0]!, house.now)
  expect(house.text(`s/${session.id}/pxelinux.cfg/default`)).not.toContain('url=')
})
