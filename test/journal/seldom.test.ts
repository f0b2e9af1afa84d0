import { expect, test } from 'vitest'
import { Seldom } from '../../src/journal/seldom.ts'

test('the first of a kind comes through, and then one in each period with the number of all', () => {
  const seldom = new Seldom(1000)
  expect([0, 1, 999, 1000, 1001].map((now) => seldom.pass('short', now))).toEqual([
    1,
    undefined,
    undefined,
    3,
    undefined,
  ])
  expect(seldom.pass('long', 1)).toBe(1)
})

test('a clock that is set back silences nothing', () => {
  const seldom = new Seldom(1000)
  seldom.pass('short', 3_600_000)
  expect(seldom.pass('short', 0)).toBe(1)
})
