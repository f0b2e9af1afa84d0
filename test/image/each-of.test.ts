import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eachOf } from '../../src/image/each-of.ts'

test.each([1, 3, 100])('with %s at a time, all are worked on, in order, and never more together', async (most) => {
  let [going, seen] = [0, 0]
  const made = await eachOf([5, 4, 3, 2, 1, 0], most, async (item) => {
    seen = Math.max(seen, (going += 1))
    for (let turns = 0; turns < item; turns++) await turn()
    going -= 1
    return item * 2
  })
  expect([made, seen]).toEqual([[10, 8, 6, 4, 2, 0], Math.min(most, 6)])
})

test('nothing takes nothing, and the first failure is the failure', async () => {
  expect(await eachOf([], 4, () => Promise.reject(new Error('never asked')))).toEqual([])
  await expect(eachOf([1, 2], 1, (item) => Promise.reject(new Error(`no ${item}`)))).rejects.toThrow('no 1')
})
