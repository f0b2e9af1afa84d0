import { Fault } from '../../fault.ts'
import { quote } from '../../config/problem.ts'

/** An element with what SystemImager's files use: attributes and elements inside. */
export interface Element {
  readonly name: string
  readonly line: number
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
}

interface Open extends Element {
  readonly children: Element[]
}

const limits = { text: 1024 ** 2, depth: 20, elements: 20_000 }
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/**
 * A strict reader for XML without text: elements, attributes, comments and the XML declaration. No DOCTYPE, so no entities that
 * expand or read files; the five of XML itself and character numbers are read. Throws `layout-invalid` with the line.
 */
export function readXml(file: string, text: string): Element {
  return new Reader(file, text).read()
}

class Reader {
  readonly #file: string
  readonly #text: string
  readonly #open: Open[] = []
  #at = 0
  #line = 1
  #count = 0
  #root: Element | undefined

  constructor(file: string, text: string) {
    this.#file = file
    this.#text = text
  }

  read(): Element {
    if (this.#text.length > limits.text) this.#refuse('is larger than 1 MiB', 'this is no disk layout')
    if (this.#text.startsWith('\ufeff')) this.#at = 1
    while (this.#at < this.#text.length) this.#next()
    const [open] = this.#open.slice(-1)
    if (open) this.#refuse(`<${open.name}> of line ${open.line} is not closed`, `add </${open.name}>`)
    return this.#root ?? this.#refuse('there is no element', 'the file begins with <config>')
  }

  #next(): void {
    const blank = this.#take(/[^<]+/y)
    if (blank) {
      if (/\S/.test(blank[0])) this.#refuse(`text between elements: ${quote(blank[0].trim())}`, 'write it as a comment')
      return this.#pass(blank[0])
    }
    if (this.#text.startsWith('<!--', this.#at)) return this.#comment()
    const declaration = this.#take(/<\?xml [^?<>]*\?>/y)
    if (declaration) return this.#pass(declaration[0])
    const close = this.#take(/<\/([A-Za-z_][\w.-]*)\s*>/y)
    if (close) return this.#close(close[1]!, close[0])
    const open = this.#take(/<([A-Za-z_][\w.-]*)/y)
    if (open) return this.#element(open[1]!, open[0])
    if (this.#text.startsWith('<!', this.#at)) {
      this.#refuse('a DOCTYPE, CDATA or comment that is not read', 'take it out; entities of its own are never read')
    }
    this.#refuse('this is not XML', 'an element is written <name key="value"/>')
  }

  #comment(): void {
    const end = this.#text.indexOf('--', this.#at + 4)
    if (end < 0 || this.#text[end + 2] !== '>')
      this.#refuse('a comment that is not closed, or has -- inside', 'end it by -->')
    this.#pass(this.#text.slice(this.#at, end + 3))
  }

  #element(name: string, begin: string): void {
    if (++this.#count > limits.elements) this.#refuse('too many elements', 'this is no disk layout')
    if (this.#open.length >= limits.depth) this.#refuse('elements are nested too deep', 'this is no disk layout')
    if (this.#root && this.#open.length === 0) this.#refuse(`a second root <${name}>`, 'keep one <config>')
    const element: Open = { name, line: this.#line, attributes: {}, children: [] }
    this.#pass(begin)
    const attributes = this.#attributes()
    const end = this.#take(/\s*(\/?)>/y) ?? this.#refuse(`<${name}> does not end`, 'close it by /> or >')
    this.#pass(end[0])
    const whole = { ...element, attributes }
    if (this.#open.length === 0) this.#root = whole
    else this.#open.at(-1)!.children.push(whole)
    if (end[1] === '') this.#open.push(whole)
  }

  #attributes(): Record<string, string> {
    const found = new Map<string, string>()
    for (;;) {
      const next = this.#take(/\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y)
      if (!next) return Object.fromEntries(found)
      const [all, key, double, single] = next
      if (found.has(key!)) this.#refuse(`${key} is there twice`, 'keep one of the two')
      found.set(key!, this.#decode(double ?? single ?? ''))
      this.#pass(all)
    }
  }

  #decode(text: string): string {
    return text.replace(/&(#x?[0-9A-Fa-f]{1,6}|\w{1,20})?;?/g, (all, name: string = '') => {
      if (!all.endsWith(';')) this.#refuse(`an & alone: ${quote(text)}`, 'write &amp;')
      if (Object.hasOwn(entities, name)) return entities[name]!
      const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
      const usable = /^#(?:x[0-9A-Fa-f]+|\d+)$/.test(name) && code >= 32 && code <= 0x10ffff
      return usable
        ? String.fromCodePoint(code)
        : this.#refuse(`the entity ${quote(all)} is unknown`, 'write the character')
    })
  }

  #close(name: string, text: string): void {
    const open = this.#open.pop()
    if (open?.name !== name) {
      this.#refuse(
        `</${name}> closes ${open ? `<${open.name}> of line ${open.line}` : 'nothing'}`,
        'close what was opened last',
      )
    }
    this.#pass(text)
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)
  }

  #pass(text: string): void {
    this.#at += text.length
    for (const letter of text) if (letter === '\n') this.#line++
  }

  #refuse(message: string, hint: string): never {
    throw new Fault('layout-invalid', message, { file: this.#file, line: this.#line, hint })
  }
}
