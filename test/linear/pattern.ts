/** A set of characters as bits: 0 to 255, then all other blanks, all other characters, and the end of the text. */
export type Chars = bigint

const otherBlanks = 1n << 256n
const others = 3n << 256n
export const end: Chars = 1n << 258n
export const every: Chars = end - 1n

/** What is the same for the time that an expression takes: characters in order, choices and repeats. Captures do not count. */
export type Node =
  | { readonly kind: 'chars'; readonly chars: Chars }
  | { readonly kind: 'all' | 'either'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly least: number; readonly most: number }
  /** Looked for, and not taken: `before` the place, or behind it. */
  | { readonly kind: 'look'; readonly node: Node; readonly before: boolean; readonly not: boolean }
  | { readonly kind: 'start' | 'boundary' }

const between = (from: number, to: number): Chars => {
  let chars = to > 255 ? others : 0n
  for (let code = from; code <= Math.min(to, 255); code++) chars |= 1n << BigInt(code)
  return chars
}
const of = (text: string): Chars =>
  Array.from(text, (one) => one.codePointAt(0)!).reduce((all, code) => all | between(code, code), 0n)
const digits = of('0123456789')
export const word: Chars = digits | between(65, 90) | between(97, 122) | of('_')
const blanks = of(' \t\n\r\v\f\u00a0') | otherBlanks
export const newline: Chars = of('\n')
const lineEnds = of('\n\r') | otherBlanks
const classes: Readonly<Record<string, Chars>> = {
  d: digits,
  w: word,
  s: blanks,
  D: every & ~digits,
  W: every & ~word,
  S: every & ~blanks,
  n: of('\n'),
  r: of('\r'),
  t: of('\t'),
  v: of('\v'),
  f: of('\f'),
  0: of('\0'),
}

/** Reads an expression of JavaScript. Throws for what it does not know. */
export function readPattern(source: string, flags: string): Node {
  return new Reader(source, flags).read()
}

class Reader {
  readonly #source: string
  readonly #flags: string
  #at = 0

  constructor(source: string, flags: string) {
    this.#source = source
    this.#flags = flags
  }

  read(): Node {
    const node = this.#either()
    if (this.#at < this.#source.length) throw new Error(`unread: ${this.#source.slice(this.#at)}`)
    return node
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #next(): string {
    const code = this.#source.codePointAt(this.#at)
    if (code === undefined) throw new Error('it ends too soon')
    const one = String.fromCodePoint(code)
    this.#at += one.length
    return one
  }

  #either(): Node {
    const nodes = [this.#all()]
    while (this.#take('|')) nodes.push(this.#all())
    return nodes.length === 1 ? nodes[0]! : { kind: 'either', nodes }
  }

  #all(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source[this.#at]!))
      nodes.push(this.#repeated(this.#one()))
    return { kind: 'all', nodes }
  }

  #repeated(node: Node): Node {
    const [least, most] = this.#times()
    if (most === 1 && least === 1) return node
    this.#take('?')
    return { kind: 'repeat', node, least, most }
  }

  #times(): readonly [number, number] {
    if (this.#take('*')) return [0, Infinity]
    if (this.#take('+')) return [1, Infinity]
    if (this.#take('?')) return [0, 1]
    const found = /^\{(\d+)(,?)(\d*)\}/.exec(this.#source.slice(this.#at))
    if (!found) return [1, 1]
    this.#at += found[0].length
    const [, least = '', comma, most = ''] = found
    return [Number(least), comma === '' ? Number(least) : most === '' ? Infinity : Number(most)]
  }

  #one(): Node {
    if (this.#take('(')) return this.#group()
    if (this.#take('[')) return chars(this.#set())
    if (this.#take('^')) return this.#flags.includes('m') ? lineStart : { kind: 'start' }
    if (this.#take('$')) return chars(end | (this.#flags.includes('m') ? newline : 0n))
    if (this.#take('.')) return chars(this.#flags.includes('s') ? every : every & ~lineEnds)
    if (this.#take('\\')) return this.#escaped()
    return chars(this.#folded(of(this.#next())))
  }

  #group(): Node {
    const look = ['?=', '?!', '?<=', '?<!'].find((one) => this.#take(one))
    if (look === undefined && !this.#take('?:') && this.#take('?<')) while (this.#next() !== '>');
    const node = this.#either()
    if (!this.#take(')')) throw new Error('a group does not end')
    return look === undefined ? node : { kind: 'look', node, before: look.includes('<'), not: look.endsWith('!') }
  }

  #escaped(): Node {
    if (this.#take('b') || this.#take('B')) return { kind: 'boundary' }
    // What a group has taken, once more.
    if (this.#take('k<')) {
      while (this.#next() !== '>');
      return { kind: 'all', nodes: [] }
    }
    return chars(this.#folded(this.#escape()))
  }

  #escape(): Chars {
    const hex = /^(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]+)\})/i.exec(this.#source.slice(this.#at))
    if (hex) {
      this.#at += hex[0].length
      const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3]!, 16)
      return between(code, code)
    }
    const one = this.#next()
    if (one === 'p' || one === 'P') {
      while (this.#next() !== '}');
      return every
    }
    return Object.hasOwn(classes, one) ? classes[one]! : of(one)
  }

  #set(): Chars {
    const not = this.#take('^')
    let all = 0n
    while (!this.#take(']')) {
      const from = this.#member()
      if (this.#source[this.#at] !== '-' || this.#source[this.#at + 1] === ']') all |= from
      else {
        this.#at++
        all |= between(codeOf(from), Math.max(codeOf(from), codeOf(this.#member())))
      }
    }
    const folded = this.#folded(all)
    return not ? every & ~folded : folded
  }

  #member(): Chars {
    return this.#take('\\') ? this.#escape() : of(this.#next())
  }

  /** Both cases. */
  #folded(all: Chars): Chars {
    if (!this.#flags.includes('i')) return all
    const [upper, lower] = [between(65, 90), between(97, 122)]
    return all | ((all & upper) << 32n) | ((all & lower) >> 32n)
  }
}

function chars(all: Chars): Node {
  return { kind: 'chars', chars: all }
}

const lineStart: Node = { kind: 'look', node: chars(newline), before: true, not: false }

function codeOf(all: Chars): number {
  return all.toString(2).length - 1
}
