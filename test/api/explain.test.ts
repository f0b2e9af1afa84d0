import { describe, expect, test } from 'vitest'
import { forecastLines } from '../../src/app/forecast.ts'
import { asIfArmed } from '../../src/api/scene.ts'
import { explain, type Forecast } from '../../src/api/explain.ts'
import { firmwares, type FirmwareName } from '../../src/api/firmware.ts'
import type { Client } from '../../src/boot/client.ts'
import { Desk, replyTo } from '../../src/dhcp/desk.ts'
import { discoverOf } from '../../src/dhcp/forecast.ts'
import { LeaseBook } from '../../src/dhcp/lease.ts'
import { readRequest } from '../../src/dhcp/request.ts'
import { summary } from '../../src/dhcp/summary.ts'
import { advise } from '../../src/files/advise.ts'
import { Shelf } from '../../src/files/shelf.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'
import { arm, files, openHouse, own, type TestHouse } from '../house.ts'

const dhcp = `address: 10.77.0.1
dhcp:
  mode: server
  interfaces: [lab-br]
  subnets: [{ cidr: 10.77.0.0/24, range: 10.77.0.100-10.77.0.199, router: 10.77.0.1 }]
`
/** No package brings these. */
const loaders = { 'files/grubriscv64.efi': 'MZ', 'files/grubloongarch64.efi': 'MZ' }
const names = Object.keys(firmwares) as FirmwareName[]
const macduff = '10.77.0.12'

function openServing(change: Readonly<Record<string, string>> = {}): TestHouse & { readonly book: LeaseBook } {
  const site = { 'birnam.yaml': dhcp, ...loaders, ...change }
  return Object.assign(openHouse(site), { book: new LeaseBook(new MemoryLeases()) })
}

type Serving = ReturnType<typeof openServing>

function forecastOf(serving: Serving, name: string, firmware: FirmwareName, armed = false): Promise<Forecast> {
  const machine = serving.house.registry.named(name)!
  const house = armed ? asIfArmed(serving.house, machine) : serving.house
  return explain(house, new Shelf(house), (at, client) => forecastLines(at, serving.book, client), machine, firmware)
}

function clientOf(serving: Serving, name: string, firmware: FirmwareName): Client {
  const kind: { readonly asker: Client['asker']; readonly arch?: number } = firmwares[firmware]
  const { macs, uuid } = serving.house.registry.named(name)!
  return { door: 'dhcp', ...kind, mac: macs[0]!, ...(uuid !== undefined && { uuid }) }
}

const anySession = (text: string): string => text.replaceAll(/s\/[0-9a-z]+-[0-9a-z]+-[0-9a-f]{20}\//g, 's/…/')

/** What a client of that firmware is really sent when it asks, as lines; a boot begins. */
function reallyOffered(serving: Serving, client: Client): readonly string[] {
  const desk = new Desk(
    serving.house.registry.site.server.dhcp,
    {
      leases: serving.book,
      serverAddressFor: () => '10.77.0.1',
      advisor: {
        advise: (asking, server) => advise(serving.house, asking, server),
        isReserved: (address) => serving.house.registry.at(address) !== undefined,
      },
    },
    serving.now,
  )
  const request = readRequest(discoverOf(client)!)
  const decision = typeof request === 'string' ? request : desk.decide(request, 'lab-br', serving.now)
  return typeof decision === 'string' ? [decision] : summary(replyTo(decision)!)
}

describe('the forecast is what is served', () => {
  test.each(names)('%s: the DHCP reply', async (firmware) => {
    using serving = openServing()
    for (const name of ['duncan', 'macduff']) {
      const told = (await forecastOf(serving, name, firmware)).dhcp.map(anySession)
      expect(told.length).toBeGreaterThan(3)
      expect(told).toEqual(reallyOffered(serving, clientOf(serving, name, firmware)).map(anySession))
    }
  })

  test.each(names)('%s: each name of a live boot is found or not as it was told, with its size', async (firmware) => {
    using serving = openServing()
    playsOut(serving, await forecastOf(serving, 'macduff', firmware), 'macduff', firmware, macduff)
  })

  test.each(names)('%s: each name of a local boot', async (firmware) => {
    using serving = openServing()
    playsOut(serving, await forecastOf(serving, 'duncan', firmware), 'duncan', firmware, own)
  })

  test.each(names.filter((name) => name !== 'xen'))('%s: each name of an install, and its answer', async (firmware) => {
    using serving = openServing()
    arm(serving)
    const forecast = await forecastOf(serving, 'duncan', firmware)
    expect([forecast.plan.do, serving.house.permits.of('duncan')?.state]).toEqual(['install', 'armed'])
    const { menu } = playsOut(serving, forecast, 'duncan', firmware, own)
    expect(serving.house.permits.of('duncan')?.state).toBe('claimed')
    const token = /\/a\/([^\s&"']+)/.exec(menu)![1]!
    // The report URL holds the session, and its token is hidden.
    const scrubbed = (text = ''): string => text.replaceAll(/\/r\/\S+/g, '/r/…')
    expect(scrubbed(forecast.answer)).toBe(scrubbed(serving.text(`a/${token}`)).replace('$6$salt$secret', '(hidden)'))
  })
})

/** Asks for every name of the forecast, in its order, in the boot that really begins now. */
function playsOut(
  serving: Serving,
  forecast: Forecast,
  name: string,
  firmware: FirmwareName,
  from: string,
): { readonly menu: string } {
  const client = clientOf(serving, name, firmware)
  advise(serving.house, client, '10.77.0.1')
  const session = client.asker === 'os' ? undefined : serving.house.sessions.current(client.mac!)
  let menu = ''
  const served = forecast.names.map(({ name: asked }) => {
    const path = asked
      .replace(/^http:\/\/10\.77\.0\.1\//, '')
      .replace(/^s\/[^/]+\//, session ? `s/${session.id}/` : 'no session/')
    const finding = serving.ask(path, { from, carrier: asked.startsWith('http') ? 'http' : 'tftp' })
    if (finding?.kind === 'bytes') menu = finding.bytes.toString()
    if (finding?.kind === 'file') return { name: asked, found: true, bytes: finding.size }
    return finding?.kind === 'bytes'
      ? { name: asked, found: true, bytes: finding.bytes.length }
      : { name: asked, found: false }
  })
  expect(served.length).toBeGreaterThan(0)
  expect(served).toEqual(forecast.names.map(({ why: _, ...line }) => line))
  return { menu }
}

test('each firmware asks for its own names in its own order, hit or miss', async () => {
  using serving = openServing()
  const asked = async (firmware: FirmwareName): Promise<string[]> =>
    (await forecastOf(serving, 'macduff', firmware)).names.map(
      ({ name, found }) => `${found ? '' : 'no '}${anySession(name)}`,
    )
  const boot = ['s/…/boot/vmlinuz', 's/…/boot/initrd.gz']
  expect(await asked('bios')).toEqual([
    expect.stringMatching(/^(no )?s\/…\/pxelinux\.0$/),
    expect.stringMatching(/^(no )?s\/…\/ldlinux\.c32$/),
    's/…/pxelinux.cfg/01-52-54-00-77-00-02',
    ...boot,
  ])
  expect(await asked('bios-ipxe')).toEqual(['s/…/boot.ipxe', ...boot])
  expect(await asked('uefi-ipxe')).toEqual(['s/…/boot.ipxe', ...boot])
  // Whether there is a shim here or not.
  const grub = (await asked('uefi')).filter((name) => !/(shim|revocations)\S*$/.test(name))
  expect(grub).toEqual([
    expect.stringMatching(/^(no )?s\/…\/grubx64\.efi$/),
    ...['command', 'fs', 'crypto', 'terminal'].map((list) => `no grub/x86_64-efi/${list}.lst`),
    'grub/grub.cfg',
    's/…/grub.cfg',
    ...boot,
  ])
  expect((await asked('uefi-http')).slice(1)).toEqual(['s/…/boot.ipxe', ...boot])
  expect(await asked('xen')).toEqual(['pxelinux.cfg/01-52-54-00-77-00-02', 'boot/vmlinuz', 'boot/initrd.gz'])
})

test('a machine with a UUID is asked for by it first: as its ROM said it, and until then in either byte order', async () => {
  const fleet = files['fleet.yaml']!.replace('serial: SN-7', 'uuid: 78563412-3412-3412-1234-525400770001')
  using serving = openServing({ 'fleet.yaml': fleet })
  const [as, turned] = ['78563412-3412-3412-1234-525400770001', '12345678-1234-1234-1234-525400770001']
  const menus = async (): Promise<unknown[]> =>
    (await forecastOf(serving, 'macduff', 'bios')).names
      .filter(({ name }) => name.includes('pxelinux.cfg'))
      .map(({ name, why }) => [anySession(name), why])
  expect(await menus()).toEqual([[`s/…/pxelinux.cfg/${as}`, `or ${turned}: its firmware was not heard yet`]])
  advise(serving.house, { ...clientOf(serving, 'macduff', 'bios'), uuid: turned }, '10.77.0.1')
  expect(await menus()).toEqual([[`s/…/pxelinux.cfg/${turned}`, undefined]])
})

describe('a machine that is known by its UUID alone', () => {
  const fleet = files['fleet.yaml']!.replace('mac: "52:54:00:77:00:02", ip: 10.77.0.12', 'ip: 10.77.0.12').replace(
    'serial: SN-7',
    'uuid: 78563412-3412-3412-1234-525400770001',
  )

  test.each(names.filter((name) => name !== 'xen'))('%s: is forecast as its ROM will say it', async (firmware) => {
    using serving = openServing({ 'fleet.yaml': fleet })
    const {
      assumed,
      plan,
      profile,
      dhcp: reply,
      answer,
      names: asked,
      problems,
    } = await forecastOf(serving, 'macduff', firmware)
    expect([plan.do, profile, answer, problems]).toEqual(['live', 'probe', 'I am macduff\n', []])
    expect(assumed).toMatch(/^no MAC is known before it boots: 02:00:00:00:00:00 stands for it here/)
    expect(reply.join('\n')).toContain('10.77.0.12')
    expect(asked.slice(-2).map(({ name, found }) => [anySession(name), found])).toEqual([
      ['s/…/boot/vmlinuz', true],
      ['s/…/boot/initrd.gz', true],
    ])
  })

  test('is a stranger to what tells no UUID, and that is said', async () => {
    using serving = openServing({ 'fleet.yaml': fleet })
    const why =
      'macduff boots as a stranger: a client of this kind tells no UUID, and the site has no MAC address of it'
    await expect(forecastOf(serving, 'macduff', 'xen')).rejects.toThrow(why)
  })
})

test('a kernel that is not there is a miss, and the sizes of the others are told', async () => {
  using serving = openServing({ 'fleet.yaml': files['fleet.yaml']!.replaceAll('boot/initrd.gz', 'boot/none') })
  const [kernel, initrd] = (await forecastOf(serving, 'macduff', 'xen')).names.slice(-2)
  expect([kernel, initrd]).toEqual([
    { name: 'boot/vmlinuz', found: true, bytes: 6 },
    { name: 'boot/none', found: false, why: 'put it into the site as boot/none' },
  ])
})

test('every value is told with the noun that had the last word on it, and where that is written', async () => {
  using serving = openServing({
    'birnam.yaml': `${dhcp}vars: { ntp: pool, role: thane, domain: scone }\n`,
    'fleet.yaml': `${files['fleet.yaml']!.replace('serial: SN-7', 'vars: { role: king }').replace('name: probe,', 'name: probe, vars: { role: witch, colour: green },')}
groups:
  - { name: scots, machines: ["mac*"], vars: { domain: fife, colour: red } }
`,
  })
  const { vars } = await forecastOf(serving, 'macduff', 'bios')
  expect(vars.map(({ name, value, from, file, line }) => [name, value, from, `${file}:${line}`])).toEqual([
    ['colour', 'green', 'profile probe', 'fleet.yaml:7'],
    ['domain', 'fife', 'group scots', 'fleet.yaml:10'],
    ['ntp', 'pool', 'site', expect.stringMatching(/^birnam\.yaml/)],
    ['role', 'king', 'machine macduff', 'fleet.yaml:4'],
  ])
})

test('what does not render is a problem with its place, and the rest is told all the same', async () => {
  using serving = openServing({ 'answers/probe.hbs': 'line\n{{vars.nothing}}\n' })
  const { problems, answer, menu, dhcp: reply } = await forecastOf(serving, 'macduff', 'bios')
  expect(problems).toEqual([expect.stringMatching(/^answers\/probe\.hbs:2: .*vars\.nothing has no value/)])
  expect([answer, menu, reply.length > 0]).toEqual([undefined, expect.stringContaining('probe='), true])
})

test('looking changes nothing: no session begins, no permit is claimed, nothing is recorded', async () => {
  using serving = openServing()
  arm(serving)
  for (const firmware of names) for (const name of ['duncan', 'macduff']) await forecastOf(serving, name, firmware)
  expect(serving.house.sessions.current(serving.house.registry.named('duncan')!.macs[0]!)).toBeUndefined()
  expect(serving.house.permits.of('duncan')?.state).toBe('armed')
  expect(serving.events()).toEqual([])
  expect(serving.book.list()).toEqual([])
})

test('a secret on the kernel line is hidden there, in the menu and in the answer', async () => {
  const fleet = files['fleet.yaml']!.replace('serial: SN-7', 'vars: { luks: dunsinane }').replace(
    'probe={{answer.url}}',
    'probe={{answer.url}} key={{vars.luks}}',
  )
  using serving = openServing({ 'fleet.yaml': fleet, 'answers/probe.hbs': 'key {{vars.luks}}\n' })
  for (const firmware of names) {
    const forecast = await forecastOf(serving, 'macduff', firmware)
    expect([forecast.kernel, forecast.answer]).toEqual([expect.stringContaining('key=(hidden)'), 'key (hidden)\n'])
    expect(JSON.stringify(forecast)).not.toContain('dunsinane')
  }
})

test('as if armed: the install is shown, and there is no permit', async () => {
  using serving = openServing()
  const forecast = await forecastOf(serving, 'duncan', 'bios', true)
  expect([forecast.plan.do, forecast.kernel]).toEqual([
    'install',
    expect.stringMatching(/^boot\/vmlinuz BOOTIF=01-52-54-00-77-00-01 url=\S+\/a\/\S+\.\(hidden\)$/),
  ])
  expect(serving.house.permits.of('duncan')).toBeUndefined()
})

test('UEFI is told over IPv6, too, where the site says so; a BIOS is not', async () => {
  const birnam = 'address: 10.77.0.1\ndhcp6: { interfaces: [nowhere], subnets: [{ cidr: "fd77::/64" }] }\n'
  using serving = openServing({ 'birnam.yaml': birnam })
  const told = (await forecastOf(serving, 'macduff', 'uefi')).dhcp.map((line) => line.replace(/s\/[^/]+/, 's/…'))
  expect(told).toEqual([
    'over IPv6: REPLY to 52:54:00:77:00:02',
    '5 address: fd77::5254:77:2',
    expect.stringMatching(/^59 boot file URL: tftp:\/\/\[fd77::1\]\/s\/…\/(shim|grub)x64\.efi$/),
  ])
  expect((await forecastOf(serving, 'macduff', 'bios')).dhcp).toEqual([])
})

test('all that an installer of several files reads is told, and what is empty is not', async () => {
  const fleet = `
machines: [{ name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: noble }]
profiles: [{ name: noble, kind: install, distro: noble, answer: answers/noble.hbs }]
distros: [{ name: noble, family: ubuntu, version: "24.04", kernel: boot/vmlinuz, initrd: [boot/initrd.gz] }]
`
  using serving = openServing({
    'fleet.yaml': fleet,
    'answers/noble.hbs': '#cloud-config\nautoinstall: { version: 1 }\n',
    'answers/vendor-data.hbs': '#cloud-config\nhostname: {{machine.name}}\n',
  })
  const { answer, parts, problems } = await forecastOf(serving, 'duncan', 'uefi', true)
  expect(problems).toEqual([])
  expect(answer).toContain('autoinstall')
  expect(parts).toEqual([
    { name: 'meta-data', text: expect.stringContaining('duncan') },
    { name: 'vendor-data', text: '#cloud-config\nhostname: duncan\n' },
  ])
})

test('firmware for which there is no loader is told so, and is offered none', async () => {
  using serving = Object.assign(openHouse({ 'birnam.yaml': dhcp }), { book: new LeaseBook(new MemoryLeases()) })
  const { dhcp: reply, names: asked, problems } = await forecastOf(serving, 'macduff', 'uefi-loong64')
  expect([reply.some((line) => line.startsWith('67 ')), asked]).toEqual([false, []])
  expect(problems).toContain('this server has no loader for its architecture, LoongArch 64-bit UEFI (option 93: 39)')
})
