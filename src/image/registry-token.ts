import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Fault } from '../fault.ts'
import { diskFault } from './durable.ts'

/**
 * The operator's token for `/v2/`, in a file that only its owner reads; made at the first start. Throws `not-permitted`,
 * `disk-failed`, or `config-invalid` for a file that holds no token.
 */
export function openToken(path: string): string {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    keepSecret(path, `${randomBytes(32).toString('base64url')}\n`)
    const token = readFileSync(path, 'utf8').trim()
    if (/^[A-Za-z0-9._~+/-]{20,500}=*$/.test(token)) return token
  } catch (error) {
    throw diskFault(error, path)
  }
  throw new Fault('config-invalid', 'the file holds no token', {
    file: path,
    hint: 'remove it, and the next start makes a new one (at least 20 letters and digits)',
  })
}

/** Writes a file for its owner alone, unless there is one already; never half a file, and of two writers one wins. */
export function keepSecret(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
    linkSync(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** The old text or the new one, for its owner alone, whatever happens; on the disk when it returns. */
export function replaceSecret(path: string, text: string): void {
  const temporary = `${path}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
  renameSync(temporary, path)
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** Takes the same time for every guess. */
export function isSameToken(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest())
  return timingSafeEqual(first!, second!)
}
