/** A buffer on loan: give it back when the kernel has its bytes. */
export interface Loan extends Disposable {
  readonly buffer: Buffer
  release(): void
}

/**
 * Re-used read buffers, shared by all connections. A fresh 1 MiB per chunk costs more in page faults than the read itself, and one set
 * per connection falls out of the CPU's cache. When the big ones are out (slow readers sit on them) transfers go on with small ones, so a
 * thousand slow readers slow nobody to a stop and memory stays within `big × bigSize` plus one small buffer each.
 */
export class Buffers {
  readonly #sizes: BufferSizes
  readonly #big: Buffer[] = []
  readonly #small: Buffer[] = []
  #bigOut = 0

  constructor(sizes: BufferSizes = defaultSizes) {
    this.#sizes = sizes
  }

  take(): Loan {
    if (this.#bigOut >= this.#sizes.big) return this.#lend(this.#small, this.#sizes.smallSize, keptSmall)
    this.#bigOut++
    return this.#lend(this.#big, this.#sizes.bigSize, this.#sizes.big, () => this.#bigOut--)
  }

  /** Whether a transfer may hold a second buffer to read ahead into. */
  get plenty(): boolean {
    return this.#bigOut < this.#sizes.big
  }

  #lend(free: Buffer[], size: number, kept: number, onRelease?: () => void): Loan {
    const buffer = free.pop() ?? Buffer.allocUnsafeSlow(size)
    let isOut = true
    const release = (): void => {
      if (!isOut) return
      isOut = false
      onRelease?.()
      if (free.length < kept) free.push(buffer)
    }
    return { buffer, release, [Symbol.dispose]: release }
  }
}

export interface BufferSizes {
  /** How many big buffers there are at most. */
  readonly big: number
  /** Bytes of a big and of a small one. */
  readonly bigSize: number
  readonly smallSize: number
}

export const defaultSizes: BufferSizes = { big: 48, bigSize: 1 << 20, smallSize: 64 << 10 }
const keptSmall = 64
