import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { libc } from '../net/libc.ts'
import type { Buffers } from './buffers.ts'
import type { OpenFile } from './open-file.ts'
import type { Part } from './range.ts'
import { sendFile, sendPiece, type Progress } from './send.ts'

/**
 * Sends a part of a file whose bytes never change, such as a layer: what lies in the page cache goes from there to the network by sendfile(2), without
 * two copies in between. Rejects when a read fails.
 */
export async function sendUnchanging(
  response: ServerResponse,
  file: OpenFile,
  part: Part,
  lent: Buffers,
  progress: Progress,
): Promise<void> {
  const short = part.to - part.from < 4 * window
  using cached = short ? undefined : openCached(file)
  if (!cached) return await sendFile(response, file, part, lent, progress)
  for (let at = part.from; at <= part.to;) {
    const isCached = cached.has(at)
    // A piece that is copied goes first each time: it waits until the connection can take more, which nothing else here tells.
    const size = isCached ? lead : window
    const piece = { from: at, to: Math.min(part.to, at + size - 1) }
    const sent = await sendPiece(response, file, piece, lent, isCached)
    if (sent === 0) return
    const left = part.to + 1 - at - sent
    const more = isCached && left > 0 ? moved(response.socket, file, at + sent, Math.min(window - sent, left)) : 0
    at += sent + more
    progress(sent + more)
  }
  response.end()
}

/** Bytes for one turn of the event loop: a fifth of a millisecond or so. */
const window = 1 << 20
const lead = 16 << 10

/** How many bytes the kernel took from the file to the connection without waiting; 0 when none, for whatever reason. */
function moved(socket: Socket | null, file: OpenFile, at: number, count: number): number {
  const fd = fdOf(socket)
  if (fd === undefined) return 0
  const offset = Buffer.alloc(8)
  offset.writeBigInt64LE(BigInt(at))
  // A full connection (EAGAIN) and a dead one are seen by the piece that follows.
  return Math.max(0, Number(libc().sendfile(fd, file.fd, offset, BigInt(count))))
}

/** Of a connection that has nothing waiting to be written: what is written past it must not overtake that. */
function fdOf(socket: Socket | null): number | undefined {
  if (!socket || socket.destroyed || socket.writableLength > 0 || 'encrypted' in socket) return undefined
  const fd = (socket as { readonly _handle?: { readonly fd?: number } })._handle?.fd
  return fd !== undefined && fd >= 0 ? fd : undefined
}

interface Cached extends Disposable {
  /** Whether a window from there lies in the page cache; sendfile would hold up everybody while the disk is read. */
  has(at: number): boolean
}

const PROT_READ = 1
const MAP_SHARED = 1
const MAP_FAILED = 2n ** 64n - 1n
const page = 4096

/** Undefined where the system cannot tell. */
function openCached(file: OpenFile): Cached | undefined {
  const size = BigInt(file.size)
  const c = libcHere()
  const start = c?.mmap(0n, size, PROT_READ, MAP_SHARED, file.fd, 0n)
  if (!c || start === undefined || start === MAP_FAILED) return undefined
  const pages = Buffer.alloc(window / page + 1)
  return {
    has(at) {
      const from = at - (at % page)
      const length = Math.min(window, file.size - from)
      if (c.mincore(start + BigInt(from), BigInt(length), pages) < 0) return false
      for (let index = 0; index * page < length; index++) if ((pages[index]! & 1) === 0) return false
      return true
    },
    [Symbol.dispose]: () => void c.munmap(start, size),
  }
}

function libcHere(): ReturnType<typeof libc> | undefined {
  try {
    return libc()
  } catch {
    return undefined
  }
}
