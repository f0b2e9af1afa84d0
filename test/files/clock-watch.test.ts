import { expect, test } from 'vitest'
import { ClockWatch } from '../../src/files/clock-watch.ts'

test('a clock that is set is noticed, whichever way, and one that is corrected slowly is not', () => {
  const watch = new ClockWatch()
  const looks = [
    watch.look(1_000_000, 0),
    watch.look(1_001_400, 1000),
    watch.look(12_002_400, 2000),
    watch.look(12_003_400, 3000),
    watch.look(1_004_400, 4000),
  ]
  expect(looks.map((event) => event?.detail?.['seconds'])).toEqual([undefined, undefined, 11_000, undefined, -11_000])
  expect(watch.leaps).toEqual([
    { at: 12_002_400, by: 11_000_000 },
    { at: 1_004_400, by: -11_000_000 },
  ])
})
