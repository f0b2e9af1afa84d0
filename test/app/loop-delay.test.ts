import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doors, openServed, type Served } from './worst-input.ts'

/** In milliseconds: how often the loop's turn is looked at, so an idle loop's longest turn is about that. */
const resolution = 10
/** How many times as long the longest turn may be. */
const most = 5

/** The longest turn of the loop while that is done. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  const turns = monitorEventLoopDelay({ resolution })
  turns.enable()
  // Seen is what comes between two looks.
  await sleep(2 * resolution)
  await work()
  await sleep(2 * resolution)
  turns.disable()
  return turns.max
}

/** A loop that does nothing long: short turns, so that a machine which is busy with others delays it as it does the server. */
async function idle(milliseconds: number): Promise<void> {
  const until = performance.now() + milliseconds
  while (performance.now() < until) {
    const began = performance.now()
    while (performance.now() - began < 1);
    await turn()
  }
}

/** The longest turn while it works as a ratio to that of the idle loop just before: the best of a few rounds, of which the first only warms up. */
async function ratioOf(work: () => Promise<unknown>): Promise<number> {
  let best = Infinity
  let took = 0
  for (let round = 0; round < 8 && best >= most; round++) {
    const alone = await longestTurn(() => idle(Math.min(Math.max(200, took), 1000)))
    const began = performance.now()
    const working = await longestTurn(work)
    took = performance.now() - began
    if (round > 0) best = Math.min(best, working / alone)
  }
  return best
}

test('a turn that is too long is seen', async () => {
  const alone = await longestTurn(() => idle(200))
  const working = await longestTurn(async () => {
    const began = performance.now()
    while (performance.now() - began < (2 * most * alone) / 1e6);
    await turn()
  })
  expect(working / alone).toBeGreaterThan(most)
})

describe('the worst that a stranger sends keeps nobody else waiting', () => {
  let served: Served
  beforeAll(async () => void (served = await openServed()))
  afterAll(() => served[Symbol.asyncDispose]())

  test.each(doors)('%s', { timeout: 120_000 }, async (_, feedOf, among) => {
    const feed = feedOf(served)
    expect(await feed(), 'what is let in').toContain(among)
    expect(await ratioOf(feed)).toBeLessThan(most)
  })

  test('all doors at once', { timeout: 120_000 }, async () => {
    const feeds = doors.map(([, feedOf]) => feedOf(served))
    expect(await ratioOf(() => Promise.all(feeds.map((feed) => feed())))).toBeLessThan(most)
  })
})
