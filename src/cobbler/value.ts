import { Unfit } from './unfit.ts'

/** What an old expression comes to here: something that a Handlebars template can say. */
export type Value =
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | Path
  | { readonly kind: 'call'; readonly helper: string; readonly args: readonly Value[]; readonly size: number }
  /**
   * One of two, by a condition: what a `#set` in a branch leaves behind, or the operand that an `and`, `or` gives. `truth` is what such a
   * one comes to where only that counts.
   */
  | {
      readonly kind: 'choice'
      readonly when: Value
      readonly yes: Value
      readonly no: Value
      readonly truth?: Value
      readonly size: number
    }
  /** Nobody has it: Cheetah writes it as it stands there, Jinja nothing. */
  | { readonly kind: 'unset' }
  /** It was set by something that could not be converted. */
  | { readonly kind: 'lost'; readonly why: string }

export type Literal = string | number | boolean | null

export interface Path {
  readonly kind: 'path'
  readonly path: string
  /** From the top of the context, which is `@root` inside of a loop. */
  readonly root: boolean
  /** Some value of it has several lines. */
  readonly lines?: boolean
  /** It may be there and empty, so to be there is not to be true. */
  readonly empty?: boolean
  /** Every machine has it. */
  readonly sure?: boolean
}

export function literal(value: Literal): Value {
  return { kind: 'literal', value }
}

export function path(name: string, more: Partial<Path> = {}): Path {
  return { kind: 'path', path: name, root: true, ...more }
}

/** A call of one of our helpers; of literals alone, its result. */
export function call(helper: string, ...args: readonly Value[]): Value {
  const [only] = args
  if (helper === 'not' && only?.kind === 'choice' && only.truth) return call('not', only.truth)
  const at = args.findIndex(({ kind }) => kind === 'choice')
  const chosen = args[at]
  if (chosen?.kind === 'choice') {
    const { when, yes, no } = chosen
    return choose(when, call(helper, ...args.with(at, yes)), call(helper, ...args.with(at, no)))
  }
  return folded(helper, args) ?? sized({ kind: 'call', helper, args, size: sizeOf(args) })
}

/** A call that stays one, whatever it is given. */
export function plainCall(helper: string, ...args: readonly Value[]): Value {
  return sized({ kind: 'call', helper, args, size: sizeOf(args) })
}

const largest = 60

export function sizeOf(values: readonly Value[]): number {
  return values.reduce(
    (sum, value) => sum + ('size' in value ? value.size : value.kind === 'list' ? 1 + sizeOf(value.items) : 1),
    1,
  )
}

/** Conditions upon conditions grow as a power of their number. */
export function sized(value: Extract<Value, { readonly size: number }>): Value {
  return value.size > largest ? { kind: 'lost', why: 'it depends on too many conditions' } : value
}

/** As a value of its own: `(or (and when yes) (and (not when) no))` for truth, `{{#if}}` for text. */
export function choose(when: Value, yes: Value, no: Value): Value {
  const sure = truthOf(when)
  if (sure !== undefined) return sure ? yes : no
  if (JSON.stringify(yes) === JSON.stringify(no)) return yes
  return sized({ kind: 'choice', when, yes, no, size: sizeOf([when, yes, no]) })
}

/** Whether it is true whatever the machine; undefined when that depends. */
export function truthOf(value: Value): boolean | undefined {
  if (value.kind === 'literal') return value.value !== '' && value.value !== 0 && Boolean(value.value)
  if (value.kind === 'list') return value.items.length > 0
  if (value.kind === 'choice' && value.truth) return truthOf(value.truth)
  return value.kind === 'unset' ? false : undefined
}

/** Whether it is True or False, and nothing else. */
export function isTruth(value: Value): boolean {
  if (value.kind === 'literal') return typeof value.value === 'boolean'
  return value.kind === 'call' && ['and', 'or', 'not', 'eq', 'has', 'atLeast'].includes(value.helper)
}

function folded(helper: string, args: readonly Value[]): Value | undefined {
  const truths = args.map(truthOf)
  if (helper === 'not') return truths[0] === undefined ? undefined : literal(!truths[0])
  if (helper === 'and') return foldJunction('and', args, false)
  if (helper === 'or') return foldJunction('or', args, true)
  const [a, b] = args
  if (helper === 'eq' && a?.kind === 'literal' && b?.kind === 'literal') return literal(sameText(a.value, b.value))
  if (helper === 'default' && a?.kind === 'unset') return b
  if (helper === 'eq' && (a?.kind === 'unset' || b?.kind === 'unset')) return literal(false)
  return undefined
}

function foldJunction(helper: string, args: readonly Value[], decides: boolean): Value | undefined {
  if (args.some((arg) => truthOf(arg) === decides)) return literal(decides)
  const open = args.filter((arg) => truthOf(arg) === undefined)
  if (open.length === 0) return literal(!decides)
  if (open.length === args.length) return undefined
  return open.length === 1 ? open[0] : plainCall(helper, ...open)
}

function sameText(a: Literal, b: Literal): boolean {
  return a !== null && b !== null && String(a) === String(b)
}

/** As Python prints it. */
export function printed(value: Literal): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return value === null ? 'None' : String(value)
}

/** The name of a key in a path: `eth0`, or `[eth0.100]`. */
export function segment(key: string): string {
  if (/^[A-Za-z_][\w-]*$/.test(key) && !/^(?:this|true|false|null|undefined|else|as)$/.test(key)) return key
  if (/^[^[\]{}\0-\x1f]+$/.test(key)) return `[${key}]`
  throw new Unfit('the name of a key holds signs that a template here cannot say')
}

const deepest = 9

/** How a template says it: as an argument of a helper, or of `{{#if}}`. Throws Unfit. */
export function code(value: Value, inLoop: boolean, depth = 0): string {
  if (depth > deepest) throw new Unfit('the condition is nested too deeply')
  if (value.kind === 'literal') return literalCode(value.value)
  if (value.kind === 'path') return pathCode(value, inLoop)
  if (value.kind === 'list' && value.items.some(({ kind }) => kind === 'choice'))
    throw new Unfit('a list holds a value that depends on a condition')
  if (value.kind === 'list') return `(list${value.items.map((item) => ` ${code(item, inLoop, depth + 1)}`).join('')})`
  if (value.kind === 'call') return `(${callCode(value.helper, value.args, inLoop, depth + 1)})`
  if (value.kind === 'choice') return choiceCode(value, inLoop, depth)
  if (value.kind === 'lost') throw new Unfit(value.why)
  return 'null'
}

export function callCode(helper: string, args: readonly Value[], inLoop: boolean, depth = 0): string {
  if (args.length > 90) throw new Unfit('the list is longer than 90 values')
  return [helper, ...args.map((arg) => code(arg, inLoop, depth))].join(' ')
}

export function pathCode(value: Path, inLoop: boolean): string {
  return value.root && inLoop ? `@root.${value.path}` : value.path
}

function choiceCode(
  { when, yes, no, truth }: Extract<Value, { kind: 'choice' }>,
  inLoop: boolean,
  depth: number,
): string {
  if (truth) return code(truth, inLoop, depth)
  return code(call('or', call('and', when, yes), call('and', call('not', when), no)), inLoop, depth)
}

function literalCode(value: Literal): string {
  if (typeof value !== 'string') return String(value)
  // Handlebars knows one escape in a text: of the quote that it stands in.
  if (/["\\]$/.test(value) || /[\0\n\r]|\{\{|\}\}/.test(value))
    throw new Unfit('a text holds signs that a condition here cannot say')
  if (!value.includes('"')) return `"${value}"`
  if (!value.includes("'") && !value.includes('\\')) return `'${value}'`
  throw new Unfit('a text holds signs that a condition here cannot say')
}
