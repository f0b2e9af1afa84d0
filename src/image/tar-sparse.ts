import { invalid, type Sparse } from './tar-entry.ts'
import { number } from './tar-header.ts'
import { paxNumber, type PaxRecords } from './tar-pax.ts'

type Pairs = [offset: number, length: number][]

/** GNU's old format: four pairs in the header at byte 386, then blocks of 21 pairs. */
export function oldSparse(bytes: Buffer, at: number): Pairs {
  return pairs(bytes, 386, 4, at)
}

export function moreOldSparse(bytes: Buffer, at: number): Pairs {
  return pairs(bytes, 0, 21, at)
}

function pairs(bytes: Buffer, from: number, count: number, at: number): Pairs {
  const found: Pairs = []
  for (let index = 0; index < count; index++) {
    const place = from + index * 24
    if (bytes[place] === 0) break
    found.push([number(bytes, place, 12, at, 'sparse map'), number(bytes, place + 12, 12, at, 'sparse map')])
  }
  return found
}

/** GNU's PAX formats 0.0, 0.1 and 1.0 (GNU tar manual, Storing Sparse Files). Undefined when the entry is not sparse. */
export function paxSparse(
  local: PaxRecords,
  records: ReadonlyMap<string, string>,
  at: number,
): { map: Sparse; size: number } | undefined {
  const realSize = records.get('GNU.sparse.realsize') ?? records.get('GNU.sparse.size')
  if (realSize === undefined) return undefined
  const size = paxNumber(realSize, at)
  if (records.get('GNU.sparse.major') === '1') return { map: 'inline', size }
  const told = records.get('GNU.sparse.map')
  const numbers = (told === undefined ? zeroZero(local) : told === '' ? [] : told.split(',')).map((one) =>
    paxNumber(one, at),
  )
  const map: Pairs = []
  for (let index = 0; index + 1 < numbers.length; index += 2) map.push([numbers[index]!, numbers[index + 1]!])
  return { map, size }
}

function zeroZero(local: PaxRecords): string[] {
  return local.filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes').map(([, value]) => value)
}

/**
 * Turns the payload of a sparse entry into the file's own bytes, holes as zeros. Throws `image-invalid` when map and size do
 * not agree.
 */
export class SparseContent {
  readonly #size: number
  #map: Pairs | undefined
  #mapText = ''
  #at = 0
  #index = 0
  #used = 0

  constructor(sparse: Sparse, size: number) {
    this.#size = size
    if (sparse !== 'inline')
      this.#map = checked(
        sparse.map(([offset, length]) => [offset, length]),
        size,
      )
  }

  *read(bytes: Uint8Array): Generator<Uint8Array, void, void> {
    let rest = bytes
    if (!this.#map) rest = this.#readMap(rest)
    while (rest.length > 0 && this.#map) {
      const pair = this.#map[this.#index]
      if (!pair) throw invalid('a sparse file holds more bytes than its map')
      yield* this.#zeros(pair[0] - this.#at)
      const part = rest.subarray(0, pair[1] - this.#used)
      this.#used += part.length
      this.#at += part.length
      rest = rest.subarray(part.length)
      yield part
      if (this.#used === pair[1]) this.#next()
    }
  }

  *finish(): Generator<Uint8Array, void, void> {
    yield* this.#zeros(this.#size - this.#at)
  }

  #next(): void {
    this.#used = 0
    this.#index++
    while (this.#map![this.#index]?.[1] === 0) this.#index++
  }

  *#zeros(count: number): Generator<Uint8Array, void, void> {
    for (let left = count; left > 0; left -= zeros.length) yield zeros.subarray(0, Math.min(left, zeros.length))
    if (count > 0) this.#at += count
  }

  /** 1.0: decimal numbers, one a line, padded with zeros to a block: how many pairs, then the pairs. */
  #readMap(bytes: Uint8Array): Uint8Array {
    const before = this.#mapText.length
    this.#mapText += Buffer.from(bytes).toString('latin1')
    if (this.#mapText.length > mapLimit + bytes.length) throw invalid('a sparse file has a map without end')
    const lines = this.#mapText.split('\n')
    const count = lines.length > 1 ? paxNumber(lines[0]!, 0) : Number.NaN
    if (!(lines.length > count * 2 + 1)) return bytes.subarray(bytes.length)
    const numbers = lines.slice(1, 1 + count * 2).map((line) => paxNumber(line, 0))
    const length = lines.slice(0, 1 + count * 2).reduce((sum, line) => sum + line.length + 1, 0)
    const end = Math.ceil(length / 512) * 512
    if (this.#mapText.length < end) return bytes.subarray(bytes.length)
    const map: Pairs = []
    for (let index = 0; index < numbers.length; index += 2) map.push([numbers[index]!, numbers[index + 1]!])
    this.#map = checked(map, this.#size)
    if (map[0]?.[1] === 0) this.#next()
    return bytes.subarray(end - before)
  }
}

const zeros = Buffer.alloc(65536)
const mapLimit = 4 * 1024 * 1024

function checked(map: Pairs, size: number): Pairs {
  let last = 0
  for (const [offset, length] of map) {
    if (offset < last || length < 0 || offset + length > size)
      throw invalid('a sparse file has a map that lies about its size')
    last = offset + length
  }
  return map
}
