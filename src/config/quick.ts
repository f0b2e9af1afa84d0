import { given, isUnsafeKey, resolveWord } from './scalar.ts'
import { atOnce, pieceOf, type Slices } from './slices.ts'

/** What the quick reader made of a file. Lines are 1-based; `end` is the line after the item. */
export interface Quick {
  readonly value: unknown
  /** For every list at the top level: where each of its items stands. */
  readonly items: ReadonlyMap<string, readonly { readonly start: number; readonly end: number }[]>
}

/**
 * Reads the plain style in which fleets are written: block maps and lists, words, simple quotes, one-line `[…]` and `{…}`.
 * Anything else (anchors, block text, words over several lines, escapes, tabs, doubtful indentation, duplicate keys) gives
 * undefined, and the whole YAML parser reads the file. It is here because that parser needs 10 to 20 s for 100 000 machines.
 */
export function readQuick(text: string): Quick | undefined {
  return atOnce(readQuickly(text))
}

/** The same in pieces. */
export function* readQuickly(text: string): Slices<Quick | undefined> {
  const lines = text.replaceAll('\r\n', '\n')
  yield
  if (odd.test(lines)) return undefined
  yield
  try {
    return yield* new QuickReader(lines).read()
  } catch (error) {
    if (error instanceof Beyond) return undefined
    throw error
  }
}

/** Blanks that are no blanks to YAML, other line ends, directives and document marks. */
const odd = /[^\S \n]|[\0\u0085\ufeff]|\n(?:---|\.\.\.|%)|^%/

/** The text is beyond the quick reader. */
class Beyond extends Error {}

interface Line {
  readonly indent: number
  readonly content: string
}

const keyed = /^([A-Za-z_][\w.-]*):(?: +(.*))?$/
const deepest = 30

class QuickReader {
  readonly #text: string
  readonly #items = new Map<string, { start: number; end: number }[]>()
  /** Where the line begins that is read next, and its number. */
  #offset = 0
  #number = 1
  /** The line that `#peek` found there, or what is left of it after a `- `. */
  #line: Line | undefined

  constructor(text: string) {
    this.#text = text
    if (text.startsWith('---\n')) this.#next()
  }

  *read(): Slices<Quick> {
    const first = this.#peek()
    if (!first) return { value: undefined, items: this.#items }
    if (first.indent !== 0) throw new Beyond()
    const value = yield* this.#top()
    if (this.#peek()) throw new Beyond()
    return { value, items: this.#items }
  }

  /** The map of a file, whose lists may be long. */
  *#top(): Slices<Record<string, unknown>> {
    const map: Record<string, unknown> = {}
    for (let line = this.#peek(); line; line = this.#peek()) {
      const { key, rest } = this.#key(line, 0, map)
      const item = rest === undefined || isEmpty(rest) ? this.#peek() : undefined
      if (item && isItem(item.content)) map[key] = yield* this.#longList(key, item.indent, key === 'vars')
      else map[key] = given(this.#valueOf(rest, 0, key === 'vars', 0), false)
    }
    return map
  }

  *#longList(key: string, indent: number, typed: boolean): Slices<unknown[]> {
    const list: unknown[] = []
    const places: { start: number; end: number }[] = []
    this.#items.set(key, places)
    while (this.#oneMore(list, indent, typed, 1, places)) if (list.length % pieceOf === 0) yield
    return list
  }

  #peek(): Line | undefined {
    while (!this.#line && this.#offset < this.#text.length) {
      const end = this.#text.indexOf('\n', this.#offset)
      const text = this.#text.slice(this.#offset, end < 0 ? undefined : end)
      const content = text.trimStart()
      if (content === '' || content.startsWith('#')) this.#next()
      else this.#line = { indent: text.length - content.length, content: content.trimEnd() }
    }
    return this.#line
  }

  #next(): void {
    const end = this.#text.indexOf('\n', this.#offset)
    this.#offset = end < 0 ? this.#text.length : end + 1
    this.#number++
    this.#line = undefined
  }

  #map(indent: number, typed: boolean, depth: number): Record<string, unknown> {
    if (depth > deepest) throw new Beyond()
    const map: Record<string, unknown> = {}
    for (let line = this.#peek(); line && line.indent >= indent; line = this.#peek()) {
      const { key, rest } = this.#key(line, indent, map)
      map[key] = given(this.#valueOf(rest, indent, typed || key === 'vars', depth), typed)
    }
    return map
  }

  #key(
    { indent, content }: Line,
    wanted: number,
    map: object,
  ): { readonly key: string; readonly rest: string | undefined } {
    const match = indent === wanted ? keyed.exec(content) : null
    const key = match?.[1]
    if (key === undefined || Object.hasOwn(map, key) || isUnsafeKey(key)) throw new Beyond()
    this.#next()
    return { key, rest: match![2] }
  }

  #valueOf(rest: string | undefined, indent: number, typed: boolean, depth: number): unknown {
    if (rest === undefined || isEmpty(rest)) return this.#below(indent, typed, depth)
    return this.#inline(rest, indent, typed)
  }

  /** The block under `key:`; a list may stand at the same indentation as its key. */
  #below(indent: number, typed: boolean, depth: number): unknown {
    const line = this.#peek()
    if (line && line.indent >= indent && isItem(line.content)) return this.#list(line.indent, typed, depth + 1)
    if (line && line.indent > indent) return this.#map(line.indent, typed, depth + 1)
    return resolveWord('', typed)
  }

  #list(indent: number, typed: boolean, depth: number): unknown[] {
    if (depth > deepest) throw new Beyond()
    const list: unknown[] = []
    while (this.#oneMore(list, indent, typed, depth)) continue
    return list
  }

  /** Adds the next item; false when there is none. */
  #oneMore(
    list: unknown[],
    indent: number,
    typed: boolean,
    depth: number,
    places?: { start: number; end: number }[],
  ): boolean {
    const line = this.#peek()
    if (!line || line.indent !== indent || !isItem(line.content)) {
      if ((line?.indent ?? 0) > indent) throw new Beyond()
      return false
    }
    const start = this.#number
    list.push(this.#item(line, typed, depth) ?? null)
    places?.push({ start, end: this.#number })
    return true
  }

  #item(line: Line, typed: boolean, depth: number): unknown {
    const content = line.content.slice(1).trimStart()
    if (isEmpty(content) || isItem(content)) throw new Beyond()
    if (!keyed.test(content)) {
      this.#next()
      return this.#inline(content, line.indent, typed)
    }
    const indent = line.indent + line.content.length - content.length
    this.#line = { indent, content }
    return this.#map(indent, typed, depth + 1)
  }

  /** A value on the line of its key or dash; a deeper next line would continue it. */
  #inline(text: string, indent: number, typed: boolean): unknown {
    if ((this.#peek()?.indent ?? 0) > indent) throw new Beyond()
    return new Inline(text, typed).read()
  }
}

function isItem(content: string): boolean {
  return content === '-' || content.startsWith('- ')
}

function isEmpty(rest: string): boolean {
  return rest === '' || rest.startsWith('#')
}

const quoted = /"([^"\\]*)"|'((?:[^']|'')*)'/y
// No indicator at the start (YAML 1.2 §7.3.3); a word holds no `: ` and no ` #`, and inside brackets no bracket and no comma.
const blockWord = /(?![\s,[\]{}#&*!|>'"%@`]|[-?:](?: |$)).*?(?= +#|:(?: |$)| *$)/y
const flowWord = /(?![\s,[\]{}#&*!|>'"%@`?:-]).*?(?= *(?:[,[\]{}]|$)|:(?:[ ,[\]{}]|$)| +#)/y
const flowKey = /([A-Za-z_][\w.-]*): +/y

/** One value on one line, with a comment behind it or not. */
class Inline {
  readonly #text: string
  readonly #typed: boolean
  #at = 0

  constructor(text: string, typed: boolean) {
    this.#text = text
    this.#typed = typed
  }

  read(): unknown {
    const value = this.#value(blockWord, this.#typed, 0)
    if (!/^(?: +#.*| *)$/.test(this.#text.slice(this.#at))) throw new Beyond()
    return value
  }

  #value(word: RegExp, typed: boolean, depth: number): unknown {
    if (depth > deepest) throw new Beyond()
    const first = this.#text[this.#at]
    if (first === '[') return this.#flowList(typed, depth)
    if (first === '{') return this.#flowMap(typed, depth)
    if (first === '"' || first === "'") return this.#quoted()
    return resolveWord(this.#match(word)[0], typed)
  }

  #quoted(): string {
    const [, double, single] = this.#match(quoted)
    return double ?? single!.replaceAll("''", "'")
  }

  #flowList(typed: boolean, depth: number): unknown[] {
    const list: unknown[] = []
    this.#separated('[', ']', () => {
      const value = this.#value(flowWord, typed, depth + 1)
      list.push(value === undefined ? null : value)
    })
    return list
  }

  #flowMap(typed: boolean, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    this.#separated('{', '}', () => {
      const key = this.#match(flowKey)[1]!
      if (Object.hasOwn(map, key) || isUnsafeKey(key)) throw new Beyond()
      map[key] = given(this.#value(flowWord, typed || key === 'vars', depth + 1), typed)
    })
    return map
  }

  #separated(open: string, close: string, item: () => void): void {
    this.#skip(open)
    if (this.#text[this.#at] === close) return void this.#at++
    for (;;) {
      item()
      this.#blanks()
      if (this.#text[this.#at] !== ',') break
      this.#skip(',')
    }
    if (this.#text[this.#at++] !== close) throw new Beyond()
  }

  #skip(character: string): void {
    if (this.#text[this.#at++] !== character) throw new Beyond()
    this.#blanks()
  }

  #blanks(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (!match || match[0] === '') throw new Beyond()
    this.#at = pattern.lastIndex
    return match
  }
}
