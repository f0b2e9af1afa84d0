import { pipeline } from 'node:stream/promises'
import type { Digest } from '../image/digest.ts'
import type { Library } from '../image/library.ts'
import { RegistryError } from '../image/registry-error.ts'
import type { Buffers } from './buffers.ts'
import { judge } from './conditions.ts'
import type { Exchange } from './exchange.ts'
import { OpenFile } from './open-file.ts'
import type { Part } from './range.ts'
import { sendUnchanging } from './sendfile.ts'

interface BlobAsked {
  readonly digest: Digest
  /** Asked when the first byte goes out, and while the rest does: false ends it there. */
  readonly mayGoOn: () => boolean
}

/** GET and HEAD of a blob, whole or a range; by the file itself when it is one of this host. */
export async function sendBlob(store: Library, buffers: Buffers, exchange: Exchange, asked: BlobAsked): Promise<void> {
  const { digest, mayGoOn } = asked
  using _ = store.reading(digest)
  const found = await store.blob(digest)
  if (!found) throw new RegistryError('BLOB_UNKNOWN', 'the blob is not here')
  if (found.path === undefined) return await sendStream(store, exchange, asked, found.size)
  await using file = await OpenFile.open(found.path)
  const part = begin(exchange, asked, file.size)
  if (part) await sendUnchanging(exchange.response, file, part, buffers, (bytes) => going(exchange, bytes, mayGoOn))
}

async function sendStream(store: Library, exchange: Exchange, asked: BlobAsked, size: number): Promise<void> {
  const { digest, mayGoOn } = asked
  const part = begin(exchange, asked, size)
  if (!part) return
  const stream = await store.open(digest, part.from)
  const sent = (bytes: number): void => going(exchange, bytes, mayGoOn)
  await pipeline(stream, (chunks: AsyncIterable<Buffer>) => upTo(chunks, part, sent), exchange.response)
}

async function* upTo(
  chunks: AsyncIterable<Buffer>,
  { from, to }: Part,
  sent: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let left = to - from + 1
  for await (const chunk of chunks) {
    const piece = chunk.subarray(0, left)
    left -= piece.length
    yield piece
    sent(piece.length)
    if (left === 0) return
  }
}

/** Writes the head; the part that must follow comes back. A digest names the same bytes for ever, so it is the tag as well. */
function begin(exchange: Exchange, { digest, mayGoOn }: BlobAsked, size: number): Part | undefined {
  if (!mayGoOn()) throw new RegistryError('DENIED', 'these credentials do not allow that any more')
  const { request, response, isHead } = exchange
  const tag = `"${digest}"`
  const verdict = judge(request.method ?? 'GET', request.headers, { tag, mtimeMs: 0, size }, Date.now())
  const same = { ETag: tag, 'Docker-Content-Digest': digest, 'Cache-Control': 'private, max-age=31536000, immutable' }
  if (verdict.status === 416) {
    const headers = { 'Content-Range': `bytes */${size}` }
    throw new RegistryError('RANGE_INVALID', `the blob has ${size} bytes`, { headers })
  }
  const part = verdict.status === 206 ? verdict.part : { from: 0, to: size - 1 }
  const hasBody = verdict.status === 200 || verdict.status === 206
  const length = part.to - part.from + 1
  response.writeHead(verdict.status, {
    ...same,
    ...(hasBody && { 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes', 'Content-Length': length }),
    ...(verdict.status === 206 && { 'Content-Range': `bytes ${part.from}-${part.to}/${size}` }),
  })
  if (verdict.status === 206) exchange.note(undefined, `bytes ${part.from}-${part.to} of ${size}`)
  if (hasBody && !isHead && length > 0) return part
  response.end()
  return undefined
}

/** A right that ends in the middle ends the transfer, too. */
function going(exchange: Exchange, bytes: number, mayGoOn: () => boolean): void {
  exchange.progress(bytes)
  if (mayGoOn()) return
  exchange.note('refused', 'the right to it ended in the middle')
  exchange.response.destroy()
}
