import { readCheetah } from './cheetah.ts'
import { commentOf, type Comments } from './comment.ts'
import { Emitter, type Parts } from './emit.ts'
import { readJinja } from './jinja.ts'
import type { Dialect } from './meaning.ts'
import type { Piece } from './piece.ts'
import type { Scope } from './scope.ts'
import { treeOf } from './tree.ts'

/** An old template or snippet. */
export interface Old {
  readonly text: string
  /** As people know it: `templates/web.ks`. */
  readonly file: string
  readonly dialect: Dialect
  readonly comments: Comments
}

export interface Converted {
  readonly pieces: readonly Piece[]
  /** What it sets for others. */
  readonly scope: Scope
  /** Lines that could not be converted, and why. */
  readonly bad: ReadonlyMap<number, string>
}

const mostRounds = 25

/**
 * Converts a template. A line that cannot be said becomes a comment, and then what depended on it may not be sayable either: so it is read again until
 * nothing new is found. Throws Unfit for what is nested too deeply.
 */
export function convert(old: Old, scope: Scope, parts: Parts): Converted {
  const lines = old.text.split('\n')
  const bad = new Map<number, string>()
  const commented = new Set<number>()
  for (let round = 0; ; round++) {
    const source = lines
      .map((line, index) => (commented.has(index + 1) ? `\0C${index + 1}\0${line.endsWith('\r') ? '\r' : ''}` : line))
      .join('\n')
    const own = scope.fork()
    const emitter = new Emitter({ scope: own, dialect: old.dialect, parts, file: old.file })
    const nodes = treeOf(old.dialect === 'jinja' ? readJinja(source) : readCheetah(source))
    const pieces = emitter.emit(nodes)
    const found = emitter.bad.filter(({ line }) => !commented.has(line))
    if (found.length === 0) return { pieces: withComments(pieces, lines, old.comments), scope: own, bad }
    for (const { line, last, why } of found) {
      if (!bad.has(line)) bad.set(line, why)
      for (let at = line; at <= last; at++) commented.add(at)
    }
    if (round === mostRounds) for (let at = 1; at <= lines.length; at++) commented.add(at)
  }
}

/** The marks of lines, as comments. A script inside of XML (CDATA) has those of a shell. */
function withComments(pieces: readonly Piece[], lines: readonly string[], comments: Comments): Piece[] {
  let script = false
  const kinds = lines.map((line): Comments => {
    const here = script || comments !== 'xml' ? 'hash' : comments
    script = line.lastIndexOf('<![CDATA[') > line.lastIndexOf(']]>') || (script && !line.includes(']]>'))
    return comments === 'none' ? comments : here
  })
  return pieces.map((piece) => {
    if (piece.kind !== 'text' || !piece.text.includes('\0')) return piece
    const text = piece.text.replaceAll(/\0C(\d+)\0/g, (_, line: string) => {
      const index = Number(line) - 1
      return commentOf(lines[index]!.replace(/\r$/, ''), kinds[index]!)
    })
    return { kind: 'text', text }
  })
}
