import { expect, test } from 'vitest'
import { Allowances } from '../../src/journal/allowance.ts'
import { Journal, type Event } from '../../src/journal/journal.ts'
import { MemoryEvents } from '../../src/store/memory/events.ts'

const small = { rows: 3, bytes: 1000, period: 86_400_000 }

function journal(): Journal {
  return new Journal(new MemoryEvents(), {}, { boot: new Allowances(small) })
}

function told(kept: readonly Event[]): unknown[] {
  return kept.map(({ type, detail }) => [type, ...(detail ? [detail] : [])])
}

test('a boot tells so many events of a kind; that more is not kept is said once, and the rest is counted', () => {
  const story = journal()
  for (let at = 0; at < 100; at++) story.record({ at, type: 'file.missing', machine: 'duncan', session: 's1' })
  story.record({ at: 100, type: 'report.done', machine: 'duncan', session: 's1' })
  expect(told(story.ofSession('s1'))).toEqual([
    ['file.missing'],
    ['file.missing'],
    ['file.missing'],
    [
      'journal.full',
      { of: 'file.missing', why: 'the journal keeps 3 events of a kind, or 1000 bytes, of one boot in a day' },
    ],
    ['report.done', { unkept: 97 }],
  ])
  expect(story.counters).toEqual({ kept: 5, unkept: 97 })
})

test('so many bytes of a kind are kept: a machine that sends its whole log fills no disk, and its `done` is heard', () => {
  const story = journal()
  const log = { at: 0, type: 'report.log', session: 's1', detail: { text: 'x'.repeat(600) } }
  for (let at = 0; at < 50; at++) story.record(log)
  story.record({ at: 1, type: 'report.done', session: 's1' })
  expect(story.ofSession('s1').map(({ type }) => type)).toEqual(['report.log', 'journal.full', 'report.done'])
})

test('control characters count as they are written', () => {
  const story = journal()
  for (let at = 0; at < 2; at++)
    story.record({ at, type: 'report.log', session: 's1', detail: { text: '\0'.repeat(100) } })
  expect(story.ofSession('s1').map(({ type }) => type)).toEqual(['report.log', 'journal.full'])
})

test('one machine that talks too much silences no other, nor its own next boot', () => {
  const story = journal()
  for (let at = 0; at < 10; at++) story.record({ at, type: 'menu.given', machine: 'duncan', session: 's1' })
  story.record({ at: 11, type: 'menu.given', machine: 'duncan', session: 's2' })
  story.record({ at: 12, type: 'menu.given', machine: 'macduff', session: 's3' })
  expect([story.ofSession('s2').length, story.ofSession('s3').length]).toEqual([1, 1])
})

test('without a session it is the machine’s allowance, and a live machine that runs for weeks has a new one each day', () => {
  const story = journal()
  const day = 86_400_000
  for (let at = 0; at < 10; at++) story.record({ at, type: 'report.log', machine: 'macduff' })
  story.record({ at: day, type: 'report.log', machine: 'macduff' })
  expect(told(story.ofMachine('macduff', 10))[0]).toEqual(['report.log', { unkept: 7 }])
})

test('what the server tells of itself has no allowance', () => {
  const kept: Event[] = []
  const story = new Journal(
    new MemoryEvents(),
    { onEvent: (event) => kept.push(event) },
    { boot: new Allowances(small) },
  )
  for (let at = 0; at < 10; at++) story.record({ at, type: 'site.changed' })
  expect(kept).toHaveLength(10)
})

test('a clock that is set back opens a new allowance and silences nobody for ever', () => {
  const allowances = new Allowances(small)
  for (let n = 0; n < 5; n++) allowances.take('s1', 'x', 1, 10 * small.period)
  expect(allowances.take('s1', 'x', 1, 0)).toEqual({ kept: true, before: 2 })
})

test('allowances themselves are bounded', () => {
  const allowances = new Allowances(small, 100)
  for (let n = 0; n < 10_000; n++) allowances.take(`s${n}`, 'x', 1, 0)
  expect(allowances.size).toBe(100)
})

test('a machine that begins boot after boot keeps no more of a kind than it may in an hour', () => {
  const hour = new Allowances({ rows: 100, bytes: 3000, period: 3600_000 })
  const store = new MemoryEvents()
  const story = new Journal(store, {}, { hour })
  const log = (at: number, boot: number): Event => ({
    at,
    type: 'report.log',
    machine: 'duncan',
    session: `s${boot}`,
    detail: { text: 'x'.repeat(900) },
  })
  for (let boot = 0; boot < 50; boot++) story.record(log(boot, boot))
  story.record({ at: 50, type: 'report.done', machine: 'duncan', session: 's49' })
  expect(story.ofMachine('duncan', 100).map(({ type }) => type)).toEqual([
    'report.done',
    'journal.full',
    'report.log',
    'report.log',
    'report.log',
  ])
  story.record(log(3600_001, 51))
  expect(story.ofMachine('duncan', 2)).toMatchObject([{ type: 'report.log' }, { detail: { unkept: 47 } }])
})
