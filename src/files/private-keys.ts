import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Content, Refusal } from '../net/content.ts'

/** A bundle of certificates and a key is smaller; of anything larger only the beginning is looked at. Bytes. */
const whole = 1 << 20
const beginning = 4096
const remembered = 10_000
/** So many files of a directory are looked at, for `check`. */
const mostLookedAt = 100_000

type FileContent = Extract<Content, { readonly kind: 'file' }>

interface Known {
  readonly file: FileContent
  readonly isKey: boolean
}

/** Tells private keys by what is in them, whatever they are called; each state of a file is read once. */
export class PrivateKeys {
  readonly #known = new Map<string, Known>()

  /** Of a file that cannot be read nobody is served a byte, so it is none. */
  has(file: FileContent): boolean {
    const known = this.#known.get(file.path)
    if (known && isSame(known.file, file)) return known.isKey
    const isKey = isPrivateKey(bytesOf(file.path, file.size))
    if (this.#known.size >= remembered) this.#known.clear()
    this.#known.set(file.path, { file, isKey })
    return isKey
  }
}

function isSame(a: FileContent, b: FileContent): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs
}

export function keyRefused(name: string): Refusal {
  return { kind: 'refused', status: 403, message: `${name} is a private key, and is served to nobody` }
}

/** What a person is told who put keys there. */
export async function keySentences(site: string): Promise<readonly string[]> {
  const found = await privateKeysIn(join(site, 'files'))
  return found.map((path) => `files/${path} is a private key: it is served to nobody`)
}

/** Every private key below a directory, by its path in it. */
async function privateKeysIn(directory: string): Promise<readonly string[]> {
  const found: string[] = []
  let left = mostLookedAt
  const look = async (below: string): Promise<void> => {
    const entries = await opendir(join(directory, below)).catch(() => undefined)
    if (!entries) return
    for await (const entry of entries) {
      const path = join(below, entry.name)
      if (entry.isDirectory()) await look(path)
      else if (left-- > 0 && isKeyFile(join(directory, path))) found.push(path)
    }
  }
  await look('')
  return found.toSorted()
}

function isKeyFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && isPrivateKey(bytesOf(path, stat.size))
}

function bytesOf(path: string, size: number): Buffer {
  const bytes = Buffer.alloc(size <= whole ? size : beginning)
  try {
    const file = openSync(path, 'r')
    try {
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    return Buffer.alloc(0)
  }
}

/** PEM of every kind (RFC 7468 §10 and 11, OpenSSH, PGP), PuTTY, age, DER (RFC 5208, 8017, 5915), PKCS#12 (RFC 7292), Java's key store. */
export function isPrivateKey(bytes: Buffer): boolean {
  return isDer(bytes) || bytes.subarray(0, 4).equals(javaKeys) || isText(bytes)
}

const javaKeys = Buffer.from('feedfeed', 'hex')

const lines = [
  /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----\s*$/m,
  /^PuTTY-User-Key-File-\d/m,
  /^AGE-SECRET-KEY-1[A-Z0-9]/m,
]

function isText(bytes: Buffer): boolean {
  if (!bytes.includes('PRIVATE KEY') && !bytes.includes('PuTTY-User-Key-File-') && !bytes.includes('AGE-SECRET-KEY-1'))
    return false
  const text = bytes.toString('latin1')
  return lines.some((line) => line.test(text))
}

const pkcs7Data = Buffer.from('06092a864886f70d010701', 'hex')

/** A sequence as long as the file that begins with the version of one of these. */
function isDer(bytes: Buffer): boolean {
  const [tag, first = 0] = bytes
  if (tag !== 0x30 || first === 0x80) return false
  const more = first > 0x80 ? first & 0x7f : 0
  if (more > 4 || bytes.length < 2 + more + 8) return false
  const length = more === 0 ? first : bytes.readUIntBE(2, more)
  if (length !== bytes.length - 2 - more) return false
  const version = bytes.subarray(2 + more, 2 + more + 4).toString('hex')
  if (version === '02010330') return bytes.subarray(0, 200).includes(pkcs7Data)
  return version === '02010030' || version === '02010002' || version === '02010104'
}
