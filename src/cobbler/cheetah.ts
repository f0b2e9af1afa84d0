import { blocks, directive, directives } from './directive.ts'
import { placeholderAt } from './placeholder.ts'
import { Lines, maybe, snippetName, substituted, type Token } from './token.ts'

/** Reads a template of Cheetah, with what Cobbler does to it before (`SNIPPET::`, `TEMPLATE::`) and after (`@@key@@`). */
export function readCheetah(text: string): Token[] {
  const source = text
    .replaceAll('TEMPLATE::', '$')
    .replaceAll(/SNIPPET::([\w./-]+)/g, (_, name: string) => `$SNIPPET('${name}')`)
  return new Reader(source).read()
}

class Reader {
  readonly #source: string
  readonly #lines: Lines
  readonly #tokens: Token[] = []
  #at = 0
  /** Text that is not a token yet, and where it began. */
  #text = ''
  #since = 0
  /** Kinds of blocks that no end follows any more. */
  readonly #endless = new Set<string>()

  constructor(source: string) {
    this.#source = source
    this.#lines = new Lines(source)
  }

  read(): Token[] {
    while (this.#at < this.#source.length) {
      const next = this.#nextSign()
      this.#text += this.#source.slice(this.#at, next)
      this.#at = next
      if (next < this.#source.length && !this.#token()) this.#text += this.#source[this.#at++]!
    }
    this.#flush()
    return this.#tokens
  }

  #nextSign(): number {
    signs.lastIndex = this.#at
    return signs.exec(this.#source)?.index ?? this.#source.length
  }

  /** Whether something but text begins here. */
  #token(): boolean {
    if (this.#source[this.#at - 1] === '\\') return false
    return this.#source[this.#at] === '$' ? this.#placeholder() : this.#comment() || this.#directive() || this.#slurp()
  }

  #comment(): boolean {
    const begin = this.#source.slice(this.#at, this.#at + 2)
    if (begin === '##') {
      const clear = this.#clear()
      if (clear) this.#trim()
      this.#at = this.#endOfLine(this.#at)
      if (clear) this.#skipLineEnd()
      return true
    }
    if (begin !== '#*') return false
    const end = this.#source.indexOf('*#', this.#at + 2)
    const clear = this.#clear()
    this.#at = end < 0 ? this.#source.length : end + 2
    if (clear && this.#atLineEnd()) {
      this.#trim()
      this.#skipLineEnd()
    }
    return true
  }

  #directive(): boolean {
    const name = /^#([A-Za-z][\w@-]*)/.exec(this.#source.slice(this.#at, this.#at + 40))?.[1]
    if (name === undefined || !directives.has(name)) return false
    this.#flush()
    const line = this.#lines.of(this.#at)
    const clear = this.#clear()
    this.#at += name.length + 1
    if (name === 'slurp') {
      if (clear) this.#trim()
      this.#at = this.#endOfLine(this.#at)
      this.#skipLineEnd()
    } else if (name === 'raw') this.#raw(clear)
    else this.#put(name, line, clear)
    return true
  }

  /** A `#` at the end of a line takes the line end away. */
  #slurp(): boolean {
    const end = /#[ \t]*\r?\n/y
    end.lastIndex = this.#at
    const found = end.exec(this.#source)
    if (!found) return false
    if (this.#clear()) this.#trim()
    this.#at += found[0].length
    return true
  }

  #put(name: string, line: number, clear: boolean): void {
    const { rest, eats } = this.#rest(clear)
    if (eats) this.#trim()
    this.#flush()
    const until = blocks.has(name) ? this.#skipBlock(name, line) : line
    for (const token of directive(name, rest, line, eats))
      this.#tokens.push({ ...token, ...(until > line && { last: until }) })
  }

  /** What stands behind the name of a directive, up to `#` or the end of the line. */
  #rest(clear: boolean): { readonly rest: string; readonly eats: boolean } {
    const end = this.#endOfLine(this.#at)
    // Longer expressions are refused anyway.
    const rest = upToSign.exec(this.#source.slice(this.#at, Math.min(end, this.#at + 8000)))![0]
    this.#at += rest.length
    const isComment = this.#source.startsWith('##', this.#at)
    if (this.#source[this.#at] === '#' && !isComment) {
      this.#at++
      return { rest: rest.trim(), eats: false }
    }
    this.#at = end
    if (clear) this.#skipLineEnd()
    return { rest: rest.trim(), eats: clear }
  }

  #raw(clear: boolean): void {
    const { eats } = this.#rest(clear)
    if (eats) this.#trim()
    const end = /#end\s+raw\b/g
    end.lastIndex = this.#at
    const found = end.exec(this.#source)
    const stop = found?.index ?? this.#source.length
    let body = this.#source.slice(this.#at, stop)
    this.#flush()
    const line = this.#lines.of(this.#at)
    this.#at = stop
    const closes = this.#clear()
    if (found) {
      this.#at = stop + found[0].length
      if (this.#source[this.#at] === '#') this.#at++
      else if (closes && this.#atLineEnd()) {
        body = body.replace(/[ \t]+$/, '')
        this.#skipLineEnd()
      }
    }
    this.#pushText(body, line)
  }

  /** Goes behind the `#end` of a block that nothing of can stay; its last line. */
  #skipBlock(name: string, line: number): number {
    const end = new RegExp(`#end\\s+${name}\\b[^\\n]*`, 'g')
    end.lastIndex = this.#at
    const found = this.#endless.has(name) ? null : end.exec(this.#source)
    if (!found) {
      this.#endless.add(name)
      return line
    }
    const last = this.#lines.of(found.index)
    this.#at = found.index + found[0].length
    this.#skipLineEnd()
    return last
  }

  #placeholder(): boolean {
    const found = placeholderAt(this.#source, this.#at)
    if (!found) return false
    this.#flush()
    const line = this.#lines.of(this.#at)
    this.#at = found.end
    const of = maybe(found.inner)
    const snippet = snippetName(of)
    this.#tokens.push(snippet ? { kind: 'snippet', name: snippet, line } : { kind: 'value', raw: found.raw, of, line })
    this.#since = this.#at
    return true
  }

  /** Only blanks stand before it in its line. */
  #clear(): boolean {
    let before = this.#at - 1
    while (this.#source[before] === ' ' || this.#source[before] === '\t') before--
    return before < 0 || this.#source[before] === '\n'
  }

  /** Nothing but a line end follows. */
  #atLineEnd(): boolean {
    const end = /[ \t]*\r?\n/y
    end.lastIndex = this.#at
    return end.test(this.#source)
  }

  #endOfLine(from: number): number {
    const end = this.#source.indexOf('\n', from)
    if (end < 0) return this.#source.length
    return this.#source[end - 1] === '\r' && end > from ? end - 1 : end
  }

  #skipLineEnd(): void {
    const end = /[ \t]*(?:\r?\n)?/y
    end.lastIndex = this.#at
    this.#at += end.exec(this.#source)![0].length
  }

  /** The blanks before something that takes its line away. */
  #trim(): void {
    this.#text = this.#text.replace(/[ \t]+$/, '')
    const last = this.#tokens.at(-1)
    if (this.#text === '' && last?.kind === 'text') {
      const text = last.text.replace(/[ \t]+$/, '')
      this.#tokens.splice(-1, 1, ...(text === '' ? [] : [{ ...last, text }]))
    }
  }

  #flush(): void {
    const text = this.#text.replaceAll('\\$', '$').replaceAll('\\#', '#')
    if (text !== '') this.#pushText(text, this.#lines.of(this.#since))
    this.#text = ''
    this.#since = this.#at
  }

  #pushText(text: string, line: number): void {
    this.#tokens.push(...substituted(text, line))
    this.#since = this.#at
  }
}

const signs = /[$#]/g
/** Up to a `#` that stands in no text. */
const upToSign = /^(?:[^#'"]|'(?:[^'\\]|\\.){0,1000}'|"(?:[^"\\]|\\.){0,1000}"|['"])*/
