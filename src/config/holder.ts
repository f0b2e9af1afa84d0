import type { Problem } from './problem.ts'
import { firstFault, readingSite } from './read.ts'
import type { SiteMemory, SiteReading } from './read.ts'
import type { Site } from './site.ts'
import { atOnce, inPieces } from './slices.ts'

export interface Reload {
  /** Whether `current` is another one now. */
  readonly changed: boolean
  /** Errors mean that the last good site stays in use. */
  readonly problems: readonly Problem[]
}

/** Is told after an edit: the site in use (the one before, when the edit has errors) and what was found. The next edit waits for it. */
export type Listener = (site: Site, problems: readonly Problem[]) => void | Promise<void>

/** The site in use: always a good one. An edit that does not read leaves it as it was. */
export class SiteHolder {
  readonly directory: string
  readonly #memory: SiteMemory = new Map()
  readonly #listeners = new Set<Listener>()
  #current: Site
  #problems: readonly Problem[]
  /** The reading that runs, and the one that waits for its end. */
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<Reload> | undefined
  readonly #stopping = new AbortController()
  /** Of the files that were read last, used or not. */
  #seen: string
  /** Of the files that `current` was read from. */
  #used: string

  /** Reads the site for the first time. Throws `config-invalid` when it has errors: there is no last good one yet. */
  constructor(directory: string) {
    const { site, problems } = atOnce(readingSite(directory, this.#memory))
    if (!site) throw firstFault(problems)
    this.directory = directory
    this.#current = site
    this.#problems = problems
    this.#used = this.#seen = this.#digest(problems)
  }

  get current(): Site {
    return this.#current
  }

  /** What the last reading found: warnings of the site in use, or the errors of the edit that is not. */
  get problems(): readonly Problem[] {
    return this.#problems
  }

  /**
   * Reads the directory again, one reading at a time, in pieces: a large fleet takes seconds, in which others are served. Files that did
   * not change are not parsed again.
   */
  reload(): Promise<Reload> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      return this.#read()
    })
    this.#running = this.#next.catch(() => {})
    return this.#next
  }

  async #read(): Promise<Reload> {
    const reading = await inPieces(readingSite(this.directory, this.#memory), this.#stopping.signal)
    const { edited, changed } = this.#take(reading)
    if (edited) for (const told of this.#listeners) await told(this.#current, reading.problems)
    return { changed, problems: reading.problems }
  }

  #take({ site, problems }: SiteReading): { readonly edited: boolean; readonly changed: boolean } {
    const digest = this.#digest(problems)
    const edited = digest !== this.#seen
    const changed = site !== undefined && digest !== this.#used
    this.#seen = digest
    this.#problems = problems
    if (changed) {
      this.#used = digest
      this.#current = site
    }
    return { edited, changed }
  }

  /** Called after each edit that was read, good or bad; not when nothing changed. Returns how to stop it. */
  onChange(told: Listener): () => void {
    this.#listeners.add(told)
    return () => void this.#listeners.delete(told)
  }

  /** A reading that runs is given up; one that is already being told is waited for. */
  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  #digest(problems: readonly Problem[]): string {
    const files = [...this.#memory].map(([file, { digest }]) => `${file} ${digest}`)
    return [...files.toSorted(), ...problems.map(({ file, message }) => `${file} ${message}`)].join('\n')
  }
}
