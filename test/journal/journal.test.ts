import { expect, test } from 'vitest'
import { Journal, type Event } from '../../src/journal/journal.ts'
import type { Mac } from '../../src/net/mac.ts'
import { MemoryEvents } from '../../src/store/memory/events.ts'

/** A store whose disk is full until somebody makes room. */
class FullDisk extends MemoryEvents {
  full = true

  override append(events: readonly Event[]): void {
    if (this.full) throw new Error('database or disk is full')
    super.append(events)
  }
}

test('a full disk is told once, holds nothing up, hides nothing, and nothing is lost when there is room again', () => {
  const store = new FullDisk()
  const told: unknown[] = []
  const journal = new Journal(store, { onError: (error) => told.push(error) })
  for (let at = 0; at < 1200; at++) journal.record({ at, type: 'menu.given', session: `s${at % 3}` })
  expect(journal.ofSession('s1')).toHaveLength(400)
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

test('what waits for a disk is read like the rest, behind it', () => {
  const store = new FullDisk()
  store.full = false
  const journal = new Journal(store)
  const [mac, session] = ['52:54:00:77:00:01' as Mac, '525400770001-lofa9s00-x']
  const told = (at: number): Event => ({ at, type: 'dhcp.discover', machine: 'duncan', mac, session })
  journal.record({ at: 1, type: 'permit.armed', machine: 'duncan' })
  journal.record(told(2))
  journal.flush()
  store.full = true
  journal.record(told(3))
  journal.record({ at: 4, type: 'dhcp.dropped', machine: 'duncan', mac })
  const times = (events: readonly Event[]): number[] => events.map(({ at }) => at)
  expect(times(journal.ofMachine('duncan', 3))).toEqual([4, 3, 2])
  expect(times(journal.ofSession(session))).toEqual([2, 3])
  expect(times(journal.since('duncan', session, 10))).toEqual([2, 3, 4])
  expect([journal.lastSession('duncan'), journal.lastSessionOf(mac)]).toEqual([session, session])
  expect(journal.failure).toBe('database or disk is full')
})

test('what waits for a disk is bounded in bytes too', () => {
  const store = new FullDisk()
  const journal = new Journal(store)
  const text = 'x'.repeat(50_000)
  for (let at = 0; at < 5000; at++) journal.record({ at, type: 'report.log', session: `s${at}`, detail: { text } })
  store.full = false
  journal.flush()
  const kept = Array.from({ length: 5000 }, (_, boot) => journal.ofSession(`s${boot}`)).filter((all) => all.length > 0)
  expect(kept.length * text.length).toBeLessThan(36 << 20)
  expect(kept.at(-1)).toMatchObject([{ at: 4999 }])
})
