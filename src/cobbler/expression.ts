import { Unfit } from './unfit.ts'

/** An expression of Cheetah (Python) or Jinja, as it is written. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'index'; readonly of: Expression; readonly key: Expression }
  | { readonly kind: 'call'; readonly of: Expression; readonly args: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'both' | 'either'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly by: Comparison; readonly left: Expression; readonly right: Expression }
  /** `a + b`; `'text %s' % b`. */
  | { readonly kind: 'plus' | 'format'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'filter'; readonly of: Expression; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'test'; readonly of: Expression; readonly name: string }

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

/** Reads one expression whole. Throws Unfit. */
export function parseExpression(text: string): Expression {
  const reader = new Reader(wordsOf(text))
  const expression = reader.expression()
  reader.end()
  return expression
}

interface Word {
  readonly kind: 'name' | 'number' | 'text' | 'sign'
  readonly text: string
}

const longest = 4000
const deepest = 40
const keywords = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else', 'for', 'lambda', 'yield', 'await'])
const constants: ReadonlyMap<string, boolean | null> = new Map([
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
  ['None', null],
  ['none', null],
])
const shapes =
  /\s+|(?<number>\d+(?:\.\d+)?(?![\w.]))|\$?(?<name>[A-Za-z_]\w*)|(?<text>'(?:[^'\\\n]|\\[^\n])*'|"(?:[^"\\\n]|\\[^\n])*")|(?<sign>==|!=|<=|>=|\$(?=[({[])|[<>()[\]{},.|+~:%])/y

function wordsOf(text: string): Word[] {
  if (text.length > longest) throw new Unfit('the expression is longer than 4000 characters')
  const words: Word[] = []
  for (let at = 0; at < text.length; at = shapes.lastIndex) {
    shapes.lastIndex = at
    const groups = shapes.exec(text)?.groups
    if (!groups) throw new Unfit('the expression holds a sign that is not understood here')
    for (const kind of ['name', 'number', 'text', 'sign'] as const)
      if (groups[kind] !== undefined && groups[kind] !== '$') words.push({ kind, text: groups[kind] })
  }
  return words
}

class Reader {
  readonly #words: readonly Word[]
  #at = 0
  #depth = 0

  constructor(words: readonly Word[]) {
    this.#words = words
  }

  end(): void {
    if (this.#at < this.#words.length) throw new Unfit('the expression is of a kind that is not understood here')
  }

  expression(): Expression {
    this.#depth++
    if (this.#depth > deepest) throw new Unfit('the expression is nested too deeply')
    let left = this.#and()
    while (this.#take('or')) left = { kind: 'either', left, right: this.#and() }
    this.#depth--
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.#take('and')) left = { kind: 'both', left, right: this.#not() }
    return left
  }

  #not(): Expression {
    let times = 0
    while (this.#take('not')) times++
    const of = this.#comparison()
    return times % 2 === 0 ? of : { kind: 'not', of }
  }

  #comparison(): Expression {
    const left = this.#sum()
    if (this.#take('is')) return this.#test(left)
    const by = this.#comparisonSign()
    return by === undefined ? left : { kind: 'compare', by, left, right: this.#sum() }
  }

  #comparisonSign(): Comparison | undefined {
    for (const by of ['==', '!=', '<=', '>=', '<', '>', 'in'] as const) if (this.#take(by)) return by
    if (this.#peek()?.text !== 'not' || this.#words[this.#at + 1]?.text !== 'in') return undefined
    this.#at += 2
    return 'not in'
  }

  #test(of: Expression): Expression {
    const negated = this.#take('not')
    const test: Expression = { kind: 'test', of, name: this.#name() }
    return negated ? { kind: 'not', of: test } : test
  }

  #sum(): Expression {
    let left = this.#filtered()
    for (;;) {
      if (this.#take('+') || this.#take('~')) left = { kind: 'plus', left, right: this.#filtered() }
      else if (this.#take('%')) left = { kind: 'format', left, right: this.#filtered() }
      else return left
    }
  }

  #filtered(): Expression {
    let of = this.#postfix()
    while (this.#take('|')) {
      const name = this.#name()
      of = { kind: 'filter', of, name, args: this.#take('(') ? this.#list(')') : [] }
    }
    return of
  }

  #postfix(): Expression {
    let of = this.#atom()
    for (;;) {
      if (this.#take('.')) of = { kind: 'attribute', of, name: this.#name() }
      else if (this.#take('(')) of = { kind: 'call', of, args: this.#list(')') }
      else if (this.#take('[')) {
        of = { kind: 'index', of, key: this.expression() }
        this.#need(']')
      } else return of
    }
  }

  #atom(): Expression {
    const word = this.#peek()
    if (!word) throw new Unfit('the expression ends too early')
    if (word.kind === 'sign') return this.#bracket(word.text)
    this.#at++
    if (word.kind === 'text') return { kind: 'literal', value: unquoted(word.text) }
    if (word.kind === 'number') return { kind: 'literal', value: Number(word.text) }
    if (keywords.has(word.text)) throw new Unfit('the expression is of a kind that is not understood here')
    const constant = constants.get(word.text)
    return constant === undefined ? { kind: 'name', name: word.text } : { kind: 'literal', value: constant }
  }

  /** `(a)`, `(a, b)` and `[a, b]`. */
  #bracket(sign: string): Expression {
    if (sign === '[' && this.#take('[')) return { kind: 'list', items: this.#list(']') }
    if (!this.#take('(')) throw new Unfit('the expression is of a kind that is not understood here')
    const first = this.expression()
    if (this.#take(')')) return first
    this.#need(',')
    return { kind: 'list', items: [first, ...this.#list(')')] }
  }

  #list(end: string): Expression[] {
    const items: Expression[] = []
    while (!this.#take(end)) {
      items.push(this.expression())
      if (this.#peek()?.text !== end) this.#need(',')
    }
    return items
  }

  #name(): string {
    const word = this.#peek()
    if (word?.kind !== 'name') throw new Unfit('the expression is of a kind that is not understood here')
    this.#at++
    return word.text
  }

  #need(sign: string): void {
    if (!this.#take(sign)) throw new Unfit('the expression is of a kind that is not understood here')
  }

  #take(text: string): boolean {
    const word = this.#peek()
    if (word?.text !== text || word.kind === 'text') return false
    this.#at++
    return true
  }

  #peek(): Word | undefined {
    return this.#words[this.#at]
  }
}

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(/\\([^])/g, (all, sign: string) => {
    if (sign === 'n') return '\n'
    if (sign === 't') return '\t'
    return sign === '\\' || sign === "'" || sign === '"' ? sign : all
  })
}
