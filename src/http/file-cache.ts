import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Content } from '../net/content.ts'
import type { Limits } from './limits.ts'
import { FileChanged, OpenFile } from './open-file.ts'
import { identityOf, tagOfDigest, tagOfIdentity, versionOf, type Identity, type Version } from './version.ts'

export type FileContent = Extract<Content, { kind: 'file' }>

/** A boot file in memory, held until `release()`. */
export interface Held {
  readonly bytes: Buffer
  readonly version: Version
  release(): void
}

/**
 * Boot files in memory, least recently used out first. Kernels and initrds of a site are a few hundred megabytes and every machine asks
 * for the same ones; one copy, sent without copying, is as fast as sendfile. The sum stays within the limit even while
 * slow readers hold bytes that were thrown out: what they hold still counts.
 */
export class FileCache {
  readonly #limits: Pick<Limits, 'memory' | 'memoryPerFile'>
  readonly #entries = new Map<string, Entry>()
  readonly #loading = new Map<string, Promise<Entry | undefined>>()
  readonly #tags = new Map<Identity, string>()
  #bytes = 0

  constructor(limits: Pick<Limits, 'memory' | 'memoryPerFile'>) {
    this.#limits = limits
  }

  /** Bytes held, those of unfinished readers included. */
  get bytes(): number {
    return this.#bytes
  }

  /** At once when the file was looked at within the last second; undefined when it must be sent from disk. */
  hold(content: FileContent, now: number): Held | Promise<Held | undefined> | undefined {
    if (content.size > this.#limits.memoryPerFile) return undefined
    const entry = this.#entries.get(content.path)
    if (entry && now < entry.lookAt && isSame(entry, content)) return this.#lend(entry)
    return this.#fresh(content.path, entry, now)
  }

  /** The tag of a file that is sent from disk: the digest when it is known, so a file keeps its tag when it leaves the memory. */
  tagOf(identity: Identity): string {
    return this.#tags.get(identity) ?? tagOfIdentity(identity)
  }

  async #fresh(path: string, entry: Entry | undefined, now: number): Promise<Held | undefined> {
    if (entry && entry.identity === identityOf(await stat(path, { bigint: true })) && !entry.isOut) {
      entry.lookAt = now + lookEvery
      return this.#lend(entry)
    }
    const known = this.#loading.get(path)
    const loading = known ?? this.#load(path, now).finally(() => this.#loading.delete(path))
    if (!known) this.#loading.set(path, loading)
    const loaded = await loading
    return loaded && this.#lend(loaded)
  }

  async #load(path: string, now: number): Promise<Entry | undefined> {
    await using file = await OpenFile.open(path)
    this.#drop(path)
    if (file.size > this.#limits.memoryPerFile || !this.#makeRoom(file.size)) return undefined
    this.#bytes += file.size
    try {
      const { bytes, tag } = await readWhole(file)
      const version = versionOf(file, tag)
      const entry: Entry = {
        path,
        bytes,
        version,
        identity: file.identity,
        lookAt: now + lookEvery,
        users: 0,
        isOut: false,
      }
      this.#entries.set(path, entry)
      this.#remember(file.identity, tag)
      return entry
    } catch (error) {
      this.#bytes -= file.size
      // Being written right now: it goes out from disk, where each piece is checked.
      if (error instanceof FileChanged) return undefined
      throw error
    }
  }

  #lend(entry: Entry): Held {
    this.#entries.delete(entry.path)
    if (!entry.isOut) this.#entries.set(entry.path, entry)
    entry.users++
    let isHeld = true
    const release = (): void => {
      if (!isHeld) return
      isHeld = false
      entry.users--
      if (entry.isOut && entry.users === 0) this.#bytes -= entry.bytes.length
    }
    return { bytes: entry.bytes, version: entry.version, release }
  }

  #makeRoom(size: number): boolean {
    for (const [path, entry] of this.#entries) {
      if (this.#bytes + size <= this.#limits.memory) return true
      if (entry.users === 0) this.#drop(path)
    }
    return this.#bytes + size <= this.#limits.memory
  }

  #drop(path: string): void {
    const entry = this.#entries.get(path)
    if (!entry) return
    this.#entries.delete(path)
    entry.isOut = true
    if (entry.users === 0) this.#bytes -= entry.bytes.length
  }

  #remember(identity: Identity, tag: string): void {
    if (this.#tags.size >= 10_000) this.#tags.clear()
    this.#tags.set(identity, tag)
  }
}

interface Entry {
  readonly path: string
  readonly bytes: Buffer
  readonly version: Version
  readonly identity: Identity
  /** Until then nobody looks at the file again. */
  lookAt: number
  users: number
  /** Thrown out or replaced, but perhaps still being sent. */
  isOut: boolean
}

const lookEvery = 1000
const pieceSize = 1 << 20

function isSame({ version }: Entry, { size, mtimeMs }: FileContent): boolean {
  // The shelf has its milliseconds from a double, ours come from nanoseconds.
  return version.size === size && Math.abs(version.mtimeMs - mtimeMs) < 0.01
}

/** Reads and digests in pieces: hashing 256 MiB at once would hold every other client for a tenth of a second. */
async function readWhole(file: OpenFile): Promise<{ bytes: Buffer; tag: string }> {
  const bytes = Buffer.allocUnsafeSlow(file.size)
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.length; at += pieceSize) {
    const piece = bytes.subarray(at, at + pieceSize)
    await file.read(piece, at)
    hash.update(piece)
  }
  return { bytes, tag: tagOfDigest(hash.digest()) }
}
