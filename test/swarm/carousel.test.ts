import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Carousel } from '../../src/swarm/carousel.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A sender that ends when it is told to. */
function aSender() {
  const sent: { image: string; uids: readonly number[] }[] = []
  const ends: ((error?: Error) => void)[] = []
  const send = (image: string, uids: readonly number[], signal: AbortSignal): Promise<void> => {
    sent.push({ image, uids })
    return new Promise((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve()))
      signal.addEventListener('abort', () => reject(new Error('stopped')))
    })
  }
  return { sent, ends, send }
}

test('those that come within the wait are in one round; who comes later is told so, and the next one opens another', async () => {
  const { sent, ends, send } = aSender()
  const carousel = new Carousel(send, () => 1000)
  expect([carousel.join('porter', 'a', 1), carousel.join('porter', 'b', 2)]).toEqual(['waiting', 'waiting'])
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent).toEqual([{ image: 'porter', uids: [1, 2] }])
  expect([carousel.join('porter', 'a', 1), carousel.join('porter', 'late', 3)]).toEqual(['sending', undefined])
  ends[0]!()
  await vi.advanceTimersByTimeAsync(0)
  expect(carousel.join('porter', 'b', 2)).toBe('done')
  expect(carousel.join('porter', 'a again', 1)).toBe('waiting')
  await carousel.close()
})

test('one machine alone is not sent to', async () => {
  const { sent, send } = aSender()
  const carousel = new Carousel(send, () => 1000)
  carousel.join('porter', 'a', 1)
  await vi.advanceTimersByTimeAsync(1000)
  expect([carousel.join('porter', 'a', 1), sent]).toEqual(['alone', []])
  await carousel.close()
})

test('images have rounds of their own; a sending that fails is told to its own', async () => {
  const { sent, ends, send } = aSender()
  const carousel = new Carousel(send, () => 1000)
  for (const [image, session, uid] of [
    ['porter', 'a', 1],
    ['porter', 'b', 2],
    ['lady', 'c', 3],
    ['lady', 'd', 4],
  ] as const)
    carousel.join(image, session, uid)
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent.map(({ image }) => image)).toEqual(['porter', 'lady'])
  ends[0]!(new Error('no network'))
  await vi.advanceTimersByTimeAsync(0)
  expect([carousel.join('porter', 'a', 1), carousel.join('lady', 'c', 3)]).toEqual(['failed', 'sending'])
  await carousel.close()
})

test('closing ends what is sent, and opens nothing any more', async () => {
  const { sent, send } = aSender()
  const carousel = new Carousel(send, () => 1000)
  carousel.join('porter', 'a', 1)
  carousel.join('porter', 'b', 2)
  await vi.advanceTimersByTimeAsync(1000)
  await carousel.close()
  expect(carousel.join('porter', 'a', 1)).toBe('failed')
  carousel.join('lady', 'c', 3)
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent.length).toBe(1)
})
