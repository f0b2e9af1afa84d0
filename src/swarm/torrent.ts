import { createHash } from 'node:crypto'
import { bencode } from './bencode.ts'

const smallest = 256 << 10
const largest = 16 << 20
const mostPieces = 1500

/** One blob as a torrent; the same for everybody who pulls it, whoever tells them of each other. */
export interface Torrent {
  /** The name of the file. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** The SHA-1 of each piece, one behind the other. */
  readonly pieces: Uint8Array
}

/** Bytes of a piece: a power of two, so that a blob has not many more than a thousand. */
export function pieceLength(size: number): number {
  let length = smallest
  while (length < largest && size / length > mostPieces) length *= 2
  return length
}

/** The SHA-1 of each piece of what is read, which must have that many bytes. */
export async function hashPieces(bytes: AsyncIterable<Uint8Array>, size: number): Promise<Buffer> {
  const length = pieceLength(size)
  const sums: Buffer[] = []
  let hash = createHash('sha1')
  let filled = 0
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + length - filled)
      hash.update(part)
      at += part.length
      filled += part.length
      if (filled < length) continue
      sums.push(hash.digest())
      hash = createHash('sha1')
      filled = 0
    }
  }
  if (filled > 0) sums.push(hash.digest())
  return Buffer.concat(sums)
}

/** BEP 3; BEP 19 for the web seed, for whom there is one. `private` (BEP 27): clients ask this tracker and nobody else. */
export function metainfo(torrent: Torrent, announce: string, seed: string | undefined): Buffer {
  return bencode({ announce, info: infoOf(torrent), ...(seed !== undefined && { 'url-list': [seed] }) })
}

/** What the tracker knows a torrent by: 40 hex digits. */
export function infoHash(torrent: Torrent): string {
  return createHash('sha1')
    .update(bencode(infoOf(torrent)))
    .digest('hex')
}

function infoOf({ name, size, pieces }: Torrent) {
  return { length: size, name, 'piece length': pieceLength(size), pieces, private: 1 }
}
