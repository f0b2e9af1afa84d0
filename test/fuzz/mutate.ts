/** The same numbers for the same seed (mulberry32), so that a failing run can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A real input, bent one to eight times: bits, bytes, pieces cut, doubled, moved in from another one, grown. */
export function mutate(seeds: readonly Buffer[], random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  let bytes: Buffer = Buffer.from(seeds[below(seeds.length)]!)
  for (let times = 1 + below(8); times > 0; times--) bytes = bends[below(bends.length)]!(bytes, below, seeds)
  return bytes
}

/** A piece of a real input again and again until the door's limit, with the beginning before it and the end after it, or without: what backtracks. */
export function pump(seeds: readonly Buffer[], random: () => number, most: number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  const seed = seeds[below(seeds.length)]!
  const at = below(seed.length)
  const piece = seed.subarray(at, at + 1 + below(below(2) === 0 ? 4 : 30))
  const head = below(2) === 0 ? seed.subarray(0, at) : Buffer.alloc(0)
  const tail = below(2) === 0 ? seed.subarray(at) : Buffer.alloc(0)
  const room = Math.max(piece.length, most - head.length - tail.length)
  return Buffer.concat([head, Buffer.alloc(room, piece), tail]).subarray(0, most)
}

type Bend = (bytes: Buffer, below: (limit: number) => number, seeds: readonly Buffer[]) => Buffer

const telling = [0, 1, 2, 43, 52, 53, 61, 82, 127, 128, 254, 255, 10, 13, 32, 34, 39, 47, 58, 92, 123, 125]

const bends: readonly Bend[] = [
  (bytes, below) => set(bytes, below(bytes.length || 1), (old) => old ^ (1 << below(8))),
  (bytes, below) => set(bytes, below(bytes.length || 1), () => below(256)),
  (bytes, below) => set(bytes, below(bytes.length || 1), () => telling[below(telling.length)]!),
  (bytes, below) => bytes.subarray(0, below(bytes.length + 1)),
  (bytes, below) => cut(bytes, below(bytes.length + 1), below(16)),
  (bytes, below) =>
    insert(bytes, below(bytes.length + 1), bytes.subarray(below(bytes.length + 1)).subarray(0, below(64))),
  (bytes, below, seeds) =>
    insert(bytes, below(bytes.length + 1), seeds[below(seeds.length)]!.subarray(below(32)).subarray(0, below(64))),
  (bytes, below) => insert(bytes, below(bytes.length + 1), Buffer.alloc(below(300), telling[below(telling.length)])),
]

function set(bytes: Buffer, at: number, change: (old: number) => number): Buffer {
  if (bytes.length > 0) bytes[at] = change(bytes[at]!) & 255
  return bytes
}

function cut(bytes: Buffer, from: number, length: number): Buffer {
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)])
}

function insert(bytes: Buffer, at: number, piece: Uint8Array): Buffer {
  if (bytes.length + piece.length > 70_000) return bytes
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
}
