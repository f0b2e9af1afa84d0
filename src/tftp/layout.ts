import { opcodes } from './packet.ts'

/** Blocks as ready DATA packets end to end, so that a window is one piece of memory and one send. */
export interface Layout {
  readonly bytes: Buffer
  readonly blksize: number
  /** Absolute number of the first block, from 1; the wire carries it modulo 65536. */
  readonly first: number
  readonly blocks: number
}

/** Bytes of a DATA packet before its data. */
export const header = 4

/** RFC 1350: the last block is shorter than the others, empty if need be. */
export function blocksOf(size: number, blksize: number): number {
  return Math.floor(size / blksize) + 1
}

/** Lays out a file, or `blocks` blocks of it from `first` on. */
export function layOut(
  content: Uint8Array,
  blksize: number,
  first = 1,
  blocks = blocksOf(content.length, blksize),
): Layout {
  const bytes = Buffer.allocUnsafe(content.length + blocks * header)
  for (let block = first, from = 0, at = 0; block < first + blocks; block++, from += blksize) {
    bytes[at] = 0
    bytes[at + 1] = opcodes.data
    bytes[at + 2] = (block >>> 8) & 0xff
    bytes[at + 3] = block & 0xff
    at += header
    const end = Math.min(from + blksize, content.length)
    bytes.set(from === 0 && end === content.length ? content : content.subarray(from, end), at)
    at += end - from
  }
  return { bytes, blksize, first, blocks }
}

/** `count` blocks from the absolute number `first` on, as one piece; fewer where the layout ends. */
export function windowOf({ bytes, blksize, first: start }: Layout, first: number, count: number): Buffer {
  const step = blksize + header
  return bytes.subarray((first - start) * step, (first - start + count) * step)
}
