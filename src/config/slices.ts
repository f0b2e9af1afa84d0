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

/** All of it now: at the start of a server, and in commands, nobody waits. */
export function atOnce<T>(work: Slices<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** Piece by piece, a turn of the event loop between them. Rejects when the signal says so; then the rest is not done. */
export async function inPieces<T>(work: Slices<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
    await setImmediate(undefined, signal && { signal })
  }
}
