import { parseAllDocuments, visit } from 'yaml'
import type { Node } from 'yaml'

/** A bracket or quote that the parser missed the end of. */
export interface Unclosed {
  readonly offset: number
  readonly message: string
  readonly hint: string
}

const ends: Readonly<Record<string, string>> = { '[': ']', '{': '}', '"': '"', "'": "'" }

/**
 * The parser tells an unclosed bracket at the line after it, as a matter of columns. This finds where it was opened: the last one that
 * began before the parser's complaint and has no end.
 */
export function findUnclosed(text: string, complaint: number): Unclosed | undefined {
  let offset = -1
  const look = (_: unknown, node: Node): void => {
    const opened = openedAt(node)
    if (opened !== undefined && opened <= complaint) offset = Math.max(offset, opened)
  }
  for (const document of parseAllDocuments(text, { keepSourceTokens: true, uniqueKeys: false, logLevel: 'silent' }))
    visit(document, { Collection: look, Scalar: look })
  if (offset < 0) return undefined
  const sign = text[offset]!
  const end = ends[sign]!
  if (!isBracket(sign) || !closes(text, offset))
    return { offset, message: `the ${sign} is never closed`, hint: `close it with ${end}` }
  const hint = 'write it on one line, or indent its lines deeper than the key'
  return { offset: complaint, message: `the ${sign} that is open here goes on too far to the left`, hint }
}

/** The offset of the sign that opens the node, when the parser saw no end of it. */
function openedAt({ srcToken }: Node): number | undefined {
  if (srcToken?.type === 'flow-collection') {
    const { start, end } = srcToken
    return end.some(({ source }) => source === ends[start.source]) ? undefined : start.offset
  }
  if (srcToken?.type !== 'double-quoted-scalar' && srcToken?.type !== 'single-quoted-scalar') return undefined
  const { source, offset } = srcToken
  return source.length > 1 && source.trimEnd().endsWith(source[0]!) ? undefined : offset
}

function isBracket(sign: string): boolean {
  return sign === '[' || sign === '{'
}

/** Whether each bracket that is opened from there on is closed by its own kind; those in quotes and comments count for nothing. */
function closes(text: string, from: number): boolean {
  const open: string[] = []
  for (const [sign] of text.slice(from).matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|(?<=\s)#.*|[[{\]}]/g)) {
    if (isBracket(sign)) open.push(sign)
    else if ((sign === ']' || sign === '}') && ends[open.pop()!] !== sign) return false
    if (open.length === 0) return true
  }
  return false
}
