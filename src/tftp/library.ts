import { open, type FileHandle } from 'node:fs/promises'
import { Fault } from '../fault.ts'
import type { Content } from '../net/content.ts'
import { Gate } from './gate.ts'
import { blocksOf, header, layOut, windowOf, type Layout } from './layout.ts'
import { Memory, type Cell } from './memory.ts'
import { toNetascii } from './netascii.ts'
import { pagesOfLayout, type Pages } from './pages.ts'

export type File = Extract<Content, { kind: 'file' }>

/** About that many bytes are read and laid out at once; more would keep the event loop from others. */
const pieceBytes = 1 << 20
const mostBlocksInPiece = 8192
/** A piece holds at least a window, so that a window lies in two of them at most. */
const leastBlocksInPiece = 64
const readsAtOnce = 8
/** Text that is translated is translated whole. */
const largestNetascii = 16 << 20

/** Files as ready packets, in pieces shared by all transfers, within a limit of memory. */
export class Library {
  readonly #memory: Memory
  readonly #books = new Map<string, Book>()
  readonly #gate = new Gate(readsAtOnce)

  /** `limit`: bytes of memory. */
  constructor(limit: number) {
    this.#memory = new Memory(limit)
  }

  /** One version of a file. Rejects when the file is not there any more, or not the one that was found. */
  async pages(file: File, blksize: number, netascii: boolean): Promise<Pages> {
    if (netascii) return this.#translated(file, blksize)
    const book = this.#borrow(file, blksize)
    try {
      await book.piece(0)
      return new Reader(book)
    } catch (error) {
      book.release()
      throw error
    }
  }

  /** At once, when the beginning is in memory. */
  pagesNow(file: File, blksize: number): Pages | undefined {
    const key = keyOf(file, blksize)
    if (!this.#memory.get(`${key}#0`)) return undefined
    return new Reader(this.#borrow(file, blksize, key))
  }

  #borrow(file: File, blksize: number, key: string = keyOf(file, blksize)): Book {
    let book = this.#books.get(key)
    if (!book) {
      book = new Book(key, file, blksize, this.#memory, this.#gate, () => this.#books.delete(key))
      this.#books.set(key, book)
    }
    book.readers++
    return book
  }

  async #translated(file: File, blksize: number): Promise<Pages> {
    if (file.size > largestNetascii) throw new Fault('request-invalid', 'too large for netascii: ask for octet')
    const key = `${keyOf(file, blksize)}#netascii`
    const known = this.#memory.get(key)?.layout
    const layout = known ?? (await this.#gate.run(() => translate(file, blksize)))
    if (!known) this.#memory.put(key, layout)
    const size = layout.bytes.length - layout.blocks * header
    return pagesOfLayout(layout, size)
  }
}

async function translate(file: File, blksize: number): Promise<Layout> {
  await using handle = await openVersion(file)
  return layOut(toNetascii(await readPart(handle, file, 0, file.size)), blksize)
}

/** One version of one file at one block size. The file stays open while somebody reads, so that a new one of the same name changes nothing. */
class Book {
  readonly blocks: number
  readonly size: number
  readonly blocksInPiece: number
  readers = 0
  readonly #key: string
  readonly #file: File
  readonly #blksize: number
  readonly #memory: Memory
  readonly #gate: Gate
  readonly #onUnused: () => void
  readonly #loading = new Map<number, Promise<Layout>>()
  #handle: Promise<FileHandle> | undefined

  constructor(key: string, file: File, blksize: number, memory: Memory, gate: Gate, onUnused: () => void) {
    this.#key = key
    this.#file = file
    this.#blksize = blksize
    this.#memory = memory
    this.#gate = gate
    this.#onUnused = onUnused
    this.size = file.size
    this.blocks = blocksOf(file.size, blksize)
    this.blocksInPiece = Math.min(Math.max(Math.floor(pieceBytes / blksize), leastBlocksInPiece), mostBlocksInPiece)
  }

  /** Whoever waits for it has it, also when it is put out of memory in the meantime: else readers that push each other out would never end. */
  piece(index: number): Layout | Promise<Layout> {
    return this.cell(index)?.layout ?? this.#loading.get(index) ?? this.#load(index)
  }

  cell(index: number): Cell | undefined {
    return this.#memory.get(`${this.#key}#${index}`)
  }

  /** Reads ahead; what goes wrong is told to who needs it. */
  prepare(index: number): void {
    if (index * this.blocksInPiece >= this.blocks) return
    const piece = this.piece(index)
    if (piece instanceof Promise) piece.catch(() => undefined)
  }

  release(): void {
    if (--this.readers > 0) return
    this.#onUnused()
    // Reads that are on their way still need it.
    void Promise.allSettled(this.#loading.values()).then(() => this.#handle?.then((handle) => handle.close()))
  }

  #load(index: number): Promise<Layout> {
    const loading = this.#gate
      .run(() => this.#read(index))
      .then((layout) => {
        this.#memory.put(`${this.#key}#${index}`, layout)
        return layout
      })
      .finally(() => this.#loading.delete(index))
    this.#loading.set(index, loading)
    return loading
  }

  async #read(index: number): Promise<Layout> {
    const handle = await this.#open()
    const first = index * this.blocksInPiece
    const blocks = Math.min(this.blocksInPiece, this.blocks - first)
    const from = first * this.#blksize
    const length = Math.min(blocks * this.#blksize, this.size - from)
    return layOut(await readPart(handle, this.#file, from, length), this.#blksize, first + 1, blocks)
  }

  #open(): Promise<FileHandle> {
    return (this.#handle ??= openVersion(this.#file).catch((error: unknown) => {
      this.#handle = undefined
      throw error
    }))
  }
}

/** One transfer in a book: it keeps its place. */
class Reader implements Pages {
  readonly blocks: number
  readonly size: number
  readonly #book: Book
  #index = -1
  #cell: Cell | undefined
  #closed = false

  constructor(book: Book) {
    this.#book = book
    this.blocks = book.blocks
    this.size = book.size
  }

  window(first: number, count: number): Buffer | Promise<Buffer> {
    const { blocksInPiece } = this.#book
    const index = Math.floor((first - 1) / blocksInPiece)
    const layout = index === this.#index ? this.#cell?.layout : undefined
    const endsHere = first - 1 + count <= (index + 1) * blocksInPiece
    if (layout && endsHere) return windowOf(layout, first, count)
    return this.#turn(index, first, count, endsHere)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#book.release()
  }

  #turn(index: number, first: number, count: number, endsHere: boolean): Buffer | Promise<Buffer> {
    const one = this.#book.piece(index)
    const other = endsHere ? undefined : this.#book.piece(index + 1)
    if (one instanceof Promise || other instanceof Promise) {
      return Promise.all([one, other]).then(([here, next]) => this.#join(index, first, count, here, next))
    }
    return this.#join(index, first, count, one, other)
  }

  #join(index: number, first: number, count: number, here: Layout, next: Layout | undefined): Buffer {
    if (this.#closed) return Buffer.alloc(0)
    this.#index = index
    this.#cell = this.#book.cell(index)
    this.#book.prepare(index + 1)
    const window = windowOf(here, first, count)
    return next ? Buffer.concat([window, windowOf(next, next.first, first + count - next.first)]) : window
  }
}

function keyOf({ path, size, mtimeMs, ino }: File, blksize: number): string {
  return `${ino}:${mtimeMs}:${size}:${blksize}:${path}`
}

async function openVersion(file: File): Promise<FileHandle> {
  const handle = await open(file.path, 'r')
  try {
    const { ino, size, mtimeMs } = await handle.stat()
    if (ino !== file.ino || size !== file.size || mtimeMs !== file.mtimeMs) throw new Fault('file-missing', changed)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function readPart(handle: FileHandle, file: File, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length;) {
    const { bytesRead } = await handle.read(bytes, at, length - at, from + at)
    if (bytesRead === 0) throw new Fault('file-missing', changed)
    at += bytesRead
  }
  const { size, mtimeMs } = await handle.stat()
  if (size !== file.size || mtimeMs !== file.mtimeMs) throw new Fault('file-missing', changed)
  return bytes
}

const changed = 'the file changed while it was sent'
