import type { Entry, Options } from './options.ts'

export type BrokenOption = 'option past the end' | 'option too long'

/** RFC 3396 joins fragments without a limit; nothing we read is longer than this. */
const longestOption = 4096
const manyOptions = 40

/** Options as they came, found by looking along the wire: most of them are never asked for, so they are cut out only when they are. */
export class WireOptions implements Options {
  readonly #bytes: Buffer
  /** Code, start and end of each, in the order of the wire. */
  readonly #spans: number[] = []
  #joined: Map<number, Buffer> | undefined
  /** Where each code is in `#spans`, once there are more than firmware sends: a packet made of options must cost no more than its bytes. */
  #index: Int16Array | undefined

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Reads one field. RFC 2132 §2: 0 pads, 255 ends. The same code again continues the value (RFC 3396 §7). */
  collect(from: number, to: number, mayOverload = true): BrokenOption | undefined {
    const bytes = this.#bytes
    for (let at = from; at < to;) {
      const code = bytes[at]!
      if (code === 0) at++
      else if (code === 255) return undefined
      else {
        const end = at + 2 + (at + 1 < to ? bytes[at + 1]! : 256)
        if (end > to) return 'option past the end'
        if (mayOverload || code !== 52) {
          if (!this.#add(code, at + 2, end)) return 'option too long'
        }
        at = end
      }
    }
    return undefined
  }

  has(code: number): boolean {
    return this.#find(code) !== -1
  }

  get(code: number): Buffer | undefined {
    const at = this.#find(code)
    return at === -1
      ? undefined
      : (this.#joined?.get(code) ?? this.#bytes.subarray(this.#spans[at + 1], this.#spans[at + 2]))
  }

  lengthOf(code: number): number | undefined {
    const at = this.#find(code)
    if (at === -1) return undefined
    return this.#joined?.get(code)?.length ?? this.#spans[at + 2]! - this.#spans[at + 1]!
  }

  uint(code: number, length: 1 | 2 | 4): number | undefined {
    if (this.lengthOf(code) !== length) return undefined
    if (this.#joined?.has(code)) return this.get(code)!.readUIntBE(0, length)
    const at = this.#spans[this.#find(code) + 1]!
    const bytes = this.#bytes
    if (length === 1) return bytes[at]!
    return length === 2 ? bytes.readUInt16BE(at) : bytes.readUInt32BE(at)
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (let at = 0; at < this.#spans.length; at += 3) {
      const code = this.#spans[at]!
      yield [code, this.get(code)!]
    }
  }

  #find(code: number): number {
    if (this.#index) return this.#index[code]!
    const spans = this.#spans
    for (let at = 0; at < spans.length; at += 3) if (spans[at] === code) return at
    return -1
  }

  #add(code: number, start: number, end: number): boolean {
    if (this.#find(code) === -1) {
      this.#spans.push(code, start, end)
      if (this.#index) this.#index[code] = this.#spans.length - 3
      else if (this.#spans.length > 3 * manyOptions) this.#index = indexOf(this.#spans)
      return true
    }
    const before = this.get(code)!
    if (before.length + end - start > longestOption) return false
    this.#joined ??= new Map()
    this.#joined.set(code, Buffer.concat([before, this.#bytes.subarray(start, end)]))
    return true
  }
}

function indexOf(spans: readonly number[]): Int16Array {
  const index = new Int16Array(256).fill(-1)
  for (let at = 0; at < spans.length; at += 3) index[spans[at]!] = at
  return index
}
