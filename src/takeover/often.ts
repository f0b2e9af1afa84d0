import type { LeftList } from './told.ts'

/** Things that stand a thousand times in one file are told once, with the line of the first and their number. */
export class Often {
  readonly #found = new Map<string, { file: string; line: number; what: string; why: string; times: number }>()

  add(place: { readonly file: string; readonly line: number }, what: string, why: string): void {
    const key = `${place.file}\n${what}\n${why}`
    const known = this.#found.get(key)
    if (known) known.times++
    else this.#found.set(key, { file: place.file, line: place.line, what, why, times: 1 })
  }

  tell(left: LeftList): void {
    for (const { file, line, what, why, times } of this.#found.values())
      left.add(file, `${what}${times > 1 ? `, and ${times - 1} more of it` : ''}: ${why}`, line)
  }
}
