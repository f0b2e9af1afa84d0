import { expect, test } from 'vitest'
import { Clock, type ClockStore, type SetBack } from '../../src/machine/clock.ts'

const minute = 60_000
const hour = 60 * minute

class MemoryClock implements ClockStore {
  kept: { latest: number; era: number } | undefined

  load(): { latest: number; era: number } | undefined {
    return this.kept
  }

  save(latest: number, era: number): void {
    this.kept = { latest, era }
  }
}

/** A clock over one that the test sets, and a steady one that it moves. */
function openClock(store = new MemoryClock()) {
  const time = { system: 1000 * hour, steady: 0 }
  const clock = new Clock(
    store,
    () => time.system,
    () => time.steady,
  )
  const seen: SetBack[] = []
  clock.onSetBack((setBack) => seen.push(setBack))
  return { clock, time, seen, store }
}

test('set back by less than an hour it never goes back, and goes slower until the other has caught up', () => {
  const { clock, time, seen } = openClock()
  const begin = clock.now()
  time.system -= 30 * minute
  expect(clock.now()).toBe(begin)
  time.system += 20 * minute
  time.steady += 20 * minute
  expect(clock.now()).toBe(begin + 10 * minute)
  time.system += hour
  time.steady += hour
  expect(clock.now()).toBe(time.system)
  expect(seen).toEqual([])
})

test('set back by more, it is told once, and a new era begins', () => {
  const { clock, time, seen } = openClock()
  const from = clock.now()
  time.system -= 23 * hour
  expect([clock.now(), clock.now()]).toEqual([time.system, time.system])
  expect(seen).toEqual([{ from, to: time.system }])
})

test('it is seen after a restart, too, and its era is remembered', () => {
  const first = openClock()
  first.clock.keep()
  const second = openClock(first.store)
  second.time.system -= 23 * hour
  second.clock.now()
  second.clock.keep()
  expect(second.seen).toHaveLength(1)
  const third = openClock(first.store)
  third.time.system = second.time.system
  expect([third.clock.now(), third.clock.era, third.seen.length]).toEqual([third.time.system, 1, 0])
})
