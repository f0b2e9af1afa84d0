import { open } from 'node:fs/promises'
import type { Content } from '../net/content.ts'
import { toNetascii } from './netascii.ts'
import { opcodes } from './packet.ts'

/** A file as ready DATA packets end to end, so that a window is one piece of memory and one send. */
export interface Layout {
  readonly bytes: Buffer
  readonly blksize: number
  /** With the last, short or empty block. */
  readonly blocks: number
}

/** Lays out bytes that are in memory. RFC 1350: the last block is shorter than the others, empty if need be. */
export function layOut(content: Uint8Array, blksize: number): Layout {
  const blocks = Math.floor(content.length / blksize) + 1
  const bytes = Buffer.allocUnsafe(content.length + blocks * header)
  for (let block = 1, from = 0, at = 0; block <= blocks; block++, from += blksize) {
    at = writeHeader(bytes, at, block)
    const part = content.subarray(from, from + blksize)
    bytes.set(part, at)
    at += part.length
  }
  return { bytes, blksize, blocks }
}

/** Blocks `first` to `first + count - 1` (1-based), as one piece. */
export function windowOf({ bytes, blksize }: Layout, first: number, count: number): Buffer {
  const step = blksize + header
  return bytes.subarray((first - 1) * step, (first - 1 + count) * step)
}

/** Bytes of a DATA packet before its data. */
export const header = 4

/** Layouts of files, shared by all transfers, within a limit of memory; the longest unused go first. */
export class LayoutCache {
  readonly #limit: number
  readonly #known = new Map<string, Layout>()
  readonly #loading = new Map<string, Promise<Layout>>()
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** At once when it is in memory. Rejects when the file is not there any more or has changed since it was found. */
  of(file: Extract<Content, { kind: 'file' }>, blksize: number, netascii: boolean): Layout | Promise<Layout> {
    const key = `${file.ino}:${file.mtimeMs}:${file.size}:${blksize}:${netascii}:${file.path}`
    const known = this.#known.get(key)
    if (known) return this.#touch(key, known)
    return this.#loading.get(key) ?? this.#load(key, file, blksize, netascii)
  }

  #touch(key: string, layout: Layout): Layout {
    this.#known.delete(key)
    this.#known.set(key, layout)
    return layout
  }

  #load(key: string, file: Extract<Content, { kind: 'file' }>, blksize: number, netascii: boolean): Promise<Layout> {
    const loading = readWhole(file)
      .then((content) => this.#keep(key, layOut(netascii ? toNetascii(content) : content, blksize)))
      .finally(() => this.#loading.delete(key))
    this.#loading.set(key, loading)
    return loading
  }

  #keep(key: string, layout: Layout): Layout {
    if (layout.bytes.length > this.#limit) return layout
    this.#known.set(key, layout)
    this.#bytes += layout.bytes.length
    for (const [oldest, { bytes }] of this.#known) {
      if (this.#bytes <= this.#limit) break
      this.#known.delete(oldest)
      this.#bytes -= bytes.length
    }
    return layout
  }
}

/** One version of the file: a change while it is read is an error, not a mixture. */
async function readWhole({ path, size, mtimeMs }: Extract<Content, { kind: 'file' }>): Promise<Buffer> {
  await using file = await open(path, 'r')
  const content = await file.readFile()
  const now = await file.stat()
  if (content.length !== size || now.mtimeMs !== mtimeMs) throw new Error('the file changed while it was read')
  return content
}

function writeHeader(bytes: Buffer, at: number, block: number): number {
  bytes[at] = 0
  bytes[at + 1] = opcodes.data
  bytes[at + 2] = (block >>> 8) & 0xff
  bytes[at + 3] = block & 0xff
  return at + header
}
