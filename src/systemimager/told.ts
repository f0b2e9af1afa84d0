/** Something that is not taken over, and why: nothing is dropped without a word. */
export interface Left {
  /** As it lies in the tree that is read. */
  readonly file: string
  readonly line?: number
  readonly why: string
}

/** Gathers what is left behind while files are read. */
export class LeftList {
  readonly list: Left[] = []

  add(file: string, why: string, line = 0): void {
    const known = this.list.some((left) => left.file === file && left.why === why && (left.line ?? 0) === line)
    if (!known) this.list.push({ file, why, ...(line > 0 && { line }) })
  }
}

/** What a machine, a group, a layer of overrides may be called here. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(text)
}
