import { expect, test } from 'vitest'
import { reinstall, withdraw } from '../../src/api/desk.ts'
import { takeReport } from '../../src/api/reports.ts'
import { mayPull } from '../../src/files/pull-right.ts'
import { advise } from '../../src/files/advise.ts'
import { parseMac } from '../../src/net/mac.ts'
import { mac, openHouse, own, type TestHouse } from '../house.ts'
import { openScene, type Scene } from './image-scene.ts'

const peer = { address: own, port: 40_000 }
const rom = { door: 'dhcp', asker: 'firmware', arch: 0, mac } as const

/** The steps of an install by an installer of its own, in their order; each is given while the permit holds. */
const steps = ['menu', 'kernel', 'initrd', 'answer', 'report'] as const

function ask(house: TestHouse, step: (typeof steps)[number], path: string): string {
  const token = (): string => house.house.sessions.tokenOf(house.house.sessions.current(mac)!)
  const asked = { menu: 'pxelinux.cfg/default', kernel: 'boot/vmlinuz', initrd: 'boot/initrd.gz' } as const
  if (step === 'report') {
    takeReport(house.house, token(), { kind: 'disks', names: 'serial:A' }, peer)
    return house.house.disks.known('duncan').includes('serial:A') ? 'given' : 'kept from it'
  }
  const found = house.ask(step === 'answer' ? `a/${token()}` : `${path}${asked[step]}`)
  if (found?.kind === 'bytes') return /KERNEL boot|rootpw/.test(found.bytes.toString()) ? 'given' : 'kept from it'
  return found?.kind === 'file' ? 'given' : 'kept from it'
}

test.each(steps)('withdrawn behind the %s, an install is given nothing more, whatever it asks for', async (last) => {
  using house = openHouse()
  await reinstall(house.house, 'duncan', { by: 'a test' })
  const path = advise(house.house, rom, '10.77.0.1').boot!.file.replace('pxelinux.0', '')
  for (const step of steps.slice(0, steps.indexOf(last) + 1)) expect(ask(house, step, path), step).toBe('given')
  house.house.disks.remember('duncan', ['serial:Z'], house.now)
  withdraw(house.house, 'duncan', 'a test')
  for (const step of steps) expect(ask(house, step, path), step).toBe('kept from it')
  expect(house.house.permits.of('duncan')?.state).toBe('withdrawn')
  await reinstall(house.house, 'duncan', { by: 'a test' })
  for (const step of steps) expect(ask(house, step, path), step).toBe('kept from it')
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
})

test('bytes that are on their way ask whether they may go on', async () => {
  using house = openHouse()
  await reinstall(house.house, 'duncan', { by: 'a test' })
  const path = advise(house.house, rom, '10.77.0.1').boot!.file.replace('pxelinux.0', '')
  const menu = house.ask(`${path}pxelinux.cfg/default`)
  const kernel = house.ask(`${path}boot/vmlinuz`)
  const goesOn = (): unknown[] => [menu, kernel].map((found) => found && 'mayGoOn' in found && found.mayGoOn?.())
  expect(goesOn()).toEqual([true, true])
  withdraw(house.house, 'duncan', 'a test')
  expect(goesOn()).toEqual([false, false])
})

/** What happens while the server waits for its image store. */
function meanwhile({ golden: { store } }: Scene, happens: () => void): void {
  const find = store.find.bind(store)
  let once = false
  Object.assign(store, {
    async find(...which: Parameters<typeof find>) {
      const version = await find(...which)
      if (!once) happens()
      once = true
      return version
    },
  })
}

const waiting = [
  'i/TOKEN',
  'w/TOKEN/LAYER/whiteouts',
  `w/TOKEN/sha256:${'0'.repeat(64)}/whiteouts`,
  'b/TOKEN/LAYER',
  `b/TOKEN/sha256:${'0'.repeat(64)}`,
  'b/TOKEN/waiting',
]

/** The answer to a machine in its install, while something happens. */
async function askedWhile(scene: Scene, url: string, happens: () => void): Promise<readonly [number, string]> {
  const token = await scene.boot()
  const version = await scene.golden.store.find({ name: 'porter' })
  const layer = version!.manifest.layers[0]!.digest
  meanwhile(scene, happens)
  const { statusCode, body } = await scene.get(`/${url.replace('TOKEN', token).replace('LAYER', layer)}`)
  return [statusCode, body]
}

test.each(waiting)('/%s: withdrawn while the image store was waited for, nothing of it is sent', async (url) => {
  await using scene = await openScene()
  const answer = await askedWhile(scene, url, () => withdraw(scene.house.house, 'duncan', 'a test'))
  expect(answer).toEqual([410, expect.stringMatching(/^permit \w+ is withdrawn\n$/)])
  const events = scene.house.events().map(({ type }) => type)
  expect(events).not.toContain('script.given')
  expect(events.indexOf('script.refused')).toBeLessThan(events.indexOf('permit.withdrawn'))
})

test.each(waiting)('/%s: its address became another card’s while the image store was waited for', async (url) => {
  await using scene = await openScene()
  const { leases } = scene.house
  const answer = await askedWhile(scene, url, () => {
    leases.clear()
    leases.set(parseMac('52:54:00:77:00:66'), own)
  })
  expect(answer).toEqual([403, expect.stringContaining(`${own} is that of card 52:54:00:77:00:66, not of duncan`)])
  expect(scene.house.events().map(({ type }) => type)).not.toContain('script.given')
})

test.each(['i', 'o', 'm'])('/%s/ of a withdrawn permit is shut, and so are its layers', async (door) => {
  await using scene = await openScene()
  const token = await scene.boot()
  expect(mayPull(scene.house.house, token, 'porter', peer)).toBe(true)
  expect((await scene.get(`/${door}/${token}`)).statusCode).toBe(200)
  withdraw(scene.house.house, 'duncan', 'a test')
  expect((await scene.get(`/${door}/${token}`)).statusCode).toBe(410)
  expect(mayPull(scene.house.house, token, 'porter', peer)).toBe(false)
})

test('a site that is edited while the image store is waited for arms nothing', async () => {
  await using scene = await openScene()
  const { store } = scene.golden
  const find = store.find.bind(store)
  Object.assign(store, {
    async find(...which: Parameters<typeof find>) {
      const { site } = scene.house.house.registry
      const machines = site.machines.map((machine) => ({ ...machine, macs: [] }))
      await scene.house.replace({ ...site, machines })
      return await find(...which)
    },
  })
  await expect(reinstall(scene.house.house, 'duncan', { by: 'a test' })).rejects.toThrow('the site was edited while')
  expect(scene.house.house.permits.of('duncan')).toBeUndefined()
})
