/** Something that is not taken over, and why: nothing is dropped without a word. */
export interface Left {
  /** As it lies in the tree that is read. */
  readonly file: string
  readonly line?: number
  readonly why: string
}

const most = 10_000

/** Gathers what is left behind while files are read, each thing once; of very many, the number. */
export class LeftList {
  readonly #list: Left[] = []
  readonly #known = new Set<string>()
  #more = 0

  get list(): readonly Left[] {
    if (this.#more === 0) return this.#list
    return [...this.#list, { file: '', why: `${this.#more} more things like these` }]
  }

  add(file: string, why: string, line = 0): void {
    if (this.#list.length >= most) {
      this.#more++
      return
    }
    const key = `${file}\n${line}\n${why}`
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.#list.push({ file, why, ...(line > 0 && { line }) })
  }
}

/** What a machine, a group, a layer of overrides may be called here. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(text)
}
