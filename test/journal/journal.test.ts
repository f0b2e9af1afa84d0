import { expect, test } from 'vitest'
import { Journal, type Event } from '../../src/journal/journal.ts'
import { MemoryEvents } from '../../src/store/memory/events.ts'

/** A store whose disk is full until somebody makes room. */
class FullDisk extends MemoryEvents {
  full = true

  override append(events: readonly Event[]): void {
    if (this.full) throw new Error('database or disk is full')
    super.append(events)
  }
}

test('a full disk is told once, holds nothing up, and nothing is lost when there is room again', () => {
  const store = new FullDisk()
  const told: unknown[] = []
  const journal = new Journal(store, { onError: (error) => told.push(error) })
  for (let at = 0; at < 1200; at++) journal.record({ at, type: 'menu.given', session: `s${at % 3}` })
  expect(journal.ofSession('s1')).toEqual([])
  expect(told).toHaveLength(1)
  store.full = false
  expect(journal.ofSession('s1').map(({ at }) => at)).toEqual(Array.from({ length: 400 }, (_, at) => 3 * at + 1))
})

test('a store that cannot tidy up is told, and stops nothing', () => {
  class Untidy extends MemoryEvents {
    override trim(): void {
      throw new Error('database or disk is full')
    }
  }
  const told: unknown[] = []
  const journal = new Journal(new Untidy(), { onError: (error) => told.push(error) })
  for (let at = 0; at < 100_000; at++) journal.record({ at, type: 'menu.given', session: `s${at % 1000}` })
  journal.flush()
  expect(told).toHaveLength(1)
  expect(journal.ofSession('s1')).toHaveLength(100)
})

test('what anybody can make happen is one event in a second, with the number of all', () => {
  const journal = new Journal(new MemoryEvents())
  for (let at = 0; at <= 2000; at++) journal.recordSeldom({ at, type: 'answer.refused', session: 's1' }, '10.77.0.66')
  expect(journal.ofSession('s1').map(({ at, detail }) => [at, detail?.['count']])).toEqual([
    [0, undefined],
    [1000, 1000],
    [2000, 1000],
  ])
})

test('what waits for a disk is bounded: the oldest is given up first', () => {
  const store = new FullDisk()
  const journal = new Journal(store)
  for (let at = 0; at < 50_000; at++) {
    journal.record({ at, type: 'menu.given', session: `s${at % 1000}` })
    if (at % 5000 === 0) journal.flush()
  }
  journal.flush()
  store.full = false
  const kept = Array.from({ length: 1000 }, (_, boot) => journal.ofSession(`s${boot}`))
  expect(kept.map(({ length }) => length)).toEqual(kept.map(() => 20))
  expect(kept[999]?.at(-1)?.at).toBe(49_999)
})
