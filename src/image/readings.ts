import type { Digest } from './digest.ts'

/** A client that pulls in several requests, or comes back after a cut, finds its blob this long after it last read. Milliseconds. */
const linger = 15 * 60_000

/** Which blobs are being read, or were a moment ago. */
export class Readings {
  readonly #of = new Map<Digest, { open: number; until: number }>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  begin(digest: Digest): Disposable {
    const reading = this.#of.get(digest) ?? { open: 0, until: 0 }
    this.#of.set(digest, reading)
    reading.open++
    let isOpen = true
    const end = (): void => {
      if (!isOpen) return
      isOpen = false
      reading.open--
      reading.until = this.#now() + linger
    }
    return { [Symbol.dispose]: end }
  }

  has(digest: Digest): boolean {
    const reading = this.#of.get(digest)
    if (!reading) return false
    if (reading.open > 0 || reading.until > this.#now()) return true
    this.#of.delete(digest)
    return false
  }
}
