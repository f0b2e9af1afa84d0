import { createHash, type Hash } from 'node:crypto'
import { Fault } from '../fault.ts'
import { digestOf, type Digest } from './digest.ts'
import type { RegistryClient } from './registry-client.ts'
import type { BlobWriter } from './store.ts'

/** Bytes of one chunk: above the 5 MiB that registries over S3 ask for. */
const chunkSize = 16 << 20

/** A blob on its way into another registry, in chunks (distribution spec 1.1, "Pushing a blob in chunks"). */
export class RegistryWriter implements BlobWriter {
  readonly #client: RegistryClient
  readonly #hash: Hash = createHash('sha256')
  #location: URL
  #chunk: Buffer = Buffer.allocUnsafe(64 << 10)
  #filled = 0
  #size = 0
  #isOpen = true

  private constructor(client: RegistryClient, location: URL) {
    this.#client = client
    this.#location = location
  }

  static async open(client: RegistryClient, repository: string): Promise<RegistryWriter> {
    const started = await client.expect([202], `${repository}/blobs/uploads/`, { method: 'POST' })
    return new RegistryWriter(client, client.follow(started.headers.get('location')))
  }

  get size(): number {
    return this.#size
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (!this.#isOpen) throw new Fault('internal', 'a blob is written to after its end')
    this.#hash.update(chunk)
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + chunkSize - this.#filled)
      this.#grow(this.#filled + piece.length)
      this.#chunk.set(piece, this.#filled)
      this.#filled += piece.length
      this.#size += piece.length
      at += piece.length
      if (this.#filled === chunkSize) await this.#send()
    }
  }

  async commit(expected?: Digest): Promise<{ readonly digest: Digest; readonly size: number }> {
    const digest = digestOf(this.#hash.digest('hex'))
    if (expected !== undefined && expected !== digest) {
      await this[Symbol.asyncDispose]()
      throw new Fault('digest-mismatch', `${this.#size} bytes came that are ${digest}, not ${expected}`)
    }
    if (this.#filled > 0) await this.#send()
    const end = new URL(this.#location)
    end.searchParams.set('digest', digest)
    await this.#client.expect([201], end, { method: 'PUT', headers: { 'content-length': '0' } })
    this.#isOpen = false
    return { digest, size: this.#size }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    // A registry that cannot be reached any more drops the upload when its own time is over.
    await this.#client.ask(this.#location, { method: 'DELETE' }).catch(() => {})
  }

  async #send(): Promise<void> {
    const from = this.#size - this.#filled
    const headers = { 'content-type': 'application/octet-stream', 'content-range': `${from}-${this.#size - 1}` }
    const body = this.#chunk.subarray(0, this.#filled)
    const answer = await this.#client.expect([202, 204], this.#location, { method: 'PATCH', headers, body })
    this.#location = this.#client.follow(answer.headers.get('location'))
    this.#filled = 0
  }

  // Most blobs are configurations of a few KiB.
  #grow(wanted: number): void {
    if (wanted <= this.#chunk.length) return
    const larger = Buffer.allocUnsafe(wanted > 1 << 20 ? chunkSize : 1 << 20)
    larger.set(this.#chunk.subarray(0, this.#filled))
    this.#chunk = larger
  }
}
