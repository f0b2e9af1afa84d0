import { createHash, type Hash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { PassThrough, pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { invalid, printable, type TarEntry } from './tar-entry.ts'
import { TarReader } from './tar-read.ts'
import { SparseContent } from './tar-sparse.ts'

/** The magic of each compression; a tar has none in its first bytes. */
const magics = [
  { kind: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { kind: 'gzip', bytes: [0x1f, 0x8b] },
  { kind: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { kind: 'bzip2', bytes: [0x42, 0x5a, 0x68] },
  { kind: 'lz4', bytes: [0x04, 0x22, 0x4d, 0x18] },
] as const

/** The tar inside, whatever it is compressed with: told by its first bytes, not by its name. */
export async function unpacked(compressed: Readable): Promise<Readable> {
  const { head: first, stream } = await peek(compressed, 8)
  const magic = magics.find(({ bytes }) => bytes.every((byte, index) => first[index] === byte))
  switch (magic?.kind) {
    case undefined:
      return stream
    case 'zstd':
      return joined(stream, createZstdDecompress({ chunkSize: 1 << 18 }))
    case 'gzip':
      return joined(stream, createGunzip({ chunkSize: 1 << 18 }))
    case 'xz':
    case 'bzip2':
    case 'lz4':
      return through(stream, magic.kind)
  }
}

/**
 * The first bytes of a stream, `least` of them where it has so many, and a stream that still has them. Throws `image-invalid` where what it is
 * compressed with is damaged.
 */
export async function peek(stream: Readable, least: number): Promise<{ head: Uint8Array; stream: Readable }> {
  const held: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      held.push(chunk as Buffer)
      size += (chunk as Buffer).length
      if (size >= least) break
    }
  } catch (error) {
    throw readable(error)
  }
  const head = Buffer.concat(held)
  if (stream.readableEnded) return { head, stream: Readable.from(head, { objectMode: false }) }
  if (head.length > 0) stream.unshift(head)
  return { head, stream }
}

/** One stream whose failure is the failure of either. */
function joined(stream: Readable, into: NodeJS.ReadWriteStream): Readable {
  const out = new PassThrough({ highWaterMark: 1 << 19 })
  pipeline(stream, into, out, () => undefined)
  return out
}

function through(stream: Readable, program: string): Readable {
  const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const out = new PassThrough({ highWaterMark: 1 << 19 })
  child.once('error', (error) =>
    out.destroy(invalid(`${program} is not here: ${error.message}`, `apt-get install ${program}`)),
  )
  pipeline(stream, child.stdin, () => undefined)
  child.stdout.pipe(out, { end: false })
  child.once('close', (code) => {
    if (code === 0) out.end()
    else out.destroy(invalid(`${program} could not unpack it: it ended with ${code}`))
  })
  out.once('close', () => child.kill())
  return out
}

export interface EntryVisitor {
  readonly entry: (entry: TarEntry) => void
  /** Wanted for its content: then `hash` is called with its SHA-256. */
  readonly wants?: (entry: TarEntry) => boolean
  readonly hash?: (entry: TarEntry, sha256: string) => void
}

/** Walks over a tar, and sums what is wanted. Throws `image-invalid` for a bad one, wherever its badness shows. */
export async function readTar(tar: AsyncIterable<Uint8Array>, visitor: EntryVisitor): Promise<void> {
  const reader = new TarReader()
  let summing: Summing | undefined
  const close = (): void => {
    if (summing) visitor.hash?.(summing.entry, summing.finish())
    summing = undefined
  }
  try {
    for await (const chunk of tar) {
      for (const piece of reader.read(chunk)) {
        if (piece.kind === 'data') summing?.see(piece.bytes)
        if (piece.kind === 'entry') {
          close()
          visitor.entry(piece.entry)
          if (piece.entry.type === 'file' && visitor.wants?.(piece.entry)) summing = new Summing(piece.entry)
        }
      }
    }
  } catch (error) {
    throw readable(error)
  }
  reader.finish()
  close()
}

/** What zlib says of damaged bytes, as a fault. */
function readable(error: unknown): unknown {
  const code = (error as { code?: unknown }).code
  const ofZlib = typeof code === 'string' && /^(?:Z_|ZSTD_|ERR_|UNZIP)/.test(code)
  return ofZlib
    ? invalid(`the tar does not unpack: ${(error as Error).message}`, 'it was cut short or damaged: copy it again')
    : error
}

class Summing {
  readonly entry: TarEntry
  readonly #hash: Hash = createHash('sha256')
  readonly #sparse: SparseContent | undefined

  constructor(entry: TarEntry) {
    this.entry = entry
    if (entry.sparse) {
      if (entry.size - entry.stored > largestHole)
        throw invalid(`${printable(entry.path)} has holes of ${entry.size - entry.stored} bytes: too many to sum`)
      this.#sparse = new SparseContent(entry.sparse, entry.size)
    }
  }

  see(bytes: Uint8Array): void {
    if (!this.#sparse) this.#hash.update(bytes)
    else for (const part of this.#sparse.read(bytes)) this.#hash.update(part)
  }

  finish(): string {
    if (this.#sparse) for (const part of this.#sparse.finish()) this.#hash.update(part)
    return this.#hash.digest('hex')
  }
}

/** A sparse bomb must not keep a processor busy for hours: 64 GiB of zeros take half a minute. */
export const largestHole = 64 * 1024 ** 3
