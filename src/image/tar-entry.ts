import { Fault } from '../fault.ts'

export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'char' | 'block' | 'fifo'

/** One member of a tar, whatever dialect it was written in. Text is latin1: one character is one byte of the name on the disk. */
export interface TarEntry {
  /** Without `./`, without a slash at either end; the root itself is empty. */
  readonly path: string
  /** The name as the archive says it, `./etc/hosts` or `etc/hosts`: by it GNU tar is asked for the entry. */
  readonly raw: string
  readonly type: EntryType
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of the file when it is unpacked, holes counted. */
  readonly size: number
  /** Bytes that follow the header, without padding. */
  readonly stored: number
  /** Seconds since 1970, rounded down; may be negative. */
  readonly mtime: number
  readonly nsec: number
  /** Of a symlink as it stands; of a hard link a path like `path`. */
  readonly target: string
  readonly major: number
  readonly minor: number
  /** Extended attributes, ACLs and labels under their PAX keys. */
  readonly xattrs: ReadonlyMap<string, string> | undefined
  readonly sparse: Sparse | undefined
}

/** `inline`: the map stands before the bytes (GNU sparse 1.0). Else pairs of offset and length. */
export type Sparse = 'inline' | readonly (readonly [offset: number, length: number])[]

const longestPath = 65536
const longestName = 255

/** Throws `image-invalid` for names that lead out of the tree, or that no file system can hold. */
export function cleanPath(raw: string): string {
  if (raw.includes('\0')) throw invalid(`a name holds a zero byte: ${printable(raw)}`)
  if (raw.startsWith('/')) throw invalid(`${printable(raw)} is an absolute name`, 'pack it with tar -C DIRECTORY .')
  if (raw.length > longestPath) throw invalid(`a name is ${raw.length} bytes long`)
  const parts = raw.split('/').filter((part) => part !== '' && part !== '.')
  for (const part of parts) {
    if (part === '..') throw invalid(`${printable(raw)} leads out of the tree`)
    if (part.length > longestName) throw invalid(`a name has a part of ${part.length} bytes: ${printable(part)}`)
  }
  return parts.join('/')
}

/** The directory that holds it; the root's own is the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** For people: UTF-8 where it is UTF-8, control characters and stray bytes escaped as a shell's `$'…'` would. */
export function printable(path: string, longest = 300): string {
  const cut = path.length > longest ? path.slice(0, longest) : path
  const text = decode(cut)
  // oxlint-disable-next-line no-control-regex
  const safe = text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escapeOne)
  return cut === path ? safe : `${safe}…`
}

function decode(binary: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(binary)) return binary
  const bytes = Buffer.from(binary, 'latin1')
  const text = bytes.toString('utf8')
  // oxlint-disable-next-line no-control-regex
  return text.includes('\ufffd') ? binary.replace(/[\x80-\xff]/g, escapeOne) : text
}

function escapeOne(character: string): string {
  const named: Record<string, string> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` }
  const code = character.codePointAt(0)!
  return named[character] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`)
}

export function invalid(message: string, hint?: string): Fault {
  return new Fault('image-invalid', message, hint === undefined ? {} : { hint })
}
