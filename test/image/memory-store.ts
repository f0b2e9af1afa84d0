import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Fault } from '../../src/fault.ts'
import { digestOf, type Digest } from '../../src/image/digest.ts'
import type { ImageConfig, Manifest } from '../../src/image/oci.ts'
import type { ImageStore, ImageVersion } from '../../src/image/store.ts'

/** A keeper of images in memory, true in what captures rely on: nothing is seen before it is committed, numbers only go up. */
export class MemoryStore implements ImageStore {
  readonly blobs = new Map<Digest, Buffer>()
  readonly versions: ImageVersion[] = []
  /** Writers that were opened, and those that were committed. */
  opened = 0
  committed = 0
  /** Bytes until the disk is full. */
  room = Number.POSITIVE_INFINITY

  blob(digest: Digest): Promise<{ size: number } | undefined> {
    const bytes = this.blobs.get(digest)
    return Promise.resolve(bytes && { size: bytes.length })
  }

  open(digest: Digest, from = 0): Promise<Readable> {
    const bytes = this.blobs.get(digest)
    if (!bytes) return Promise.reject(new Fault('image-missing', `no blob ${digest}`))
    return Promise.resolve(Readable.from(pieces(bytes.subarray(from))))
  }

  write(): ReturnType<ImageStore['write']> {
    this.opened++
    const chunks: Buffer[] = []
    let size = 0
    return Promise.resolve({
      write: (chunk: Uint8Array): Promise<void> => {
        size += chunk.length
        this.room -= chunk.length
        if (this.room < 0)
          return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
        chunks.push(Buffer.from(chunk))
        return Promise.resolve()
      },
      get size() {
        return size
      },
      commit: (expected?: Digest): Promise<{ digest: Digest; size: number }> => {
        const bytes = Buffer.concat(chunks)
        const digest = digestOf(createHash('sha256').update(bytes).digest('hex'))
        if (expected && expected !== digest)
          return Promise.reject(new Fault('digest-mismatch', `${digest} is not ${expected}`))
        this.blobs.set(digest, bytes)
        this.committed++
        return Promise.resolve({ digest, size })
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
  }

  async put(name: string, tag: string | undefined, bytes: Uint8Array): Promise<ImageVersion> {
    const manifest = JSON.parse(Buffer.from(bytes).toString()) as Manifest
    for (const { digest } of [manifest.config, ...manifest.layers])
      if (!this.blobs.has(digest)) throw new Fault('image-invalid', `no blob ${digest}`)
    const digest = digestOf(createHash('sha256').update(bytes).digest('hex'))
    this.blobs.set(digest, Buffer.from(bytes))
    const numbers = this.versions.filter((one) => one.name === name).flatMap(({ tags }) => tags.map(Number))
    const number = tag ?? String(Math.max(0, ...numbers.filter(Number.isInteger)) + 1)
    const version = { name, tags: [number], digest, manifest, createdAt: 0 }
    this.versions.push(version)
    return Promise.resolve(version)
  }

  find({ name, tag, digest }: { name: string; tag?: string; digest?: Digest }): Promise<ImageVersion | undefined> {
    const found = this.versions.filter((one) => one.name === name)
    if (digest) return Promise.resolve(found.find((one) => one.digest === digest))
    return Promise.resolve(tag === undefined ? found.at(-1) : found.find(({ tags }) => tags.includes(tag)))
  }

  list(name?: string): Promise<readonly ImageVersion[]> {
    return Promise.resolve(this.versions.filter((one) => name === undefined || one.name === name))
  }

  config(version: ImageVersion): Promise<ImageConfig> {
    return Promise.resolve(JSON.parse(this.blobs.get(version.manifest.config.digest)!.toString()) as ImageConfig)
  }

  untag(): Promise<boolean> {
    return Promise.resolve(false)
  }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65536) yield bytes.subarray(at, at + 65536)
}
