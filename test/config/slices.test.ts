import fc from 'fast-check'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { atOnce, byText, inPieces, oneByOne, sorting, type Slices } from '../../src/config/slices.ts'

test('sorted in pieces is sorted', () => {
  const pair = fc.tuple(fc.constantFrom('a', 'b', 'c', 'é'), fc.nat())
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 3000, size: 'max' }), (items) => {
      const compare = ([a]: readonly [string, number], [b]: readonly [string, number]): number => byText(a, b)
      expect(atOnce(sorting(items, compare))).toEqual(items.toSorted(compare))
    }),
    { numRuns: 30 },
  )
})

test('however many works there are, one of them has a stretch in each turn of the event loop', async () => {
  let turn = 0
  let ended = false
  const stretches: number[] = []
  const counting = async (): Promise<void> => {
    for (; !ended; turn++) await setImmediate()
  }
  function* work(): Slices<void> {
    for (let n = 0; n < 3; n++) {
      stretches.push(turn)
      for (const began = performance.now(); performance.now() - began < 6;);
      yield
    }
  }
  const turns = counting()
  await Promise.all(Array.from({ length: 4 }, () => inPieces(work())))
  ended = true
  await turns
  expect(new Set(stretches).size).toBe(stretches.length)
})

test('work that nobody waits for any more ends', async () => {
  const gone = new AbortController()
  let done = 0
  const work = inPieces(
    oneByOne(Array.from({ length: 1000 }), () => {
      if (++done === 3) gone.abort()
      for (const began = performance.now(); performance.now() - began < 6;);
    }),
    gone.signal,
  )
  await expect(work).rejects.toThrow('abort')
  expect(done).toBe(3)
})
