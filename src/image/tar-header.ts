import { invalid } from './tar-entry.ts'

export const block = 512

/** The fields of one 512-byte header as they stand (POSIX.1-2017 pax, ustar; GNU's base-256 numbers). */
export interface RawHeader {
  readonly name: string
  readonly prefix: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly type: string
  readonly link: string
  readonly major: number
  readonly minor: number
  readonly ustar: boolean
}

/** Throws `image-invalid` with the byte where the header stands. */
export function readHeader(bytes: Buffer, at: number): RawHeader {
  checkSum(bytes, at)
  const magic = bytes.toString('latin1', 257, 263)
  const ustar = magic === 'ustar\0'
  const size = number(bytes, 124, 12, at, 'size')
  if (size < 0) throw invalid(`the tar has a negative size at byte ${at}`)
  return {
    name: text(bytes, 0, 100),
    mode: number(bytes, 100, 8, at, 'mode') & 0o7777,
    uid: id(bytes, 108, at, 'owner'),
    gid: id(bytes, 116, at, 'group'),
    size,
    mtime: number(bytes, 136, 12, at, 'time'),
    type: bytes.toString('latin1', 156, 157),
    link: text(bytes, 157, 100),
    major: number(bytes, 329, 8, at, 'device'),
    minor: number(bytes, 337, 8, at, 'device'),
    // Old GNU headers (`ustar  \0`) keep times and sparse maps where POSIX has the prefix.
    prefix: ustar ? text(bytes, 345, 155) : '',
    ustar,
  }
}

export function isZero(bytes: Buffer): boolean {
  return bytes.equals(zeros)
}

const zeros = Buffer.alloc(block)

export function text(bytes: Buffer, from: number, length: number): string {
  const end = bytes.indexOf(0, from)
  return bytes.toString('latin1', from, end < 0 || end > from + length ? from + length : end)
}

/** Octal digits, or base-256 when the top bit is set (two's complement). Throws when it is neither, or no safe integer. */
export function number(bytes: Buffer, from: number, length: number, at: number, what: string): number {
  if (bytes[from]! & 0x80) return base256(bytes, from, length, at, what)
  const digits = text(bytes, from, length).trim()
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw invalid(`the tar has a ${what} that is no number, at byte ${at}`)
  return Number.parseInt(digits, 8)
}

function base256(bytes: Buffer, from: number, length: number, at: number, what: string): number {
  const negative = (bytes[from]! & 0x40) !== 0
  let value = BigInt(bytes[from]! & 0x3f)
  for (let index = from + 1; index < from + length; index++) value = (value << 8n) | BigInt(bytes[index]!)
  if (negative) value -= 1n << BigInt(length * 8 - 2)
  const result = Number(value)
  if (!Number.isSafeInteger(result)) throw invalid(`the tar has a ${what} beyond all measure, at byte ${at}`)
  return result
}

function id(bytes: Buffer, from: number, at: number, what: string): number {
  const value = number(bytes, from, 8, at, what)
  if (value < 0 || value > 0xffff_ffff) throw invalid(`the tar has an ${what} number that no system has, at byte ${at}`)
  return value
}

/** Some old writers summed signed bytes; every reader takes both. */
function checkSum(bytes: Buffer, at: number): void {
  let unsigned = 8 * 32
  let high = 0
  for (let index = 0; index < block; index++) {
    if (index === 148) index = 156
    const byte = bytes[index]!
    unsigned += byte
    if (byte > 127) high++
  }
  const told = Number.parseInt(text(bytes, 148, 8).trim(), 8)
  if (told !== unsigned && told !== unsigned - high * 256)
    throw invalid(`no tar header at byte ${at}, or it is damaged`, 'is it a tar, and was it copied whole?')
}
