import { expect, test } from 'vitest'
import { takeReport, type Report } from '../../src/api/reports.ts'
import { advise } from '../../src/files/advise.ts'
import { knownAddress, whyForeign } from '../../src/files/own-address.ts'
import { readDigest } from '../../src/image/digest.ts'
import { mayPull } from '../../src/files/pull-right.ts'
import { updateToken } from '../../src/files/update-token.ts'
import { parseMac, type Mac } from '../../src/net/mac.ts'
import { arm as allow, mac, openHouse, own, type TestHouse } from '../house.ts'

const own6 = 'fd77::5254:77:1'

/** A house in which duncan may be installed and has an address of each family. */
function openArmed(): ArmedHouse {
  const house = openHouse()
  house.leases6.set(mac, own6)
  return arm(house)
}

type ArmedHouse = TestHouse & { readonly path: string }

function arm(house: TestHouse): ArmedHouse {
  allow(house)
  const first = advise(house.house, { door: 'dhcp', asker: 'firmware', arch: 7, mac }, 'fd77::1').boot!.file
  return Object.assign(house, { path: first.replace(/[^/]*$/, '') })
}

const answerIn = (menu: string): string => /url=http:\/\/[^/]+\/(a\/\S+?)'/.exec(menu)![1]!
const tokenIn = (menu: string): string => answerIn(menu).slice(2)

test('the install menu is given over IPv6 to the address that the machine was given there, and the answer to its IPv4 one', () => {
  using house = openArmed()
  const menu = house.text(`${house.path}grub.cfg`, { from: own6 })
  expect(menu).toContain('duncan: install')
  expect(house.text(answerIn(menu), { from: own })).toContain('$6$salt$secret')
  expect(house.text(answerIn(menu), { from: own6 })).toContain('$6$salt$secret')
})

test('a foreign address of either family gets the disk, and no answer', () => {
  using house = openArmed()
  expect(house.text(`${house.path}grub.cfg`, { from: 'fd77::bad' })).toContain('duncan: local')
  expect(house.text(`${house.path}grub.cfg`, { from: '10.77.0.66' })).toContain('duncan: local')
  const menu = house.text(`${house.path}grub.cfg`, { from: own6 })
  for (const from of ['fd77::bad', '10.77.0.66'])
    expect(house.ask(answerIn(menu), { from })).toMatchObject({ kind: 'refused', status: 403 })
})

test('a machine without IPv4 is told IPv6 URLs', () => {
  const fleet =
    'machines: [{ name: duncan, mac: "52:54:00:77:00:01", ip6: "fd77::11", profile: probe }]\n' +
    'profiles: [{ name: probe, kind: live, kernel: boot/vmlinuz, args: "probe={{answer.url}}", answer: answers/probe.hbs }]\n'
  using house = openHouse({ 'fleet.yaml': fleet })
  house.leases.clear()
  house.house.reach = (client) => (client?.startsWith('fd77:') ? 'fd77::1' : '10.77.0.1')
  const file = advise(house.house, { door: 'dhcp', asker: 'ipxe', arch: 7, mac }, 'fd77::1').boot!.file
  expect(file).toMatch(/^http:\/\/\[fd77::1\]\/s\/.*\/boot\.ipxe$/)
  const menu = house.text(new URL(file).pathname.slice(1), { from: 'fd77::11' })
  expect(menu).toContain('probe=http://[fd77::1]/a/')
})

test('an iPXE that came over IPv6 fetches its kernel there, though the system that it boots has IPv4', () => {
  using house = openArmed()
  house.house.reach = (client) => (client?.startsWith('fd77:') ? 'fd77::1' : '10.77.0.1')
  const menu = house.text(`${house.path}boot.ipxe`, { from: own6 })
  expect(menu).toContain(`kernel http://[fd77::1]/${house.path}boot/vmlinuz`)
  expect(menu).toContain('url=http://10.77.0.1/a/')
})

const second = parseMac('52:54:00:77:00:0b')
const foreign = parseMac('02:66:66:66:66:66')
const fleet = `
machines:
  - { name: duncan, mac: ["52:54:00:77:00:01", "52:54:00:77:00:0b"], profile: web, vars: { hash: $6$salt$secret } }
  - { name: macduff, mac: "52:54:00:77:00:02", ip: 10.77.0.12, profile: probe }
profiles:
  - { name: web, kind: install, kernel: boot/vmlinuz, args: "url={{answer.url}}", answer: answers/web.hbs }
  - { name: probe, kind: live, kernel: boot/vmlinuz, args: "probe={{answer.url}}", answer: answers/probe.hbs }
`

/** Duncan has two cards and no `ip:`, and nobody has leased anything. */
function openTwoCards(change: Readonly<Record<string, string>> = {}): ArmedHouse {
  const house = openHouse({ 'fleet.yaml': fleet, ...change })
  house.leases.clear()
  return arm(house)
}

const menuFrom = (house: ArmedHouse, from: string): string => house.text(`${house.path}grub.cfg`, { from })

test('where nothing is known of an address it is not the machine: no menu, no answer, and a sentence says what to do', () => {
  using house = openTwoCards()
  expect(menuFrom(house, '10.77.0.13')).toContain('duncan: local')
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
  const why =
    'asked from an unknown address: this server has no lease for 10.77.0.13, and sees no card there; give duncan ip:, or let this server lease it its address'
  expect(house.events()).toContainEqual({ type: 'claim.refused', detail: { why, from: '10.77.0.13' } })
  expect(menuFrom(house, 'fd77::13')).toContain('give duncan ip6:')
})

test.each(['10.77.0.11', 'fd77::11'])('what the site names is the machine’s own: %s', (from) => {
  using house = openTwoCards({ 'fleet.yaml': fleet.replace('0b"]', '0b"], ip: 10.77.0.11, ip6: "fd77::11"') })
  for (const foreignOne of ['10.77.0.12', 'fd77::12']) expect(menuFrom(house, foreignOne)).toContain('duncan: local')
  expect(menuFrom(house, from)).toContain('duncan: install')
})

test('beside another DHCP server the kernel tells whose card is at the address', () => {
  using house = openTwoCards()
  house.seen.set('10.77.0.66', foreign).set('10.77.0.13', mac)
  expect(menuFrom(house, '10.77.0.66')).toContain(
    'asked from a foreign address: 10.77.0.66 is that of card 02:66:66:66:66:66, not of duncan',
  )
  const menu = menuFrom(house, '10.77.0.13')
  expect(menu).toContain('duncan: install')
  expect(house.house.permits.of('duncan')).toMatchObject({ state: 'claimed', address: '10.77.0.13' })
  expect(house.ask(answerIn(menu), { from: '10.77.0.66' })).toMatchObject({ kind: 'refused', status: 403 })
  expect(house.text(answerIn(menu), { from: '10.77.0.13' })).toContain('$6$salt$secret')
})

test('over IPv6 the kernel is asked as well', () => {
  using house = openTwoCards()
  house.seen.set('fd77::66', foreign).set('fd77::13', mac)
  expect(menuFrom(house, 'fd77::66')).toContain('duncan: local')
  expect(menuFrom(house, 'fd77::13')).toContain('duncan: install')
})

test.each([
  ['leased to', (house: TestHouse) => house.leases.set(second, '10.77.0.14')],
  ['seen at', (house: TestHouse) => house.seen.set('10.77.0.14', second)],
])('a machine boots by one card and installs by the other: the answer goes to the address %s that one', (_, give) => {
  using house = openTwoCards()
  house.leases.set(mac, '10.77.0.13')
  const menu = menuFrom(house, '10.77.0.13')
  expect(house.ask(answerIn(menu), { from: '10.77.0.14' })).toMatchObject({ kind: 'refused', status: 403 })
  give(house)
  expect(house.text(answerIn(menu), { from: '10.77.0.14' })).toContain('$6$salt$secret')
  takeReport(house.house, tokenIn(menu), { kind: 'done' }, { address: '10.77.0.14', port: 1 })
  expect(house.house.permits.of('duncan')?.state).toBe('used')
})

test.each([
  ['the site names', { 'fleet.yaml': fleet.replace('0b"]', '0b"], ip: 10.77.0.13') }],
  ['its boot claimed', {}],
])('an address that %s is not the machine’s while another card has it on lease', (_, change) => {
  using house = openTwoCards(change)
  house.seen.set('10.77.0.13', mac)
  const menu = menuFrom(house, '10.77.0.13')
  house.leases.set(foreign, '10.77.0.13')
  expect(house.ask(answerIn(menu), { from: '10.77.0.13' })).toMatchObject({ kind: 'refused', status: 403 })
  house.leases.clear()
  house.seen.clear()
  expect(house.text(answerIn(menu), { from: '10.77.0.13' })).toContain('$6$salt$secret')
})

test('what a boot has claimed is its own after a restart, though leases of IPv6 are forgotten; nobody else’s is', () => {
  using house = openTwoCards()
  house.leases6.set(mac, own6)
  const menu = menuFrom(house, own6)
  house.restart()
  expect(menuFrom(house, own6)).toContain('duncan: install')
  expect(menuFrom(house, '10.77.0.66')).toContain('duncan: local')
  expect(house.text(answerIn(menu), { from: own6 })).toContain('$6$salt$secret')
  for (const from of ['10.77.0.66', 'fd77::66'])
    expect(house.ask(answerIn(menu), { from })).toMatchObject({ kind: 'refused', status: 403 })
  house.now += 60_000
  const machine = house.house.registry.named('duncan')
  const session = house.house.sessions.arriving(mac, house.now, house.house.permits.of('duncan'))
  expect(whyForeign(house.house, { machine, session }, own6)).toMatch(/unknown address/)
})

test.each(['started', 'log', 'disks', 'done', 'failed'] as const)(
  'a report %s from a foreign address is refused and changes nothing, and an event is left',
  (kind) => {
    using house = openTwoCards()
    house.seen.set('10.77.0.13', mac).set('10.77.0.66', foreign)
    const token = tokenIn(menuFrom(house, '10.77.0.13'))
    const said = { started: {}, log: { text: 'x' }, disks: { names: 'serial:X' }, done: {}, failed: { why: 'x' } }[kind]
    const before = house.house.permits.of('duncan')
    const send = (address: string): void =>
      takeReport(house.house, token, { kind, ...said } as Report, { address, port: 1 })
    expect(() => send('10.77.0.66')).toThrow('this report is refused: asked from a foreign address')
    expect(house.house.permits.of('duncan')).toEqual(before)
    expect(house.house.disks.known('duncan')).toEqual([])
    expect(house.events()).toContainEqual({
      type: 'report.refused',
      detail: { kind, why: expect.stringContaining('not of duncan') as string, from: '10.77.0.66' },
    })
    send('10.77.0.13')
    expect(house.house.permits.of('duncan')).not.toEqual(before)
  },
)

test('at a console chooses who speaks from an address of the machine', () => {
  using house = openTwoCards({
    'fleet.yaml':
      fleet.replace('profile: web', 'profile: all') + '  - { name: all, kind: menu, entries: [web, probe] }\n',
  })
  house.house.permits.end('duncan', 'withdraw', house.now)
  house.seen.set('10.77.0.13', mac).set('10.77.0.66', foreign)
  for (const from of ['10.77.0.66', '10.77.0.67'])
    expect(house.ask(`${house.path}choose/probe/grub.cfg`, { from }), from).toBeUndefined()
  expect(house.house.sessions.current(mac)?.chosen).toBeUndefined()
  expect(house.events().filter(({ type }) => type === 'choice.refused')).toHaveLength(2)
  expect(house.text(`${house.path}choose/probe/grub.cfg`, { from: '10.77.0.13' })).toContain('duncan: live')
})

test('an update token pulls its image from an address of its machine, and from no other', () => {
  using house = openTwoCards()
  const digest = readDigest(`sha256:${'0'.repeat(64)}`)!
  const until = house.now + 1000
  const right = { machine: 'duncan', image: 'porter:2', digest, address: '10.77.0.13', until }
  const token = updateToken(house.house.sessions, right)
  const may = (address: string): boolean => mayPull(house.house, token, 'porter', { address, port: 1 })
  expect(may('10.77.0.13')).toBe(false)
  house.seen.set('10.77.0.13', mac).set('10.77.0.14', second).set('10.77.0.66', foreign)
  expect(['10.77.0.13', '10.77.0.14', '10.77.0.66', '10.77.0.67'].map(may)).toEqual([true, true, false, false])
  expect(mayPull(house.house, token, 'banquo', { address: '10.77.0.13', port: 1 })).toBe(false)
  house.now = until + 1
  expect(may('10.77.0.13')).toBe(false)
})

test('a machine is where the lease of the asking card says, else of another of its cards, else where the site says', () => {
  using house = openTwoCards({ 'fleet.yaml': fleet.replace('0b"]', '0b"], ip: 10.77.0.11') })
  const duncan = house.house.registry.named('duncan')
  const known = (card?: Mac): string | undefined => knownAddress(house.house, duncan, card)
  expect([known(), known(second)]).toEqual(['10.77.0.11', '10.77.0.11'])
  house.leases.set(mac, '10.77.0.13')
  expect([known(), known(second)]).toEqual(['10.77.0.13', '10.77.0.13'])
  house.leases.set(second, '10.77.0.14')
  expect([known(), known(second)]).toEqual(['10.77.0.13', '10.77.0.14'])
})
