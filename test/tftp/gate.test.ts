import { expect, test } from 'vitest'
import { Gate } from '../../src/tftp/gate.ts'

test('so many are inside at once, and the others follow in the order they came', async () => {
  const gate = new Gate(2)
  const order: number[] = []
  let inside = 0
  let most = 0
  const work = async (n: number): Promise<void> => {
    most = Math.max(most, ++inside)
    order.push(n)
    await new Promise(setImmediate)
    inside--
  }
  await Promise.all([0, 1, 2, 3, 4, 5].map((n) => gate.run(() => work(n))))
  expect([order, most]).toEqual([[0, 1, 2, 3, 4, 5], 2])
})

test('who fails leaves its place to the next', async () => {
  const gate = new Gate(1)
  const failing = gate.run(() => Promise.reject(new Error('out, brief candle')))
  const next = gate.run(() => Promise.resolve('next'))
  await expect(failing).rejects.toThrow('out, brief candle')
  expect(await next).toBe('next')
})
