import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'
import type { Document, Node, Pair, Scalar, YAMLError } from 'yaml'
import { quote } from './problem.ts'
import type { Complaint, Path } from './problem.ts'
import { given, isUnsafeKey, resolveWord } from './scalar.ts'
import { findUnclosed } from './yaml-unclosed.ts'

export interface Position {
  readonly line: number
  readonly column: number
}

/** Thrown for YAML that cannot be used at all; the place is an offset into the text. */
export class YamlTrouble extends Error {
  readonly complaint: Complaint
  readonly offset: number

  constructor(offset: number, message: string, hint: string) {
    super(message)
    this.offset = offset
    this.complaint = { message, hint }
  }
}

/** The whole language, with positions: for what the quick reader leaves, and to say where something stands. */
export class YamlTree {
  readonly #lines = new LineCounter()
  readonly #root: Node | null

  /** Throws YamlTrouble, whose place `positionAt` tells. */
  static parse(text: string): YamlTree {
    refuseDepth(text)
    return new YamlTree(text)
  }

  constructor(text: string) {
    // uniqueKeys compares every key with every other; the reader below has a set for that.
    const options = { lineCounter: this.#lines, uniqueKeys: false, logLevel: 'silent', merge: false } as const
    const found = parseAllDocuments(text, options)
    const documents: Document.Parsed[] = Array.isArray(found) ? found : []
    for (const document of documents) {
      const [first] = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])
      if (first) throw troubleOf(text, first)
    }
    if (documents.length > 1) {
      throw new YamlTrouble(documents[1]!.range[0], 'a second YAML document begins here', 'keep one document in a file')
    }
    this.#root = documents[0]?.contents ?? null
  }

  toValue(): unknown {
    return new Reader().read(this.#root, false, 0)
  }

  /**
   * Where the value of that path stands, or the deepest part of the path that exists; `of: 'key'` gives the key itself. The depth is
   * how much of the path makes sense in this file: `mac: x` is read as a list of one, but it has no `mac[0]`.
   */
  locate(path: Path, of: 'key' | 'value' = 'value'): Position & { readonly depth: number } {
    let offset = this.#root?.range?.[0] ?? 0
    let node: unknown = this.#root
    for (const [depth, step] of path.entries()) {
      const last = depth === path.length - 1
      if (isSeq(node)) node = node.items[Number(step)]
      else if (isMap(node)) {
        const pair: Pair | undefined = node.items.find((item) => isScalar(item.key) && keyOf(item.key) === step)
        node = pair && ((of === 'key' && last) || offsetOf(pair.value) === undefined ? pair.key : pair.value)
      } else return { ...positionAt(this.#lines, offset), depth }
      const next = offsetOf(node)
      if (next === undefined) break
      offset = next
    }
    return { ...positionAt(this.#lines, offset), depth: path.length }
  }
}

/** The place of an offset in a text that has no tree. */
export function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isSeq(node) || isMap(node) || isAlias(node) ? node.range?.[0] : undefined
}

const deepest = 60
/** Nodes that aliases may stand for in one file: enough for a shared block here and there, too few for a bomb. */
const copies = 10_000

const plainTag = /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq))$/

/** Turns nodes into plain values: words as `resolveWord` says, each alias its anchor's value, every odd key refused. */
class Reader {
  readonly #anchors = new Map<string, Node>()
  #inAlias = 0
  #copied = 0

  read(node: Node | null, typed: boolean, depth: number): unknown {
    if (node === null) return resolveWord('', typed)
    if (depth > deepest) refuse(node, `nested deeper than ${deepest} levels`, 'write it flatter')
    if (this.#inAlias > 0 && ++this.#copied > copies) {
      refuse(node, `aliases stand for more than ${copies} values`, 'use groups or profiles instead of YAML aliases')
    }
    if (isAlias(node)) return this.#alias(node, typed, depth)
    if (node.tag !== undefined && !plainTag.test(node.tag)) {
      refuse(node, `values with the tag ${quote(node.tag)} are not read`, 'leave the tag out; quotes make text')
    }
    if ('anchor' in node && node.anchor) this.#anchors.set(node.anchor, node)
    if (isSeq<Node | null>(node)) {
      return node.items.map((item) => this.read(item, typed, depth + 1) ?? null)
    }
    if (isMap<Node, Node | null>(node)) return this.#map(node.items, typed, depth)
    return isScalar(node) ? scalar(node, typed) : undefined
  }

  #alias(node: Node & { source: string }, typed: boolean, depth: number): unknown {
    const target = this.#anchors.get(node.source)
    if (!target)
      refuse(node, `*${quote(node.source)} has no anchor before it`, `write &${node.source} at the value it repeats`)
    this.#inAlias++
    const value = this.read(target, typed, depth + 1)
    this.#inAlias--
    return value
  }

  #map(pairs: readonly Pair<Node, Node | null>[], typed: boolean, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    for (const { key, value } of pairs) {
      const name = readKey(key)
      if (Object.hasOwn(map, name)) refuse(key, `the key ${quote(name)} is there twice`, 'keep one of the two')
      map[name] = given(this.read(value, typed || name === 'vars', depth + 1), typed)
    }
    return map
  }
}

function readKey(key: Node | null): string {
  if (!isScalar(key) || keyOf(key) === '') refuse(key, 'a key must be one word of text', 'write it as key: value')
  const name = keyOf(key)
  if (name === '<<')
    refuse(key, 'merge keys (<<) are not part of YAML 1.2', 'put what is shared into a group or a profile')
  if (isUnsafeKey(name)) refuse(key, `${name} cannot be a key`, 'take another name')
  return name
}

function keyOf(key: Scalar): string {
  return key.type === 'PLAIN' ? (key.source ?? '') : textOf(key)
}

/** Quoted text and block text are text; so is whatever carries the tag `!!str`. */
function scalar(node: Scalar, typed: boolean): unknown {
  if (node.type !== 'PLAIN') return textOf(node)
  return node.tag === 'tag:yaml.org,2002:str' ? (node.source ?? '') : resolveWord(node.source ?? '', typed)
}

function textOf(node: Scalar): string {
  return typeof node.value === 'string' ? node.value : (node.source ?? '')
}

function refuse(node: Node | null, message: string, hint: string): never {
  throw new YamlTrouble(node?.range?.[0] ?? 0, message, hint)
}

/**
 * The composer calls itself at each level, so a megabyte of `[` would overflow its stack: counted here, roughly (brackets in quotes
 * count too, so the limit is generous), before it runs.
 */
function refuseDepth(text: string): void {
  let open = 0
  for (const match of text.matchAll(/[[{\]}]|^ *(?:[-?] +){200}/gm)) {
    if (match[0].length > 1) open = Infinity
    else open += match[0] === '[' || match[0] === '{' ? 1 : open > 0 ? -1 : 0
    if (open > 500) throw new YamlTrouble(match.index, `nested deeper than ${deepest} levels`, 'write it flatter')
  }
}

function troubleOf(text: string, { code, message, pos: [offset] }: YAMLError): YamlTrouble {
  const open = endless.test(message) ? findUnclosed(text, offset) : undefined
  return open
    ? new YamlTrouble(open.offset, open.message, open.hint)
    : new YamlTrouble(offset, ...explain(code, message))
}

const endless = /^(?:Flow (?:sequence|map) in block collection must|Missing closing|Flow (?:sequence|map) must end)/

/** The parser's sentences are good, but some of them do not say what to do. */
function explain(code: string, message: string): [message: string, hint: string] {
  const [first = code] = message.split(/ at line \d+|:?\n/)
  if (first.startsWith('Sequence item without'))
    return [
      'this line begins in another column than the item that it belongs to',
      'keys of one item begin in the same column, that of the key behind the dash',
    ]
  const sentence = first.startsWith('Implicit keys need') ? 'a key must stand on one line with its colon' : first
  const hints: Record<string, string> = {
    TAB_AS_INDENT: 'indent with blanks, never with tabs',
    MULTILINE_IMPLICIT_KEY: 'write key: value, with the colon and a blank; a text that holds ": " needs quotes',
    BLOCK_AS_IMPLICIT_KEY: 'a text that holds ": " needs quotes, and a key needs a line of its own',
    BAD_INDENT: 'keys of one noun begin in the same column',
    TAG_RESOLVE_FAILED: 'leave the tag out; quotes make text',
    MISSING_CHAR: 'close the quote or the bracket',
    BAD_ALIAS: 'text that begins with & or * needs quotes',
    BAD_SCALAR_START: 'text that begins with @ or ` needs quotes',
  }
  return [sentence, hints[code] ?? 'this is not YAML; mend the line']
}
