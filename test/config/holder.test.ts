import { mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { SiteHolder } from '../../src/config/holder.ts'
import { watchSite } from '../../src/config/watch.ts'
import { siteOf, write } from './fixture.ts'

const named = (...names: string[]) =>
  `machines:\n${names.map((name) => `  - { name: ${name}, serial: ${name} }\n`).join('')}`
const namesOf = (holder: SiteHolder) => holder.current.machines.map(({ name }) => name)

function held() {
  const directory = siteOf({ 'birnam.yaml': 'http: { port: 8080 }', 'fleet.yaml': named('duncan') })
  const holder = new SiteHolder(directory)
  const told: string[] = []
  holder.onChange((site, problems) => void told.push(`${site.machines.length} machines, ${problems.length} problems`))
  return { directory, holder, told }
}

test('a good edit replaces the site', async () => {
  const { directory, holder, told } = held()
  const before = holder.current
  write(directory, 'fleet.yaml', named('duncan', 'banquo'))
  expect(await holder.reload()).toEqual({ changed: true, problems: [] })
  expect([namesOf(holder), before.machines.length, told]).toEqual([['duncan', 'banquo'], 1, ['2 machines, 0 problems']])
})

test('a bad edit keeps the last good site and says so; mending it back changes nothing', async () => {
  const { directory, holder, told } = held()
  const before = holder.current
  write(directory, 'fleet.yaml', 'machines:\n  - { serial: 1, nmae: x }\n')
  const { changed, problems } = await holder.reload()
  expect([changed, problems.map(({ field }) => field)]).toEqual([false, ['machines[0].name', 'machines[0].nmae']])
  expect(holder.current).toBe(before)
  expect(holder.problems).toEqual(problems)
  write(directory, 'fleet.yaml', named('duncan'))
  expect(await holder.reload()).toEqual({ changed: false, problems: [] })
  expect(told).toEqual(['1 machines, 2 problems', '1 machines, 0 problems'])
})

test('reading again without an edit tells nobody', async () => {
  const { holder, told } = held()
  expect([(await holder.reload()).changed, (await holder.reload()).changed, told]).toEqual([false, false, []])
})

test('a file that is added or taken away is an edit', async () => {
  const { directory, holder } = held()
  write(directory, 'more.yaml', named('banquo'))
  expect([(await holder.reload()).changed, namesOf(holder)]).toEqual([true, ['duncan', 'banquo']])
  unlinkSync(join(directory, 'fleet.yaml'))
  expect([(await holder.reload()).changed, namesOf(holder)]).toEqual([true, ['banquo']])
})

test('when the whole directory is gone, the last good site stays; when it comes back, it is read', async () => {
  const { directory, holder } = held()
  rmSync(directory, { recursive: true })
  const { changed, problems } = await holder.reload()
  expect([changed, problems[0]?.message, namesOf(holder)]).toEqual([
    false,
    'the site directory cannot be read: it is not there',
    ['duncan'],
  ])
  mkdirSync(directory)
  write(directory, 'fleet.yaml', named('banquo'))
  expect([(await holder.reload()).changed, namesOf(holder)]).toEqual([true, ['banquo']])
})

test('a site that has never been good is refused at the start', () => {
  expect(() => new SiteHolder(siteOf({ 'fleet.yaml': 'machines: 5' }))).toThrow(
    expect.objectContaining({ code: 'config-invalid' }),
  )
})

test('who no longer listens is no longer told', async () => {
  const { directory, holder } = held()
  const told: number[] = []
  const stop = holder.onChange((site) => void told.push(site.machines.length))
  stop()
  write(directory, 'fleet.yaml', named('duncan', 'banquo'))
  await holder.reload()
  expect(told).toEqual([])
})

test('a large fleet is read in pieces: others are served in between, and until it is whole the old site is in use', async () => {
  const { directory, holder } = held()
  const fleet = Array.from({ length: 20_000 }, (_, at) => `m${at}`)
  write(directory, 'fleet.yaml', named(...fleet))
  const seen = new Set<number>()
  const running = { turns: 0, over: false }
  const done = holder.reload().finally(() => (running.over = true))
  while (!running.over) {
    await setImmediate()
    running.turns++
    seen.add(holder.current.machines.length)
  }
  expect((await done).changed).toBe(true)
  expect(running.turns).toBeGreaterThan(50)
  expect([...seen]).toEqual([1, fleet.length])
})

test('who asks to read while a reading runs gets one that began later, and two who wait share it', async () => {
  const { directory, holder, told } = held()
  write(directory, 'fleet.yaml', named('duncan', 'banquo'))
  const first = holder.reload()
  await setImmediate()
  write(directory, 'fleet.yaml', named('duncan', 'banquo', 'macbeth'))
  const [second, third] = [holder.reload(), holder.reload()]
  expect(third).toBe(second)
  expect((await second).problems).toEqual([])
  expect([(await first).problems, namesOf(holder)]).toEqual([[], ['duncan', 'banquo', 'macbeth']])
  expect(told.at(-1)).toBe('3 machines, 0 problems')
})

test('a server that stops gives up the reading that runs', async () => {
  const { directory, holder } = held()
  write(directory, 'fleet.yaml', named(...Array.from({ length: 5000 }, (_, at) => `m${at}`)))
  const reading = holder.reload()
  await setImmediate()
  await Promise.all([expect(reading).rejects.toThrow('aborted'), holder.close()])
  expect(namesOf(holder)).toEqual(['duncan'])
})

test('a listener that fails is told to who asked, and the next edit is read all the same', async () => {
  const { directory, holder } = held()
  const stop = holder.onChange(() => Promise.reject(new Error('no room')))
  write(directory, 'fleet.yaml', named('banquo'))
  await expect(holder.reload()).rejects.toThrow('no room')
  stop()
  write(directory, 'fleet.yaml', named('macbeth'))
  expect((await holder.reload()).changed).toBe(true)
})

function watched(poll: number) {
  const directory = siteOf({ 'fleet.yaml': named('duncan') })
  const holder = new SiteHolder(directory)
  const watch = watchSite(directory, () => void holder.reload(), { quiet: 20, poll })
  onTestFinished(() => watch.close())
  const settled = (...names: string[]) =>
    vi.waitFor(() => expect(namesOf(holder)).toEqual(names), { timeout: 20_000, interval: 20 })
  return { directory, settled, holder }
}

test('an edit is applied without a restart, written in place or renamed over the old file', async () => {
  const { directory, settled } = watched(600_000)
  write(directory, 'fleet.yaml', named('banquo'))
  await settled('banquo')
  write(directory, '.fleet.yaml.swp', named('macbeth'))
  renameSync(join(directory, '.fleet.yaml.swp'), join(directory, 'fleet.yaml'))
  await settled('macbeth')
  write(directory, 'fleet.yaml', named('malcolm'))
  await settled('malcolm')
})

test('where no event comes, the next look finds the edit: the directory was replaced', async () => {
  const { directory, settled, holder } = watched(30)
  renameSync(directory, `${directory}-old`)
  onTestFinished(() => rmSync(`${directory}-old`, { recursive: true, force: true }))
  await vi.waitFor(() => expect(holder.problems.length).toBe(1), { timeout: 20_000 })
  mkdirSync(directory)
  write(directory, 'fleet.yaml', named('banquo'))
  await settled('banquo')
  write(directory, 'fleet.yaml', named('macbeth'))
  await settled('macbeth')
})

test('a directory that cannot be watched is no error', () => {
  const watch = watchSite('/nowhere/at/all', () => {}, { poll: 1 })
  watch.close()
  watch.close()
})
