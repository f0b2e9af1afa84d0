import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { LeftList } from '../takeover/told.ts'

const longest = 4 * 1024 ** 2

/** Files that another server kept: no link in them is followed, and what cannot be read is told instead. */
export class OldTree {
  readonly base: string
  readonly #left: LeftList
  /** How people know it, before each path. */
  readonly #called: string

  constructor(base: string, left: LeftList, called = '') {
    this.base = base
    this.#left = left
    this.#called = called
  }

  name(path: string): string {
    return this.#called + path
  }

  /** Names in a directory, in order; none when it is not there. */
  names(directory: string): readonly string[] {
    if (!this.#look(directory)?.isDirectory()) return []
    return this.#told(directory, () => readdirSync(join(this.base, directory)).toSorted()) ?? []
  }

  has(path: string): boolean {
    return this.#look(path)?.isFile() === true
  }

  isDirectory(path: string): boolean {
    return this.#look(path)?.isDirectory() === true
  }

  /** The text of a regular file; undefined when it is not there, or not to be read. */
  text(path: string, most = longest): string | undefined {
    const stat = this.#look(path)
    if (!stat?.isFile()) return undefined
    if (stat.size > most) return this.#refuse(path, `is larger than ${most / 1024} KiB`)
    const bytes = this.#told(path, () => readFileSync(join(this.base, path)))
    if (!bytes) return undefined
    const zero = bytes.indexOf(0)
    if (zero >= 0) return this.#refuse(path, 'holds a NUL, so it is no text', bytes.subarray(0, zero))
    const text = bytes.toString()
    const odd = text.indexOf('\uFFFD')
    if (odd < 0 || Buffer.from(text).equals(bytes)) return text.replace(/^\uFEFF/, '')
    return this.#refuse(path, 'is not UTF-8', Buffer.from(text.slice(0, odd)))
  }

  #refuse(path: string, why: string, before?: Uint8Array): undefined {
    this.#left.add(this.name(path), why, before ? Buffer.from(before).toString().split('\n').length : 0)
    return undefined
  }

  #look(path: string): Stats | undefined {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..')) return undefined
    let stat: Stats | undefined = lstatSync(this.base, { throwIfNoEntry: false })
    for (let length = 1; length <= parts.length && stat?.isDirectory(); length++) {
      const upTo = parts.slice(0, length).join('/')
      stat = this.#told(upTo, () => lstatSync(join(this.base, upTo), { throwIfNoEntry: false }))
      if (stat?.isSymbolicLink()) return this.#refuse(upTo, 'is a link, and links are not followed')
      if (length < parts.length && !stat?.isDirectory()) return undefined
    }
    return stat
  }

  #told<T>(path: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#left.add(this.name(path), `cannot be read (${code})`)
      return undefined
    }
  }
}
