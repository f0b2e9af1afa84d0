import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { digestOf } from './digest.ts'
import { annotation, media } from './oci.ts'
import type { ImageStore, Layer } from './store.ts'
import type { TarEntry } from './tar-entry.ts'
import { TarReader } from './tar-read.ts'
import { LayerTree } from './tree.ts'

export interface LayerOptions {
  /** Of zstd, 1 to 19. When not given: 3 while the processor keeps up with the source, 1 while the source would wait for it. */
  readonly level?: number
  /** Pieces that are compressed at the same time; 3 when not given. */
  readonly workers?: number
  readonly signal?: AbortSignal
  /** Called for every entry as it passes, and whenever something was written. */
  readonly onEntry?: (entry: TarEntry) => void
  readonly onBytes?: (unpacked: number, packed: number) => void
}

export interface WrittenLayer {
  readonly layer: Layer
  readonly tree: LayerTree
  /** Bytes of the tar, and of the blob. */
  readonly unpacked: number
  readonly packed: number
}

/**
 * Takes a tar as it comes, compresses it into a blob of the store and learns what is in it, all in one pass: the payload goes
 * through untouched. Nothing is kept unless the tar was whole; throws `image-invalid` when it was not.
 */
export async function writeLayer(
  store: ImageStore,
  tar: AsyncIterable<Uint8Array>,
  options: LayerOptions = {},
): Promise<WrittenLayer> {
  await using blob = await store.write()
  const pass = new LayerPass(options)
  for await (const bytes of compressed(pass.through(tar), options)) {
    await blob.write(bytes)
    options.onBytes?.(pass.unpacked, blob.size)
    options.signal?.throwIfAborted()
  }
  const { digest, size } = await blob.commit()
  const annotations = {
    [annotation.unpacked]: String(pass.unpacked),
    ...(!pass.hasAcls && { [annotation.acls]: 'no' }),
  }
  const descriptor = { mediaType: media.layerZstd, digest, size, annotations }
  return {
    layer: { descriptor, diffId: digestOf(pass.hash.digest('hex')) },
    tree: pass.tree,
    unpacked: pass.unpacked,
    packed: size,
  }
}

/** Sums and reads what passes. */
class LayerPass {
  readonly tree = new LayerTree()
  readonly hash = createHash('sha256')
  readonly #reader = new TarReader()
  readonly #options: LayerOptions
  unpacked = 0
  hasAcls = false

  constructor(options: LayerOptions) {
    this.#options = options
  }

  async *through(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of tar) {
      this.#options.signal?.throwIfAborted()
      this.hash.update(chunk)
      this.unpacked += chunk.length
      for (const piece of this.#reader.read(chunk)) {
        if (piece.kind !== 'entry') continue
        this.tree.add(piece.entry)
        this.hasAcls ||= hasAcl(piece.entry)
        this.#options.onEntry?.(piece.entry)
      }
      yield chunk
    }
    this.#reader.finish()
  }
}

/** As GNU tar and star write them, and as a plain extended attribute. */
function hasAcl({ xattrs }: TarEntry): boolean {
  return xattrs?.keys().some((key) => key.startsWith('SCHILY.acl.') || key.includes('system.posix_acl_')) ?? false
}

const zstd = promisify(zstdCompress) as (bytes: Uint8Array, options: object) => Promise<Buffer>
const frame = 4 * 1024 * 1024

/**
 * Frames of zstd one after the other (RFC 8878 §3), several made at once: one stream to every reader. Node's own stream with
 * `nbWorkers` takes input that the library leaves for later as the end, and silently cuts the rest.
 */
async function* compressed(
  chunks: AsyncIterable<Uint8Array>,
  { level, workers = 3 }: LayerOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const queue: Promise<Uint8Array>[] = []
  let busy = 0
  for await (const piece of pieces(chunks, workers + 1)) {
    // Level 1 takes 0.4 of level 3's time for 1.12 of its bytes.
    const made = compress(piece, level ?? (busy >= workers - 1 ? 1 : 3)).finally(() => busy--)
    busy++
    // Heard when its turn comes; when that never comes, nobody asks.
    made.catch(() => undefined)
    queue.push(made)
    if (queue.length >= workers) yield await queue.shift()!
  }
  for (const made of queue) yield await made
}

function compress(piece: Uint8Array, level: number): Promise<Uint8Array> {
  return zstd(piece, {
    // Room for what does not compress, so that each frame is one step of work.
    chunkSize: frame + frame / 64,
    pledgedSrcSize: piece.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  })
}

/** Full pieces, each valid until `turns - 1` more were asked for: their memory goes round. */
async function* pieces(chunks: AsyncIterable<Uint8Array>, turns: number): AsyncGenerator<Uint8Array, void, void> {
  const round = Array.from({ length: turns }, () => Buffer.allocUnsafeSlow(frame))
  let turn = 0
  let piece = round[0]!
  let used = 0
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + frame - used)
      piece.set(part, used)
      used += part.length
      from += part.length
      if (used < frame) continue
      yield piece
      piece = round[++turn % turns]!
      used = 0
    }
  }
  if (used > 0) yield piece.subarray(0, used)
}
