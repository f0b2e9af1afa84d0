import { Lines, maybe, snippetName, substituted, type Maybe, type Token } from './token.ts'

/** Reads a template of Jinja. A line end at the very end does not count, as there. */
export function readJinja(text: string): Token[] {
  const source = text
    .replace(/\r?\n$/, '')
    .replaceAll(/SNIPPET::([\w./-]+)/g, (_, name: string) => `{{ SNIPPET('${name}') }}`)
  return new Reader(source).read()
}

/** Tags with their strings, so that an end inside of one is none. */
const tags = {
  '{{': /\{\{((?:[^'"}]|'[^']{0,500}'|"[^"]{0,500}"|\}(?!\})){0,1000})\}\}/y,
  '{%': /\{%((?:[^'"%]|'[^']{0,500}'|"[^"]{0,500}"|%(?!\})){0,1000})%\}/y,
}

interface Tag {
  readonly kind: '{{' | '{%' | '{#'
  readonly raw: string
  readonly inner: string
  readonly at: number
}

const blocks: ReadonlySet<string> = new Set(['macro', 'call', 'filter', 'with', 'trans', 'autoescape'])

const starts = /\{[{%#]/g

class Reader {
  readonly #source: string
  readonly #lines: Lines
  readonly #tokens: Token[] = []
  #at = 0
  /** The tag before took the blanks behind it away. */
  #strip = false
  /** No comment that begins from here on has an end. */
  #openComment = false

  readonly #lastEnds: { readonly '{{': number; readonly '{%': number }

  constructor(source: string) {
    this.#source = source
    this.#lastEnds = { '{{': source.lastIndexOf('}}'), '{%': source.lastIndexOf('%}') }
    this.#lines = new Lines(source)
  }

  read(): Token[] {
    for (let found = this.#next(); found; found = this.#next()) this.#tag(found)
    this.#text(this.#source.length, false)
    return this.#tokens
  }

  #next(): Tag | undefined {
    starts.lastIndex = this.#at
    for (let found = starts.exec(this.#source); found; found = starts.exec(this.#source)) {
      const tag = this.#tagAt(found[0] as Tag['kind'], found.index)
      if (tag) return tag
    }
    return undefined
  }

  #tagAt(kind: Tag['kind'], at: number): Tag | undefined {
    if (kind !== '{#') {
      if (at > this.#lastEnds[kind]) return undefined
      tags[kind].lastIndex = at
      const found = tags[kind].exec(this.#source)
      return found ? { kind, raw: found[0], inner: found[1]!, at } : undefined
    }
    const end = this.#openComment ? -1 : this.#source.indexOf('#}', at + 2)
    this.#openComment ||= end < 0
    return end < 0
      ? undefined
      : { kind, raw: this.#source.slice(at, end + 2), inner: this.#source.slice(at + 2, end), at }
  }

  #tag({ kind, raw, inner, at }: Tag): void {
    this.#text(at, inner.startsWith('-'))
    const line = this.#lines.of(at)
    this.#at = at + raw.length
    this.#strip = inner.endsWith('-')
    if (kind === '{#') return
    const text = inner.replace(/^[-+]/, '').replace(/[-+]$/, '').trim()
    const last = this.#lines.of(this.#at)
    const place = { line, ...(last > line && { last }) }
    if (kind === '{{') this.#tokens.push(valueToken(maybe(text), raw, place))
    else this.#statement(text, place)
  }

  #statement(text: string, place: { readonly line: number; readonly last?: number }): void {
    const [, name = '', rest = ''] = /^([a-z]+)\b\s*([^]*)$/.exec(text) ?? []
    if (name === 'raw') return this.#raw()
    if (blocks.has(name)) {
      const last = this.#skipBlock(name)
      this.#tokens.push({ kind: 'bad', why: `it is a block of the kind ${name}`, ...place, ...(last && { last }) })
      return
    }
    this.#tokens.push(...statementTokens(name, rest, place))
  }

  #raw(): void {
    const end = /\{%[-+]?\s*endraw\s*(?<strip>-?)\+?%\}/g
    end.lastIndex = this.#at
    const found = end.exec(this.#source)
    const stop = found?.index ?? this.#source.length
    const text = this.#source.slice(this.#at, stop)
    if (text !== '') this.#tokens.push(...substituted(text, this.#lines.of(this.#at)))
    this.#at = found ? stop + found[0].length : stop
    this.#strip = found?.groups?.strip === '-'
  }

  #skipBlock(name: string): number | undefined {
    const end = new RegExp(`\\{%[-+]?\\s*end${name}\\b[^%]*%\\}`, 'g')
    end.lastIndex = this.#at
    const found = end.exec(this.#source)
    if (!found) return undefined
    this.#at = found.index + found[0].length
    return this.#lines.of(found.index)
  }

  #text(until: number, strip: boolean): void {
    let text = this.#source.slice(this.#at, until)
    const line = this.#lines.of(this.#at)
    const from = this.#strip ? text.length - text.trimStart().length : 0
    if (this.#strip) text = text.trimStart()
    if (strip) text = text.trimEnd()
    this.#strip = false
    if (text !== '')
      this.#tokens.push(
        ...substituted(text, line + this.#source.slice(this.#at, this.#at + from).split('\n').length - 1),
      )
  }
}

function valueToken(of: Maybe, raw: string, place: { readonly line: number; readonly last?: number }): Token {
  const snippet = snippetName(of)
  return snippet ? { kind: 'snippet', name: snippet, ...place } : { kind: 'value', raw, of, ...place }
}

function statementTokens(
  name: string,
  rest: string,
  place: { readonly line: number; readonly last?: number },
): Token[] {
  const eats = false
  switch (name) {
    case 'if':
      return [{ kind: 'if', when: maybe(rest), eats, ...place }]
    case 'elif':
      return [{ kind: 'else', when: maybe(rest), eats, ...place }]
    case 'else':
      return [{ kind: 'else', eats, ...place }]
    case 'endif':
      return [{ kind: 'end', of: 'if', eats, ...place }]
    case 'endfor':
      return [{ kind: 'end', of: 'for', eats, ...place }]
    case 'for':
      return [loop(rest, place)]
    case 'set':
      return [setting(rest, place)]
    case 'include':
      return [
        { kind: 'snippet', name: maybe(rest.replace(/\s+(?:ignore missing|with(?:out)? context)\s*$/, '')), ...place },
      ]
    case 'block':
    case 'endblock':
      return []
    default:
      return [{ kind: 'bad', why: `it is a statement of the kind ${name === '' ? 'unknown' : name}`, ...place }]
  }
}

function loop(rest: string, place: { readonly line: number }): Token {
  const [, names = '', list = ''] = /^([\w\s,]+?)\s+in\s+([^]+)$/.exec(rest) ?? []
  if (names === '' || /\s(?:if|recursive)\b/.test(list))
    return { kind: 'bad', why: 'it is a loop of a kind that is not understood here', ...place }
  return { kind: 'for', names: names.split(',').map((each) => each.trim()), list: maybe(list), eats: false, ...place }
}

function setting(rest: string, place: { readonly line: number }): Token {
  const [, name, value = ''] = /^([A-Za-z_]\w*)\s*=\s*([^]+)$/.exec(rest) ?? []
  if (name === undefined) return { kind: 'bad', why: 'it sets something by a block', ...place }
  return { kind: 'set', name, of: maybe(value), global: true, ...place }
}
