import { setImmediate } from 'node:timers/promises'

/** Work that can be put down: between two pieces somebody else may be served. A piece is a few milliseconds at most. */
export type Slices<T> = Generator<void, T, void>

/** Nouns that are read or checked in one piece. */
export const pieceOf = 250

/** The items, with a pause after every few hundred of them. */
export function* slowly<T>(items: Iterable<T>, work: (item: T, index: number) => void): Slices<void> {
  let index = 0
  for (const item of items) {
    work(item, index)
    if (++index % pieceOf === 0) yield
  }
}

/** The items, with a place to pause after each of them: for work of which nobody knows how long an item takes. */
export function* oneByOne<T>(items: Iterable<T>, work: (item: T) => void): Slices<void> {
  for (const item of items) {
    work(item)
    yield
  }
}

const run = 512

/** Sorted, as `toSorted` does it: short runs first, then two and two merged. */
export function* sorting<T>(items: Iterable<T>, compare: (a: T, b: T) => number): Slices<T[]> {
  const all = [...items]
  let runs: T[][] = []
  for (let at = 0; at < all.length; at += run) {
    runs.push(all.slice(at, at + run).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const wider: T[][] = []
    for (let at = 0; at < runs.length; at += 2)
      wider.push(runs[at + 1] ? yield* merging(runs[at]!, runs[at + 1]!, compare) : runs[at]!)
    runs = wider
  }
  return runs[0] ?? []
}

function* merging<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): Slices<T[]> {
  const merged: T[] = []
  for (let [l, r] = [0, 0]; l < left.length || r < right.length;) {
    const isLeft = r >= right.length || (l < left.length && compare(left[l]!, right[r]!) <= 0)
    merged.push(isLeft ? left[l++]! : right[r++]!)
    if (merged.length % run === 0) yield
  }
  return merged
}

/** As a sort of strings of one byte a character wants it. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** All of it now: at the start of a server, and in commands, nobody waits. */
export function atOnce<T>(work: Slices<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** Milliseconds at a stretch. */
const stretch = 5

/**
 * Piece by piece, a few milliseconds at a stretch. However many such works there are, only one of them has a stretch in a turn of the event loop.
 * Rejects when the signal says so; then the rest is not done.
 */
export async function inPieces<T>(work: Slices<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    await nextTurn()
    signal?.throwIfAborted()
    for (const began = performance.now(); performance.now() - began < stretch;) {
      const step = work.next()
      if (step.done) return step.value
    }
  }
}

let line: Promise<unknown> = Promise.resolve()

function nextTurn(): Promise<unknown> {
  return (line = line.then(() => setImmediate()))
}
