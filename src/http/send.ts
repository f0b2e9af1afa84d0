import type { ServerResponse } from 'node:http'
import type { Buffers, Loan } from './buffers.ts'
import type { OpenFile } from './open-file.ts'
import type { Part } from './range.ts'

/** Told how many more bytes the kernel has taken. */
export type Progress = (bytes: number) => void

/** Sends bytes of memory without copying them; in pieces, so that an abort says how far it came. */
export async function sendBytes(response: ServerResponse, bytes: Buffer, progress: Progress): Promise<void> {
  for (let at = 0; at < bytes.length; at += memoryPiece) {
    const piece = bytes.subarray(at, at + memoryPiece)
    if (!(await write(response, piece))) return
    progress(piece.length)
  }
  response.end()
}

/** Sends a part of a file through lent buffers, one being read while the other is written. Rejects when a read fails. */
export async function sendFile(
  response: ServerResponse,
  file: OpenFile,
  part: Part,
  lent: Buffers,
  progress: Progress,
): Promise<void> {
  let next: Promise<Piece> | undefined
  try {
    for (let at = part.from; at <= part.to;) {
      const piece = await (next ?? readPiece(file, at, part.to, lent))
      at += piece.bytes.length
      next = at <= part.to && lent.plenty ? readAhead(file, at, part.to, lent) : undefined
      const isTaken = await write(response, piece.bytes)
      piece.loan.release()
      if (!isTaken) return
      progress(piece.bytes.length)
    }
    response.end()
  } finally {
    void next?.then(({ loan }) => loan.release(), ignore)
  }
}

/**
 * One piece, of at most what a lent buffer holds; how many bytes the kernel has taken, 0 when the connection is gone. What is `cached` is read at
 * once: a trip through the thread pool takes longer.
 */
export async function sendPiece(
  response: ServerResponse,
  file: OpenFile,
  { from, to }: Part,
  lent: Buffers,
  cached: boolean,
): Promise<number> {
  using loan = lent.take()
  const bytes = loan.buffer.subarray(0, Math.min(loan.buffer.length, to + 1 - from))
  if (cached) file.readNow(bytes, from)
  else await file.read(bytes, from)
  return (await write(response, bytes)) ? bytes.length : 0
}

/** Up to this size one write is the whole answer. */
export const memoryPiece = 4 << 20

interface Piece {
  readonly bytes: Buffer
  readonly loan: Loan
}

async function readPiece(file: OpenFile, at: number, to: number, lent: Buffers): Promise<Piece> {
  const loan = lent.take()
  const bytes = loan.buffer.subarray(0, Math.min(loan.buffer.length, to + 1 - at))
  try {
    await file.read(bytes, at)
    return { bytes, loan }
  } catch (error) {
    loan.release()
    throw error
  }
}

function readAhead(file: OpenFile, at: number, to: number, lent: Buffers): Promise<Piece> {
  const piece = readPiece(file, at, to, lent)
  // It may fail while the piece before it is still being written: the failure is heard when its turn comes.
  piece.catch(ignore)
  return piece
}

/**
 * True when the kernel has all bytes, so their buffer may be used again; false when the connection is gone. The write's own callback
 * does not come for every way a connection can end, `close` does, and after it nothing reads the buffer any more.
 */
function write(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false)
    response.once('close', onClose)
    response.write(bytes, (error) => {
      response.off('close', onClose)
      resolve(!error)
    })
  })
}

function ignore(): void {}
