import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { LeftList } from './told.ts'

const longest = 4 * 1024 ** 2

/**
 * A tree that another server kept, some of it out of images of machines: no link in it is followed, and what cannot be read is told instead.
 */
export class OldFiles {
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
    if (!this.isDirectory(directory)) return []
    return this.#told(directory, () => readdirSync(join(this.base, directory)).toSorted()) ?? []
  }

  has(path: string): boolean {
    return this.#look(path)?.isFile() === true
  }

  isDirectory(path: string): boolean {
    return this.#look(path)?.isDirectory() === true
  }

  /** The bytes of a regular file; undefined when it is not there, or not to be read. */
  bytes(path: string, most = longest): Buffer | undefined {
    const stat = this.#look(path)
    if (!stat?.isFile()) return undefined
    if (stat.size > most) return this.refuse(path, `is larger than ${shownSize(most)}`)
    return this.#told(path, () => readFileSync(join(this.base, path)))
  }

  /** The same as text, whatever stands in it. */
  text(path: string): string | undefined {
    return this.bytes(path)?.toString('utf8')
  }

  stat(path: string): Stats | undefined {
    return lstatSync(join(this.base, path), { throwIfNoEntry: false })
  }

  /** Tells why something is not taken. */
  protected refuse(path: string, why: string, line = 0): undefined {
    this.#left.add(this.name(path), why, line)
    return undefined
  }

  #look(path: string): Stats | undefined {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..')) return undefined
    let stat: Stats | undefined = this.stat('')
    for (let length = 1; length <= parts.length && stat?.isDirectory(); length++) {
      const upTo = parts.slice(0, length).join('/')
      stat = this.#told(upTo, () => this.stat(upTo))
      if (stat?.isSymbolicLink()) return this.refuse(upTo, 'is a link, and links are not followed')
      if (length < parts.length && !stat?.isDirectory()) return undefined
    }
    return stat
  }

  #told<T>(path: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : this.refuse(path, `cannot be read (${code})`)
    }
  }
}

function shownSize(bytes: number): string {
  return bytes >= 1024 ** 2 ? `${bytes / 1024 ** 2} MiB` : `${bytes / 1024} KiB`
}
