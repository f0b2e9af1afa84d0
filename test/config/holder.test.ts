import { mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
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
  holder.onChange((site, problems) => told.push(`${site.machines.length} machines, ${problems.length} problems`))
  return { directory, holder, told }
}

test('a good edit replaces the site', () => {
  const { directory, holder, told } = held()
  const before = holder.current
  write(directory, 'fleet.yaml', named('duncan', 'banquo'))
  expect(holder.reload()).toEqual({ changed: true, problems: [] })
  expect([namesOf(holder), before.machines.length, told]).toEqual([['duncan', 'banquo'], 1, ['2 machines, 0 problems']])
})

test('a bad edit keeps the last good site and says so; mending it back changes nothing', () => {
  const { directory, holder, told } = held()
  const before = holder.current
  write(directory, 'fleet.yaml', 'machines:\n  - { serial: 1, nmae: x }\n')
  const { changed, problems } = holder.reload()
  expect([changed, problems.map(({ field }) => field)]).toEqual([false, ['machines[0].name', 'machines[0].nmae']])
  expect(holder.current).toBe(before)
  expect(holder.problems).toEqual(problems)
  write(directory, 'fleet.yaml', named('duncan'))
  expect(holder.reload()).toEqual({ changed: false, problems: [] })
  expect(told).toEqual(['1 machines, 2 problems', '1 machines, 0 problems'])
})

test('reading again without an edit tells nobody', () => {
  const { holder, told } = held()
  expect([holder.reload().changed, holder.reload().changed, told]).toEqual([false, false, []])
})

test('a file that is added or taken away is an edit', () => {
  const { directory, holder } = held()
  write(directory, 'more.yaml', named('banquo'))
  expect([holder.reload().changed, namesOf(holder)]).toEqual([true, ['duncan', 'banquo']])
  unlinkSync(join(directory, 'fleet.yaml'))
  expect([holder.reload().changed, namesOf(holder)]).toEqual([true, ['banquo']])
})

test('when the whole directory is gone, the last good site stays; when it comes back, it is read', () => {
  const { directory, holder } = held()
  rmSync(directory, { recursive: true })
  const { changed, problems } = holder.reload()
  expect([changed, problems[0]?.message, namesOf(holder)]).toEqual([
    false,
    'the site directory cannot be read: it is not there',
    ['duncan'],
  ])
  mkdirSync(directory)
  write(directory, 'fleet.yaml', named('banquo'))
  expect([holder.reload().changed, namesOf(holder)]).toEqual([true, ['banquo']])
})

test('a site that has never been good is refused at the start', () => {
  expect(() => new SiteHolder(siteOf({ 'fleet.yaml': 'machines: 5' }))).toThrow(
    expect.objectContaining({ code: 'config-invalid' }),
  )
})

test('who no longer listens is no longer told', () => {
  const { directory, holder } = held()
  const told: number[] = []
  const stop = holder.onChange((site) => told.push(site.machines.length))
  stop()
  write(directory, 'fleet.yaml', named('duncan', 'banquo'))
  holder.reload()
  expect(told).toEqual([])
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
