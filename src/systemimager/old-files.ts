import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { LeftList } from '../takeover/told.ts'

const longest = 4 * 1024 ** 2

/**
 * A tree that others wrote, some of it out of images of machines: no link in it is followed, and what cannot be read is told instead.
 */
export class OldFiles {
  readonly base: string
  readonly #left: LeftList

  constructor(base: string, left: LeftList) {
    this.base = base
    this.#left = left
  }

  /** Names in a directory, in order; none when it is not there. */
  names(directory: string): readonly string[] {
    if (this.#look(directory, 'directory') === undefined) return []
    return this.#told(directory, () => readdirSync(join(this.base, directory)).toSorted()) ?? []
  }

  isDirectory(path: string): boolean {
    return this.#look(path, 'directory') !== undefined
  }

  /** The text of a regular file; undefined when it is not there, or not to be read. */
  text(path: string): string | undefined {
    const stat = this.#look(path, 'file')
    if (!stat) return undefined
    if (stat.size <= longest) return this.#told(path, () => readFileSync(join(this.base, path), 'utf8'))
    this.#left.add(path, 'is larger than 4 MiB')
    return undefined
  }

  stat(path: string): Stats | undefined {
    return lstatSync(join(this.base, path), { throwIfNoEntry: false })
  }

  #look(path: string, kind: 'file' | 'directory'): Stats | undefined {
    const parts = path.split('/').filter((part) => part !== '')
    let stat: Stats | undefined
    for (let length = 1; length <= parts.length; length++) {
      const upTo = parts.slice(0, length).join('/')
      stat = this.#told(upTo, () => this.stat(upTo))
      if (!stat) return undefined
      if (stat.isSymbolicLink()) {
        this.#left.add(upTo, 'is a link, and links are not followed')
        return undefined
      }
      if (length < parts.length && !stat.isDirectory()) return undefined
    }
    stat ??= lstatSync(this.base)
    return (kind === 'file' ? stat.isFile() : stat.isDirectory()) ? stat : undefined
  }

  #told<T>(path: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#left.add(path, `cannot be read (${code})`)
      return undefined
    }
  }
}
