import type { Problem } from './problem.ts'
import { firstFault, readSite } from './read.ts'
import type { SiteMemory } from './read.ts'
import type { Site } from './site.ts'

export interface Reload {
  /** Whether `current` is another one now. */
  readonly changed: boolean
  /** Errors mean that the last good site stays in use. */
  readonly problems: readonly Problem[]
}

/** Is told after an edit: the site in use (the one before, when the edit has errors) and what was found. */
export type Listener = (site: Site, problems: readonly Problem[]) => void

/** The site in use: always a good one. An edit that does not read leaves it as it was. */
export class SiteHolder {
  readonly directory: string
  readonly #memory: SiteMemory = new Map()
  readonly #listeners = new Set<Listener>()
  #current: Site
  #problems: readonly Problem[]
  /** Of the files that were read last, used or not. */
  #seen: string
  /** Of the files that `current` was read from. */
  #used: string

  /** Reads the site for the first time. Throws `config-invalid` when it has errors: there is no last good one yet. */
  constructor(directory: string) {
    const { site, problems } = readSite(directory, this.#memory)
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

  /** Reads the directory again, now. Files that did not change are not parsed again. */
  reload(): Reload {
    const { site, problems } = readSite(this.directory, this.#memory)
    const digest = this.#digest(problems)
    const edited = digest !== this.#seen
    const changed = site !== undefined && digest !== this.#used
    this.#seen = digest
    this.#problems = problems
    if (changed) {
      this.#used = digest
      this.#current = site
    }
    if (edited) for (const told of this.#listeners) told(this.#current, problems)
    return { changed, problems }
  }

  /** Called after each edit that was read, good or bad; not when nothing changed. Returns how to stop it. */
  onChange(told: Listener): () => void {
    this.#listeners.add(told)
    return () => void this.#listeners.delete(told)
  }

  #digest(problems: readonly Problem[]): string {
    const files = [...this.#memory].map(([file, { digest }]) => `${file} ${digest}`)
    return [...files.toSorted(), ...problems.map(({ file, message }) => `${file} ${message}`)].join('\n')
  }
}
