import type { LeftList } from '../told.ts'
import type { TftpFile, TftpRoot } from '../profiles/root.ts'

/** One line of a menu: `APPEND root=/dev/sda1`, `MENU LABEL ^Linux`. */
export interface Line {
  /** In small letters; `menu label` for the menu's own. */
  readonly keyword: string
  readonly value: string
  readonly file: string
  readonly line: number
}

const limits = { depth: 16, lines: 100_000 }

/** Reads menus as PXELINUX does: what is included stands as if it were written there (com32/elflink/ldlinux/readconfig.c). */
export class MenuLines {
  readonly #root: TftpRoot
  readonly #left: LeftList
  #count = 0

  constructor(root: TftpRoot, left: LeftList) {
    this.#root = root
    this.#left = left
  }

  read(file: TftpFile, inside: readonly string[] = []): readonly Line[] {
    if (inside.length === 0) this.#count = 0
    const text = this.#root.text(file)
    if (text === undefined) {
      this.#left.add(file.real, 'is no menu: it is larger than 1 MiB, or holds bytes that no text has')
      return []
    }
    const lines: Line[] = []
    let inText = false
    for (const [index, raw] of text.split('\n').entries()) {
      const line = lineOf(raw, file.real, index + 1)
      if (!line || (inText && line.keyword !== 'endtext')) continue
      if (++this.#count > limits.lines) break
      if (line.keyword === 'text' || line.keyword === 'endtext') inText = line.keyword === 'text'
      else if (line.keyword === 'include' || line.keyword === 'menu include')
        this.#include(line, [...inside, file.path], lines)
      else lines.push(line)
    }
    if (inside.length === 0 && this.#count > limits.lines)
      this.#left.add(file.real, `the menu has more than ${limits.lines} lines: the rest is left out`)
    return lines
  }

  #include({ value, file, line }: Line, inside: readonly string[], lines: Line[]): void {
    const [, wanted = '', tag = ''] = /^(\S*)\s*(.*)$/s.exec(value) ?? []
    const found = this.#root.find(wanted)
    if (typeof found === 'string') this.#left.add(file, `INCLUDE ${wanted}: it ${found}`, line)
    else if (inside.includes(found.path))
      this.#left.add(file, `INCLUDE ${wanted}: the files include each other in a circle`, line)
    else if (inside.length >= limits.depth)
      this.#left.add(file, `INCLUDE ${wanted}: more than ${limits.depth} deep`, line)
    else {
      // With a name behind it, the file is a menu of its own.
      if (tag !== '') lines.push({ keyword: 'menu begin', value: tag, file, line })
      for (const each of this.read(found, inside)) lines.push(each)
      if (tag !== '') lines.push({ keyword: 'menu end', value: '', file, line })
    }
  }
}

/** Undefined for blanks and comments. */
function lineOf(raw: string, file: string, line: number): Line | undefined {
  const text = raw.replace(/\r.*/s, '').trim()
  if (text === '' || text.startsWith('#')) return undefined
  const [, first = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? []
  const keyword = first.toLowerCase()
  if (keyword !== 'menu') return { keyword, value: rest, file, line }
  const [, second = '', value = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? []
  return { keyword: `menu ${second.toLowerCase()}`, value, file, line }
}
