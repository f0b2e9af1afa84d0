import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../image/digest.ts'
import type { ImageStore } from '../image/store.ts'
import { hashPieces, pieceLength, type Torrent } from './torrent.ts'

/** The torrents of layers: each layer is read once for it, ever. */
export class PieceBook {
  readonly #directory: string
  readonly #store: ImageStore
  readonly #known = new Map<Digest, Promise<Torrent>>()

  constructor(directory: string, store: ImageStore) {
    this.#directory = directory
    this.#store = store
  }

  /** Throws `image-missing`. */
  torrentOf(digest: Digest, size: number): Promise<Torrent> {
    const before = this.#known.get(digest)
    if (before) return before
    const making = this.#read(digest, size)
    this.#known.set(digest, making)
    making.catch(() => this.#known.delete(digest))
    return making
  }

  async #read(digest: Digest, size: number): Promise<Torrent> {
    const name = digest.slice('sha256:'.length)
    const path = join(this.#directory, name)
    const kept = await readFile(path).catch(() => undefined)
    if (kept?.length === Math.ceil(size / pieceLength(size)) * 20) return { name, size, pieces: kept }
    const pieces = await hashPieces((await this.#store.open(digest)) as AsyncIterable<Uint8Array>, size)
    await this.#keep(path, pieces)
    return { name, size, pieces }
  }

  async #keep(path: string, pieces: Uint8Array): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const half = `${path}.${randomBytes(6).toString('hex')}`
    try {
      await writeFile(half, pieces, { mode: 0o600 })
      await rename(half, path)
    } finally {
      await rm(half, { force: true })
    }
  }
}
