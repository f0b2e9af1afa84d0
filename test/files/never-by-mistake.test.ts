import { expect, test } from 'vitest'
import { closeLate, reinstall, withdraw } from '../../src/api/desk.ts'
import { takeReport } from '../../src/api/reports.ts'
import { advise } from '../../src/files/advise.ts'
import { files, mac, openHouse, own, type TestHouse } from '../house.ts'

const rom = { door: 'dhcp', asker: 'firmware', arch: 0, mac } as const
const peer = { address: own, port: 40_000 }

/** The machine's ROM asks for its address: the path of its session is in the offered name. */
function power(house: TestHouse): string {
  const { boot } = advise(house.house, rom, '10.77.0.1')
  return boot!.file.replace('pxelinux.0', '')
}

function fetchMenu(house: TestHouse, path: string, from: string = own): string {
  return house.text(`${path}pxelinux.cfg/01-52-54-00-77-00-01`, { from })
}

function tokenIn(menu: string): string {
  return /url=http:\/\/10\.77\.0\.1\/a\/(\S+)/.exec(menu)![1]!
}

async function armed(house: TestHouse): Promise<void> {
  await reinstall(house.house, 'duncan', { by: 'test' })
}

test('a machine without a permit is sent to its disk, at every name', () => {
  using house = openHouse()
  const path = power(house)
  for (const name of [
    `${path}pxelinux.cfg/01-52-54-00-77-00-01`,
    `${path}boot.ipxe`,
    `${path}grub.cfg`,
    'pxelinux.cfg/01-52-54-00-77-00-01',
    'boot.ipxe',
    'pxelinux.cfg/0A4D000B',
  ]) {
    expect(house.text(name), name).not.toMatch(/vmlinuz/)
  }
})

test('one permit installs once: claimed by its menu, used up by done', async () => {
  using house = openHouse()
  await armed(house)
  const menu = fetchMenu(house, power(house))
  expect(menu).toContain('KERNEL boot/vmlinuz')
  expect(house.house.permits.of('duncan')?.state).toBe('claimed')
  const token = tokenIn(menu)
  expect(house.text(`a/${token}`)).toContain('rootpw --iscrypted $6$salt$secret duncan')
  takeReport(house.house, token, { kind: 'done' }, peer)
  expect(house.house.permits.of('duncan')?.state).toBe('used')
  expect(house.ask(`a/${token}`)).toMatchObject({ kind: 'refused', status: 410 })
  house.now += 600_000
  expect(fetchMenu(house, power(house))).not.toContain('vmlinuz')
})

test('the same menu fetched twice by its own session is the same install; a second boot is not', async () => {
  using house = openHouse()
  await armed(house)
  const path = power(house)
  expect(fetchMenu(house, path)).toBe(fetchMenu(house, path))
  house.now += 60_000
  const again = power(house)
  expect(again).not.toBe(path)
  expect(fetchMenu(house, again)).toMatch(/claimed by boot session/)
  expect(fetchMenu(house, again)).not.toContain('vmlinuz')
})

test('names that can be guessed from the MAC hold neither an install nor a token', async () => {
  using house = openHouse()
  await armed(house)
  for (const name of [
    'pxelinux.cfg/01-52-54-00-77-00-01',
    'pxelinux.cfg/01-52-54-00-77-00-01'.toUpperCase().replace('PXELINUX.CFG', 'pxelinux.cfg'),
    'pxelinux.cfg/0A4D000B',
    'boot.ipxe',
    'grub/grub.cfg-01-52-54-00-77-00-01',
  ]) {
    const text = house.text(name)
    expect(text, name).not.toMatch(/vmlinuz|[0-9a-f]{12}-[0-9a-z]+-[0-9a-f]{20}\./)
  }
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
})

test('a stranger with the path of the session, but not the address, gets the disk, and an event is left', async () => {
  using house = openHouse()
  await armed(house)
  expect(fetchMenu(house, power(house), '10.77.0.66')).not.toContain('vmlinuz')
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
  expect(house.events()).toContainEqual({
    type: 'claim.refused',
    detail: { why: 'asked from a foreign address: 10.77.0.66, but duncan has 10.77.0.11', from: '10.77.0.66' },
  })
})

test.each([
  ['without a token', () => 'a/52-54-00-77-00-01', own, 403],
  ['by lease alone', () => 'a', own, 403],
  ['with a made-up token', (token: string) => `a/${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`, own, 403],
  ['from another address', (token: string) => `a/${token}`, '10.77.0.66', 403],
])('the install answer %s is refused, and an event is left', async (_, name, from, status) => {
  using house = openHouse()
  await armed(house)
  const token = tokenIn(fetchMenu(house, power(house)))
  expect(house.ask(name(token), { from })).toMatchObject({ kind: 'refused', status })
  const headers = { 'x-rhn-provisioning-mac-0': 'eth0 52:54:00:77:00:01' }
  expect(house.ask('a', { from, headers })).toMatchObject({ kind: 'refused', status: 403 })
  expect(house.events().some(({ type }) => type === 'answer.refused')).toBe(true)
  expect(house.text(`a/${token}`)).toContain('rootpw')
})

const uuid = '4c4c4544-0042-3510-8052-b4c04f4e3732'
const onTheWire = '44454c4c-4200-1035-8052-b4c04f4e3732'
const byUuid = files['fleet.yaml']!.replace('mac: "52:54:00:77:00:01", ip: 10.77.0.11', `uuid: ${uuid}`)

test.each([uuid, onTheWire])('a machine that is known by its UUID %s alone boots and installs as any other', (said) => {
  using house = openHouse({ 'fleet.yaml': byUuid })
  void armed(house)
  const path = advise(house.house, { ...rom, uuid: said }, '10.77.0.1').boot!.file.replace('pxelinux.0', '')
  const menu = fetchMenu(house, path)
  expect(menu).toContain('KERNEL boot/vmlinuz')
  expect(house.text(`a/${tokenIn(menu)}`)).toContain('duncan')
  takeReport(house.house, tokenIn(menu), { kind: 'done' }, peer)
  expect(house.house.permits.of('duncan')?.state).toBe('used')
})

test('a ROM that says another UUID, or none, is not taken for who it was before', () => {
  using house = openHouse({ 'fleet.yaml': byUuid })
  void armed(house)
  const path = advise(house.house, { ...rom, uuid }, '10.77.0.1').boot!.file.replace('pxelinux.0', '')
  expect(advise(house.house, rom, '10.77.0.1')).not.toHaveProperty('machine')
  expect(advise(house.house, { ...rom, uuid: uuid.replace('4', '5') }, '10.77.0.1')).not.toHaveProperty('machine')
  expect(fetchMenu(house, path)).not.toContain('vmlinuz')
})

test('a claim that cannot be written boots the disk, and an event is left', () => {
  using house = openHouse()
  void armed(house)
  house.house.permits.claim = () => {
    throw new Error('database or disk is full')
  }
  expect(fetchMenu(house, power(house))).not.toContain('vmlinuz')
  expect(house.events()).toContainEqual({
    type: 'claim.refused',
    detail: { why: 'database or disk is full', from: own },
  })
})

test('another session of the machine says nothing about the install', () => {
  using house = openHouse()
  void armed(house)
  fetchMenu(house, power(house))
  house.now += 30_000
  const path = power(house)
  const sent = { carrier: 'tftp', bytes: 6, milliseconds: 1, outcome: 'sent' } as const
  house.shelf.ended({ ...sent, name: `${path}boot/vmlinuz`, peer })
  expect(house.house.permits.of('duncan')?.lastSeen).toBeUndefined()
})

test('whoever spoofs the MAC while the machine installs is another boot session and gets nothing', async () => {
  using house = openHouse()
  await armed(house)
  const token = tokenIn(fetchMenu(house, power(house)))
  house.now += 30_000
  const spoofed = power(house)
  const menu = fetchMenu(house, spoofed)
  expect(menu).not.toContain('vmlinuz')
  const session = house.house.sessions.current(mac)!
  expect(house.ask(`a/${house.house.sessions.tokenOf(session)}`)).toMatchObject({ kind: 'refused', status: 403 })
  expect(house.text(`a/${token}`)).toContain('rootpw')
})

test('the answer is open for an hour after the claim', async () => {
  using house = openHouse()
  await armed(house)
  const token = tokenIn(fetchMenu(house, power(house)))
  house.now += 3_600_000
  expect(house.text(`a/${token}`)).toContain('rootpw')
  house.now += 1
  expect(house.ask(`a/${token}`)).toMatchObject({ kind: 'refused', status: 410 })
})

test('a withdrawn permit closes the answer at once', async () => {
  using house = openHouse()
  await armed(house)
  const token = tokenIn(fetchMenu(house, power(house)))
  withdraw(house.house, 'duncan', 'test')
  expect(house.ask(`a/${token}`)).toMatchObject({ kind: 'refused', status: 410 })
})

test('an install that never reports is failed after its time, with the last thing seen', async () => {
  using house = openHouse()
  await armed(house)
  const token = tokenIn(fetchMenu(house, power(house)))
  takeReport(house.house, token, { kind: 'progress', step: 'packages', percent: 40 }, peer)
  house.now += 100 * 3_600_000
  closeLate(house.house)
  expect(house.house.permits.of('duncan')).toMatchObject({
    state: 'failed',
    why: 'it did not say done in time; last seen: packages (40 %)',
  })
  expect(house.events().map(({ type }) => type)).toContain('install.failed')
})

test('reading the site again makes no permit', async () => {
  using house = openHouse()
  await house.replace({ ...house.house.registry.site })
  expect(house.house.permits.of('duncan')).toBeUndefined()
})

test('a broken answer is told with file, line and machine, and nothing half-written leaves', async () => {
  using house = openHouse({ 'answers/web.hbs': 'ok\nrootpw {{vars.missing}}\n' })
  await armed(house)
  const token = tokenIn(fetchMenu(house, power(house)))
  const finding = house.ask(`a/${token}`)
  expect(finding).toMatchObject({ kind: 'refused', status: 500 })
  expect((finding as { message: string }).message).toMatch(/answers\/web\.hbs:2: vars\.missing has no value.* duncan/)
})

test('a report needs a token that this server gave; a live machine may report from its own address', () => {
  using house = openHouse()
  house.leases.set(house.house.registry.named('macduff')!.macs[0]!, '10.77.0.12')
  expect(() => takeReport(house.house, '52-54-00-77-00-01', { kind: 'done' }, peer)).toThrow('needs the token')
  expect(() => takeReport(house.house, 'x.y', { kind: 'done' }, peer)).toThrow('no boot session')
  expect(() => takeReport(house.house, '52-54-00-77-00-02', { kind: 'done' }, peer)).toThrow('a foreign address')
  takeReport(house.house, '52-54-00-77-00-02', { kind: 'done' }, { address: '10.77.0.12', port: 1 })
  expect(house.events().filter(({ type }) => type === 'report.done')).toHaveLength(1)
})
