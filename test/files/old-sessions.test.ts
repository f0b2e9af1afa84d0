import { afterEach, beforeEach, expect, test } from 'vitest'
import { reinstall, withdraw } from '../../src/api/desk.ts'
import { takeReport } from '../../src/api/reports.ts'
import { advise } from '../../src/files/advise.ts'
import { files, mac, openHouse, own, type TestHouse } from '../house.ts'

const rom = { door: 'dhcp', asker: 'firmware', arch: 0, mac } as const
const peer = { address: own, port: 40_000 }
const secret = '$6$salt$secret'
const minute = 60_000

let house: TestHouse
beforeEach(() => {
  const menus = '  - { name: first, kind: menu, entries: [web, probe], timeout: 20 }\n'
  house = openHouse({ 'fleet.yaml': files['fleet.yaml']!.replace('profile: web', 'profile: first') + menus })
})
afterEach(() => house[Symbol.dispose]())

function power(): string {
  return advise(house.house, rom, '10.77.0.1').boot!.file.replace('pxelinux.0', '')
}

const menu = (path: string, from = own): string => house.text(`${path}pxelinux.cfg/default`, { from })
const chooses = (path: string, entry: string): string => house.text(`${path}choose/${entry}/pxelinux.cfg`)
const arm = async (): Promise<unknown> => reinstall(house.house, 'duncan', { by: 'a test', to: 'web' })
const state = (): string | undefined => house.house.permits.of('duncan')?.state
const token = (): string => house.house.sessions.tokenOf(house.house.sessions.current(mac)!)

function fetches(path: string, from = own): void {
  const sent = { carrier: 'tftp', bytes: 6, milliseconds: 1, outcome: 'sent' } as const
  house.shelf.ended({ ...sent, name: `${path}boot/vmlinuz`, peer: { ...peer, address: from } })
}

/** Nothing that a machine, or who knows the name and token of its boot, can ask for claims the permit. */
function expectNothing(path: string, key: string): void {
  for (const name of ['pxelinux.cfg/default', 'boot.ipxe', 'grub.cfg', 'choose/web/boot.ipxe', 'choose/web/grub.cfg'])
    expect(house.text(`${path}${name}`), name).not.toMatch(/vmlinuz|url=/)
  expect(house.ask(`a/${key}`)).toMatchObject({ kind: 'refused' })
  expect(state()).toBe('armed')
  expect(house.events().some(({ type }) => type === 'claim.refused')).toBe(true)
}

test('a boot that was installed claims no later permit', async () => {
  await arm()
  const path = power()
  expect(menu(path)).toContain('vmlinuz')
  const key = token()
  takeReport(house.house, key, { kind: 'done' }, peer)
  house.now += minute
  await arm()
  expectNothing(path, key)
})

test('a boot whose permit was withdrawn, before or behind its kernel, claims no later one', async () => {
  await arm()
  const path = power()
  expect(menu(path)).toContain('vmlinuz')
  withdraw(house.house, 'duncan', 'a test')
  house.now += minute
  await arm()
  expectNothing(path, token())
})

test.each([
  ['boots its disk', (path: string) => void chooses(path, 'local')],
  ['has the kernel of a live system', (path: string) => (chooses(path, 'probe'), fetches(path))],
  ['has the answer of a live system', (path: string) => (chooses(path, 'probe'), void house.text(`a/${token()}`))],
  [
    'has reported',
    (path: string) => (
      chooses(path, 'probe'),
      takeReport(house.house, token(), { kind: 'progress', step: 'up' }, peer)
    ),
  ],
  ['was silent for more than an hour', (path: string) => (menu(path), void (house.now += 61 * minute))],
])('a boot that %s claims no permit that is made later', async (_, did) => {
  const path = power()
  const key = token()
  did(path)
  house.now += minute
  await arm()
  expectNothing(path, key)
})

test('nor one that began after the permit and went on without it, and whose permit was left armed', async () => {
  await arm()
  house.now += minute
  const path = power()
  fetches(path)
  expectNothing(path, token())
})

test('nor one whose machine has begun another boot since', async () => {
  await arm()
  house.now += minute
  const path = power()
  const key = token()
  fetches(path)
  house.now += minute
  const next = power()
  expect(next).not.toBe(path)
  expectNothing(path, key)
  expect(menu(next)).toContain('vmlinuz')
})

test('a machine that waits at its menu, or for somebody to allow it, goes on as soon as it may', async () => {
  const path = power()
  menu(path)
  expect(chooses(path, 'web')).toContain('Nothing is wiped until somebody says')
  house.now += 50 * minute
  expect(chooses(path, 'web')).toContain('Nothing is wiped until somebody says')
  house.now += 50 * minute
  await arm()
  expect(chooses(path, 'web')).toContain('vmlinuz')
  expect(state()).toBe('claimed')
})

test('a machine that was switched on a moment before somebody allowed its install is on its way to its menu', async () => {
  const path = power()
  house.now += 10_000
  await arm()
  expect(menu(path)).toContain('vmlinuz')
})

test('a stranger who knows the name of a boot moves nobody on', async () => {
  const path = power()
  await arm()
  menu(path, '10.77.0.66')
  chooses(path, 'web')
  fetches(path, '10.77.0.66')
  expect(menu(path)).toContain('vmlinuz')
})

test('a HEAD says what a GET would be, and claims, chooses and tells nothing', async () => {
  await arm()
  const path = power()
  const before = house.events().length
  const head = house.text(`${path}boot.ipxe`, { head: true })
  expect(house.ask(`${path}choose/web/boot.ipxe`, { head: true })).toMatchObject({ kind: 'bytes' })
  expect(house.ask(`${path}boot.ipxe`, { head: true, from: '10.77.0.66' })).toMatchObject({ kind: 'bytes' })
  expect(state()).toBe('armed')
  expect(house.events()).toHaveLength(before)
  expect(house.text(`${path}boot.ipxe`)).toBe(head)
  expect(state()).toBe('claimed')
})

test('a HEAD of an answer is refused as a GET is', () => {
  expect(house.ask('a/52-54-00-77-00-01', { head: true })).toMatchObject({ kind: 'refused' })
  expect(JSON.stringify(house.ask('a', { head: true }))).not.toContain(secret)
})
