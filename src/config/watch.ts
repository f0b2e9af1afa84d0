import { statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join } from 'node:path'
import { siteFileNames } from './files.ts'

export interface Watch {
  close(): void
}

export interface WatchOptions {
  /** Milliseconds of quiet before a change is told: editors write in several steps. */
  readonly quiet?: number
  /** Milliseconds between looks that need no event: network file systems send none, and a deleted directory neither. */
  readonly poll?: number
}

/**
 * Calls back when a site file was added, changed, renamed or taken away, or the directory itself came or went.
 * Nothing is kept alive by it, and nothing is thrown: where the system cannot watch, it looks every `poll` milliseconds.
 */
export function watchSite(directory: string, onChange: () => void, options: WatchOptions = {}): Watch {
  return new Watcher(directory, onChange, options)
}

class Watcher implements Watch {
  readonly #directory: string
  readonly #onChange: () => void
  readonly #quiet: number
  readonly #poll: NodeJS.Timeout
  #seen: string
  #pending: NodeJS.Timeout | undefined
  #watched: FSWatcher | undefined
  /** The inode that is watched: a directory that was replaced needs a new watch. */
  #inode: string

  constructor(directory: string, onChange: () => void, { quiet = 150, poll = 2000 }: WatchOptions) {
    this.#directory = directory
    this.#onChange = onChange
    this.#quiet = quiet
    this.#seen = fingerprint(directory)
    this.#inode = inodeOf(directory)
    this.#attach()
    this.#poll = setInterval(() => this.#look(), poll).unref()
  }

  close(): void {
    clearInterval(this.#poll)
    clearTimeout(this.#pending)
    this.#watched?.close()
  }

  #attach(): void {
    this.#watched?.close()
    this.#watched = undefined
    try {
      // A directory, not its files: editors write a new file and rename it over the old one.
      this.#watched = watch(this.#directory, { persistent: false }, () => this.#wait())
      this.#watched.on('error', () => this.#watched?.close())
    } catch {
      // No directory, or no more inotify watches: the poll goes on.
    }
  }

  #look(): void {
    const inode = inodeOf(this.#directory)
    if (inode !== this.#inode) {
      this.#inode = inode
      this.#attach()
    }
    if (fingerprint(this.#directory) !== this.#seen) this.#wait()
  }

  #wait(): void {
    clearTimeout(this.#pending)
    this.#pending = setTimeout(() => this.#settle(), this.#quiet).unref()
  }

  #settle(): void {
    const now = fingerprint(this.#directory)
    if (now === this.#seen) return
    this.#seen = now
    this.#onChange()
  }
}

/** Changes whenever a site file does; without reading any. */
function fingerprint(directory: string): string {
  try {
    return siteFileNames(directory)
      .map((file) => `${file} ${stamp(join(directory, file))}`)
      .join('\n')
  } catch {
    return 'not there'
  }
}

function stamp(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found ? `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}` : 'dangling'
}

function inodeOf(directory: string): string {
  try {
    return String(statSync(directory, { bigint: true }).ino)
  } catch {
    return 'not there'
  }
}
