import { createHash, randomUUID, type Hash } from 'node:crypto'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../fault.ts'
import { digestOf, type Digest } from './digest.ts'
import { diskFault } from './durable.ts'
import { lifeOf, readOwner, self } from './owner.ts'
import type { BlobWriter } from './store.ts'

/** Of a process about which nothing can be known (another boot or container): what it wrote is kept this long. Milliseconds. */
const longestSilence = 3_600_000

/** Puts a finished file in its place. */
type Land = (path: string, digest: Digest) => Promise<void>

/** Where files are written before they have a name. Each carries its process in its name, so that a later one can sweep up. */
export class Ingest {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** A path that nobody else uses. */
  path(): string {
    return join(this.#directory, `${self()}-${randomUUID()}`)
  }

  async write(land: Land): Promise<BlobWriter> {
    const path = this.path()
    try {
      return new BlobFile(await open(path, 'wx', 0o600), path, land)
    } catch (error) {
      throw diskFault(error, path)
    }
  }

  /** Removes what dead processes left; how many files that were. `now` in milliseconds since 1970. */
  sweep(now: number): number {
    let count = 0
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name)
      if (!isOrphan(path, name, now)) continue
      rmSync(path, { force: true, recursive: true })
      count++
    }
    return count
  }
}

function isOrphan(path: string, name: string, now: number): boolean {
  const owner = readOwner(name.split('-')[0]!)
  const life = owner ? lifeOf(owner) : 'unknown'
  if (life !== 'unknown') return life === 'dead'
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && now - stat.mtimeMs > longestSilence
}

/** Bytes are copied into one buffer while the disk takes the other: chunks of 64 KiB would cost a trip through the thread pool each. */
const bufferSize = 1 << 20

class BlobFile implements BlobWriter {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #land: Land
  readonly #hash: Hash = createHash('sha256')
  #filling: Buffer = Buffer.allocUnsafeSlow(bufferSize)
  #spare: Buffer | undefined
  #filled = 0
  #size = 0
  #flushing: Promise<void> = Promise.resolve()
  #isOpen = true

  constructor(handle: FileHandle, path: string, land: Land) {
    this.#handle = handle
    this.#path = path
    this.#land = land
  }

  get size(): number {
    return this.#size
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (!this.#isOpen) throw new Fault('internal', 'a blob is written to after its end')
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + bufferSize - this.#filled)
      this.#filling.set(piece, this.#filled)
      this.#filled += piece.length
      this.#size += piece.length
      at += piece.length
      if (this.#filled === bufferSize) await this.#flush()
    }
  }

  async commit(expected?: Digest): Promise<{ readonly digest: Digest; readonly size: number }> {
    await this.#flush()
    await this.#flushing.catch((error: unknown) => this.#fail(error))
    const digest = digestOf(this.#hash.digest('hex'))
    if (expected !== undefined && digest !== expected) {
      await this.#drop()
      throw new Fault('digest-mismatch', `${this.#size} bytes came that are ${digest}, not ${expected}`)
    }
    try {
      await this.#handle.sync()
      await this.#close()
      await this.#land(this.#path, digest)
    } catch (error) {
      await this.#fail(error)
    }
    return { digest, size: this.#size }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) await this.#drop()
  }

  /** Waits for the buffer before this one, then lets the disk have this one. */
  async #flush(): Promise<void> {
    await this.#flushing.catch((error: unknown) => this.#fail(error))
    const [full, length] = [this.#filling, this.#filled]
    this.#filling = this.#spare ?? Buffer.allocUnsafeSlow(bufferSize)
    this.#spare = full
    this.#filled = 0
    this.#flushing = this.#put(full.subarray(0, length))
    // Heard by whoever writes next.
    this.#flushing.catch(() => {})
  }

  async #put(bytes: Uint8Array): Promise<void> {
    const position = this.#size - bytes.length
    const writing = writeAll(this.#handle, bytes, position)
    this.#hash.update(bytes)
    await writing
  }

  async #fail(error: unknown): Promise<never> {
    await this.#drop()
    throw diskFault(error, this.#path)
  }

  async #drop(): Promise<void> {
    await this.#flushing.catch(() => {})
    await this.#close()
    await rm(this.#path, { force: true })
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#handle.close()
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}
