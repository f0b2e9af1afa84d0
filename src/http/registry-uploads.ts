import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Digest } from '../image/digest.ts'
import { readChunkRange } from '../image/registry-call.ts'
import { RegistryError } from '../image/registry-error.ts'
import type { BlobWriter, ImageStore } from '../image/store.ts'
import { unhurried } from './unhurried.ts'

export interface UploadLimits {
  /** Bytes of one blob. */
  readonly largest: number
  /** At once, all clients together. */
  readonly most: number
  /** Milliseconds without a byte, after which a half upload is dropped. */
  readonly patience: number
}

export const defaultUploadLimits: UploadLimits = { largest: 2 ** 40, most: 64, patience: 3_600_000 }

/** Milliseconds between two requests of a client that goes on. */
const breath = 10_000

interface Upload {
  readonly id: string
  readonly name: string
  readonly writer: BlobWriter
  isBusy: boolean
  lastAt: number
}

/**
 * Blobs that are on their way. They live in this process: after a restart the client is told that its upload is unknown and starts
 * again, and the opening of the store has swept what was there.
 */
export class Uploads implements AsyncDisposable {
  readonly #open = new Map<string, Upload>()
  readonly #store: Pick<ImageStore, 'write'>
  readonly #limits: UploadLimits
  readonly #now: () => number

  constructor(store: Pick<ImageStore, 'write'>, limits: UploadLimits, now: () => number) {
    this.#store = store
    this.#limits = limits
    this.#now = now
  }

  async start(name: string): Promise<Upload> {
    await this.sweep()
    if (this.#open.size >= this.#limits.most && !(await this.#makeRoom()))
      throw new RegistryError('TOOMANYREQUESTS', 'too many uploads at once', { headers: { 'Retry-After': '30' } })
    const upload = { id: randomUUID(), name, writer: await this.#store.write(), isBusy: false, lastAt: this.#now() }
    this.#open.set(upload.id, upload)
    return upload
  }

  find(name: string, id: string): Upload {
    const upload = this.#open.get(id)
    if (upload?.name === name) return upload
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'no upload has that name; start a new one')
  }

  /** Adds a chunk as it comes in. A client that breaks off may go on from where `size` is then. */
  async append(upload: Upload, request: IncomingMessage): Promise<void> {
    await this.#alone(upload, () => this.#take(upload, request))
  }

  /** What is left of the body, then the end. The upload is gone after it, well or not. */
  async end(upload: Upload, request: IncomingMessage, digest: Digest): Promise<void> {
    await this.#alone(upload, async () => {
      await this.#take(upload, request)
      // The disk may take longer to have everything than a silent connection is kept.
      try {
        await unhurried(request, () => upload.writer.commit(digest))
      } finally {
        await this.#drop(upload)
      }
    })
  }

  async cancel(upload: Upload): Promise<void> {
    await this.#alone(upload, () => this.#drop(upload))
  }

  /** Drops those that nobody goes on with. */
  async sweep(): Promise<void> {
    const until = this.#now() - this.#limits.patience
    const late = [...this.#open.values()].filter(({ isBusy, lastAt }) => !isBusy && lastAt < until)
    await Promise.all(late.map((upload) => this.#drop(upload)))
  }

  /** The one that has been silent for longest gives way, unless somebody has only just stopped for breath. */
  async #makeRoom(): Promise<boolean> {
    const idle = [...this.#open.values()].filter(({ isBusy }) => !isBusy)
    const [oldest] = idle.toSorted((a, b) => a.lastAt - b.lastAt)
    if (!oldest || this.#now() - oldest.lastAt < breath) return false
    await this.#drop(oldest)
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map((upload) => this.#drop(upload)))
  }

  async #take(upload: Upload, request: IncomingMessage): Promise<void> {
    this.#checkRange(upload, request)
    this.#checkSize(upload.writer.size + Number(request.headers['content-length'] ?? 0))
    // Bytes that came before a client broke off count; after a failure here nothing of the upload is left.
    let isOurs = false
    try {
      // Not destroyed with the loop: the answer still has to go out over the same connection.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        isOurs = true
        this.#checkSize(upload.writer.size + chunk.length)
        await upload.writer.write(chunk)
        upload.lastAt = this.#now()
        isOurs = false
      }
    } catch (error) {
      if (isOurs) await this.#drop(upload)
      throw error
    }
  }

  /** Spec 1.1, "Pushing a blob in chunks": chunks come in order. */
  #checkRange({ id, name, writer: { size } }: Upload, { headers }: IncomingMessage): void {
    const text = headers['content-range']
    if (text === undefined) return
    const range = readChunkRange(text)
    const length = headers['content-length']
    const fits = range?.from === size && (length === undefined || Number(length) === range.to - range.from + 1)
    if (fits) return
    const where = uploadHeaders({ id, name, size })
    throw new RegistryError('RANGE_INVALID', `the next byte is ${size}`, { headers: where })
  }

  #checkSize(size: number): void {
    if (size > this.#limits.largest)
      throw new RegistryError('SIZE_INVALID', `a blob has at most ${this.#limits.largest} bytes here`)
  }

  async #alone(upload: Upload, work: () => Promise<void>): Promise<void> {
    if (upload.isBusy)
      throw new RegistryError('BLOB_UPLOAD_INVALID', 'this upload is being written to', { status: 409 })
    upload.isBusy = true
    try {
      await work()
    } finally {
      upload.isBusy = false
      upload.lastAt = this.#now()
    }
  }

  async #drop(upload: Upload): Promise<void> {
    this.#open.delete(upload.id)
    await upload.writer[Symbol.asyncDispose]()
  }
}

/** Where the client goes on. `Range` is inclusive, so an empty upload reads as `0-0`, as it does in every registry. */
export function uploadHeaders({ id, name, size }: { id: string; name: string; size: number }): Record<string, string> {
  return {
    Location: `/v2/${name}/blobs/uploads/${id}`,
    Range: `0-${Math.max(0, size - 1)}`,
    'Docker-Upload-UUID': id,
  }
}
