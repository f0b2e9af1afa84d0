import { parseExpression, type Expression } from './expression.ts'
import { Unfit } from './unfit.ts'

/** An expression, or why it is none that could be said here. */
export type Maybe = Expression | Unfit

/**
 * What an old template is made of, in its order. `eats`: it stood alone in its line, which goes away with it. `last` is the last line of what
 * has several.
 */
export type Token = { readonly line: number; readonly last?: number } & (
  | { readonly kind: 'text'; readonly text: string }
  /** A place where something is written; `raw` is what stands there. */
  | { readonly kind: 'value'; readonly raw: string; readonly of: Maybe }
  | { readonly kind: 'if'; readonly when: Maybe; readonly eats: boolean }
  | { readonly kind: 'else'; readonly when?: Maybe; readonly eats: boolean }
  | { readonly kind: 'for'; readonly names: readonly string[]; readonly list: Maybe; readonly eats: boolean }
  | { readonly kind: 'end'; readonly of: 'if' | 'for'; readonly eats: boolean }
  | { readonly kind: 'set'; readonly name: string; readonly of: Maybe; readonly global: boolean }
  | { readonly kind: 'snippet'; readonly name: Maybe }
  /** Something that cannot be said. */
  | { readonly kind: 'bad'; readonly why: string }
)

export function maybe(text: string): Maybe {
  try {
    return parseExpression(text)
  } catch (error) {
    if (error instanceof Unfit) return error
    throw error
  }
}

export function negated(of: Maybe): Maybe {
  return of instanceof Unfit ? of : { kind: 'not', of }
}

/** `$SNIPPET('name')`, when an expression is that. */
export function snippetName(of: Maybe): Maybe | undefined {
  if (of instanceof Unfit || of.kind !== 'call' || of.of.kind !== 'name' || of.of.name !== 'SNIPPET') return undefined
  return of.args[0] ?? new Unfit('SNIPPET is given no name')
}

/** Which line an offset is in; asked in rising order. */
export class Lines {
  readonly #text: string
  #at = 0
  #line: number

  constructor(text: string, first = 1) {
    this.#text = text
    this.#line = first
  }

  of(offset: number): number {
    for (let at = this.#text.indexOf('\n', this.#at); at >= 0 && at < offset; at = this.#text.indexOf('\n', at + 1)) {
      this.#line++
      this.#at = at + 1
    }
    return this.#line
  }
}

/** What Cobbler replaces when the rendering is done: `@@key@@`. */
export function substituted(text: string, line: number): Token[] {
  const parts = text.split(/(@@[A-Za-z_]\w*@@)/)
  let at = line
  return parts.flatMap((part, index): Token[] => {
    const here = at
    at += part.split('\n').length - 1
    if (part === '') return []
    if (index % 2 === 0) return [{ kind: 'text', text: part, line: here }]
    return [{ kind: 'value', raw: part, of: { kind: 'name', name: part.slice(2, -2) }, line: here }]
  })
}
