import { withoutEnd } from '../config/without-end.ts'
import { cleanPath, invalid, printable, type EntryType, type Sparse, type TarEntry } from './tar-entry.ts'
import { block, isZero, readHeader, text, type RawHeader } from './tar-header.ts'
import { paxNumber, paxTime, readPax, type PaxRecords } from './tar-pax.ts'
import { moreOldSparse, oldSparse, paxSparse } from './tar-sparse.ts'

/**
 * What a tar is made of, in order. `head` is every byte that belongs to the entry before its payload, as it came: whoever writes
 * `head`, `data` and `pad` on has copied the entry untouched.
 */
export type TarPiece =
  | { readonly kind: 'entry'; readonly entry: TarEntry; readonly head: Uint8Array }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'pad'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }

export interface TarLimits {
  /** Entries in one tar. */
  readonly entries?: number
  /** Bytes of all headers before one entry: long names, attributes, sparse maps. */
  readonly head?: number
}

type State = 'header' | 'extension' | 'sparse' | 'data' | 'pad' | 'end'

/**
 * Reads a tar that arrives in chunks: POSIX pax and ustar, GNU long names, GNU sparse files, v7. No byte of a payload is
 * copied. Throws `image-invalid` with one sentence for everything that no sound tar holds.
 */
export class TarReader {
  readonly #limits: Required<TarLimits>
  #state: State = 'header'
  /** The piece of a block or of an extension that has come so far. */
  #held = Buffer.alloc(0)
  #head: Buffer[] = []
  #headSize = 0
  #left = 0
  #pad = 0
  #at = 0
  #entries = 0
  #extension: RawHeader | undefined
  #pending: RawHeader | undefined
  #map: [number, number][] = []
  #globals = new Map<string, string>()
  #locals: (readonly [string, string])[] = []

  constructor({ entries = 20_000_000, head = 4 * 1024 * 1024 }: TarLimits = {}) {
    this.#limits = { entries, head }
  }

  /** True once the two zero blocks have been seen; what follows them is of no interest. */
  get ended(): boolean {
    return this.#state === 'end'
  }

  /** The pieces of the next bytes. Pieces point into `chunk`: use them before it changes. */
  *read(chunk: Uint8Array): Generator<TarPiece, void, void> {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    while (from < bytes.length && this.#state !== 'end') {
      if (this.#state === 'data' || this.#state === 'pad') {
        const part = bytes.subarray(from, from + Math.min(this.#left, bytes.length - from))
        from += part.length
        this.#at += part.length
        this.#left -= part.length
        yield { kind: this.#state, bytes: part }
        if (this.#left === 0) this.#afterPayload()
        continue
      }
      const wanted = this.#state === 'extension' ? this.#left : block
      const need = wanted - this.#held.length
      const part = bytes.subarray(from, from + need)
      from += part.length
      this.#at += part.length
      if (part.length < need) {
        // A copy: the chunk belongs to the caller.
        this.#held = Buffer.concat([this.#held, part])
        return
      }
      const whole = this.#held.length === 0 ? part : Buffer.concat([this.#held, part])
      this.#held = Buffer.alloc(0)
      yield* this.#take(whole)
    }
  }

  /** Call it when no more bytes come. Throws `image-invalid` when the tar has not ended. */
  finish(): void {
    if (this.#state !== 'end')
      throw invalid(`the tar ends in the middle, after ${this.#at} bytes`, 'it was cut short: copy it again')
  }

  *#take(bytes: Buffer): Generator<TarPiece, void, void> {
    if (this.#state === 'extension') return this.#takeExtension(bytes)
    if (this.#state === 'sparse') return yield* this.#takeSparse(bytes)
    const at = this.#at - block
    if (isZero(bytes)) {
      if (this.#head.length > 0) throw invalid(`the tar ends after a header without its entry, at byte ${at}`)
      this.#state = 'end'
      return yield { kind: 'end' }
    }
    const raw = readHeader(bytes, at)
    this.#hold(bytes)
    if ('xgLKNV'.includes(raw.type)) return this.#openExtension(raw)
    this.#pending = raw
    if (raw.type !== 'S') return yield this.#entry(raw)
    this.#map = oldSparse(bytes, at)
    if (bytes[482] === 0) return yield this.#entry(raw)
    this.#state = 'sparse'
  }

  *#takeSparse(bytes: Buffer): Generator<TarPiece, void, void> {
    this.#hold(bytes)
    this.#map.push(...moreOldSparse(bytes, this.#at - block))
    if (bytes[504] === 0) yield this.#entry(this.#pending!)
  }

  #openExtension(raw: RawHeader): void {
    if (raw.size > this.#limits.head)
      throw invalid(`the tar has a header of ${raw.size} bytes before byte ${this.#at}`, 'no file has such a name')
    this.#extension = raw
    this.#left = Math.ceil(raw.size / block) * block
    this.#state = this.#left === 0 ? 'header' : 'extension'
  }

  #takeExtension(bytes: Buffer): void {
    const { type, size } = this.#extension!
    const at = this.#at - bytes.length
    this.#hold(bytes)
    this.#state = 'header'
    if (type === 'x') this.#locals.push(...readPax(bytes.toString('latin1', 0, size), at))
    else if (type === 'g') this.#setGlobals(readPax(bytes.toString('latin1', 0, size), at))
    else if (type === 'L') this.#locals.unshift(['path', text(bytes, 0, size)])
    else if (type === 'K') this.#locals.unshift(['linkpath', text(bytes, 0, size)])
  }

  #setGlobals(records: PaxRecords): void {
    for (const [key, value] of records) {
      if (value === '') this.#globals.delete(key)
      else this.#globals.set(key, value)
    }
    if (this.#globals.size > 1000) throw invalid(`the tar has more than 1000 global records before byte ${this.#at}`)
  }

  #hold(bytes: Buffer): void {
    this.#headSize += bytes.length
    if (this.#headSize > this.#limits.head)
      throw invalid(
        `the tar has more than ${this.#limits.head} bytes of headers for one entry, before byte ${this.#at}`,
      )
    this.#head.push(Buffer.from(bytes))
  }

  #entry(raw: RawHeader): TarPiece {
    this.#entries++
    if (this.#entries > this.#limits.entries) throw invalid(`the tar has more than ${this.#limits.entries} entries`)
    const records = new Map([...this.#globals, ...this.#locals])
    const sparse =
      raw.type === 'S'
        ? { map: this.#map, size: oldRealSize(this.#head, this.#map) }
        : paxSparse(this.#locals, records, this.#at)
    const entry = assemble(raw, records, sparse, this.#at)
    const head = this.#head.length === 1 ? this.#head[0]! : Buffer.concat(this.#head)
    this.#head = []
    this.#headSize = 0
    this.#locals = []
    this.#map = []
    this.#left = entry.stored
    this.#pad = (block - (entry.stored % block)) % block
    this.#state = 'data'
    if (this.#left === 0) this.#afterPayload()
    return { kind: 'entry', entry, head }
  }

  #afterPayload(): void {
    this.#state = this.#state === 'data' && this.#pad > 0 ? 'pad' : 'header'
    this.#left = this.#pad
    this.#pad = 0
  }
}

function oldRealSize(head: readonly Buffer[], map: readonly (readonly [number, number])[]): number {
  const main = head.findLast((bytes) => bytes.length === block && bytes[156] === 0x53)!
  const told = Number.parseInt(text(main, 483, 12).trim(), 8)
  const last = map.at(-1)
  return main[483]! & 0x80 || Number.isNaN(told) ? (last ? last[0] + last[1] : 0) : told
}

const types: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
}

const xattrKeys = /^(?:SCHILY\.(?:xattr|acl)\.|LIBARCHIVE\.xattr\.|RHT\.security\.)/

function assemble(
  raw: RawHeader,
  records: ReadonlyMap<string, string>,
  sparse: { map: Sparse; size: number } | undefined,
  at: number,
): TarEntry {
  const name =
    records.get('GNU.sparse.name') ?? records.get('path') ?? (raw.prefix ? `${raw.prefix}/${raw.name}` : raw.name)
  const known = types[raw.type]
  if (!known) throw invalid(`${printable(name)} is of the unknown type ${JSON.stringify(raw.type)}`)
  // v7 had no type for directories: a slash at the end said it.
  const type = known === 'file' && name.endsWith('/') ? 'directory' : known
  const number = (key: string, own: number): number => {
    const value = records.get(key)
    return value === undefined ? own : paxNumber(value, at)
  }
  const told = number('size', raw.size)
  const stored = type === 'file' ? told : 0
  const time = records.has('mtime') ? paxTime(records.get('mtime')!, at) : { seconds: raw.mtime, nsec: 0 }
  const target = records.get('linkpath') ?? raw.link
  if ((type === 'symlink' || type === 'link') && target === '') throw invalid(`${printable(name)} links to nothing`)
  return {
    path: cleanPath(name),
    raw: withoutEnd(name, '/'),
    type,
    mode: raw.mode,
    uid: number('uid', raw.uid),
    gid: number('gid', raw.gid),
    size: sparse ? sparse.size : stored,
    stored,
    mtime: time.seconds,
    nsec: time.nsec,
    target: type === 'link' ? cleanPath(target) : type === 'symlink' ? target : '',
    major: type === 'char' || type === 'block' ? raw.major : 0,
    minor: type === 'char' || type === 'block' ? raw.minor : 0,
    xattrs: xattrsOf(records),
    sparse: sparse?.map,
  }
}

function xattrsOf(records: ReadonlyMap<string, string>): ReadonlyMap<string, string> | undefined {
  let found: Map<string, string> | undefined
  for (const [key, value] of records) if (xattrKeys.test(key)) (found ??= new Map()).set(key, value)
  return found
}
