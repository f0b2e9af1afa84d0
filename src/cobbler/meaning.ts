import type { Comparison, Expression } from './expression.ts'
import { Unfit } from './unfit.ts'
import { junction } from './junction.ts'
import { call, choose, literal, path, plainCall, segment, type Path, type Value } from './value.ts'

/** What names stand for at one place of a template. */
export interface Names {
  /** Undefined: nobody knows the name. */
  find(name: string): Value | undefined
}

/** Which language the expression is of: they differ in what a missing value is. */
export type Dialect = 'cheetah' | 'jinja'

/** What an expression comes to. Throws Unfit for what only Python could compute. */
export function meaningOf(expression: Expression, names: Names, dialect: Dialect): Value {
  const inner = (of: Expression): Value => meaningOf(of, names, dialect)
  switch (expression.kind) {
    case 'literal':
      return literal(expression.value)
    case 'list':
      return { kind: 'list', items: expression.items.map(inner) }
    case 'name':
      return names.find(expression.name) ?? { kind: 'unset' }
    case 'attribute':
      return memberOf(inner(expression.of), expression.name, dialect)
    case 'index':
      return indexOf(inner(expression.of), expression.key, dialect)
    case 'call':
      return callOf(expression, names, dialect)
    case 'not':
      return call('not', inner(expression.of))
    case 'both':
      return junction('and', truthful(expression.left, inner(expression.left)), inner(expression.right))
    case 'either':
      return junction('or', truthful(expression.left, inner(expression.left)), inner(expression.right))
    case 'compare':
      return comparison(expression.by, inner(expression.left), inner(expression.right))
    case 'plus':
      return sum(inner(expression.left), inner(expression.right))
    case 'format':
      return formatted(inner(expression.left), inner(expression.right))
    case 'filter':
      return filtered(inner(expression.of), expression.name, expression.args.map(inner))
    case 'test':
      return test(inner(expression.of), expression.name)
  }
}

/** What is asked whether it is there comes to a truth, not to what is there. */
function truthful(expression: Expression, value: Value): Value {
  const asks =
    expression.kind === 'test' ||
    (expression.kind === 'call' &&
      ((expression.of.kind === 'name' && /^(?:varExists|hasVar)$/.test(expression.of.name)) ||
        (expression.of.kind === 'attribute' && expression.of.name === 'has_key')))
  return asks && value.kind === 'path' ? plainCall('or', value, literal(false)) : value
}

function memberOf(of: Value, name: string, dialect: Dialect): Value {
  if (of.kind === 'lost') return of
  if (of.kind === 'unset' && dialect === 'jinja') return of
  if (of.kind !== 'path') throw new Unfit(`it asks for .${name} of something`)
  return below(of, name)
}

/** What `loop` of Jinja can be asked for. */
const loopFacts: Readonly<Record<string, string>> = { first: '@first', last: '@last', index0: '@index' }

function below(of: Path, key: string): Value {
  if (of.path === '@loop') {
    const fact = loopFacts[key]
    if (fact === undefined) throw new Unfit(`it asks for loop.${key}`)
    return path(fact, { root: false })
  }
  return path(`${of.path}.${segment(key)}`, { root: of.root, empty: true })
}

function indexOf(of: Value, key: Expression, dialect: Dialect): Value {
  if (of.kind === 'lost') return of
  if (of.kind === 'unset' && dialect === 'jinja') return of
  if (key.kind !== 'literal' || (typeof key.value !== 'string' && typeof key.value !== 'number'))
    throw new Unfit('it takes a value out of a map by a key that is computed')
  if (of.kind !== 'path') throw new Unfit('it takes a value out of something that is no map here')
  return below(of, String(key.value))
}

function callOf({ of, args }: Extract<Expression, { kind: 'call' }>, names: Names, dialect: Dialect): Value {
  const inner = (each: Expression): Value => meaningOf(each, names, dialect)
  if (of.kind === 'attribute') return methodOf(of, args, inner)
  if (of.kind !== 'name') throw new Unfit('it calls something that is computed')
  const [first, second] = args
  switch (of.name) {
    case 'getVar':
      return withDefault(names.find(wordOf(first)), second && inner(second))
    case 'varExists':
    case 'hasVar':
      return isThere(names.find(wordOf(first)))
    case 'str':
    case 'int':
    case 'bool':
      if (first && args.length === 1) return inner(first)
      break
    case 'range':
      return range(args)
  }
  throw new Unfit(`it calls ${of.name}(), which is Python`)
}

function methodOf(
  of: Extract<Expression, { kind: 'attribute' }>,
  args: readonly Expression[],
  inner: (each: Expression) => Value,
): Value {
  const value = inner(of.of)
  if (value.kind === 'lost') return value
  const [first, second] = args
  const same = unchanged(value, of.name, args)
  if (same !== undefined) return same
  if (value.kind === 'path') {
    if (of.name === 'get' && first?.kind === 'literal')
      return withDefault(below(value, String(first.value)), second && inner(second))
    if (of.name === 'has_key' && first?.kind === 'literal') return isThere(below(value, String(first.value)))
  }
  throw new Unfit(`it calls .${of.name}(), which is Python`)
}

/** Methods of texts, where what they give is known: of a text that is written there, or of one that has nothing to change. */
function unchanged(value: Value, method: string, args: readonly Expression[]): Value | undefined {
  const texts = args.map((arg) => (arg.kind === 'literal' && typeof arg.value === 'string' ? arg.value : undefined))
  const [a, b] = texts
  const isSmall = value.kind === 'path' && /^vars\.(?:breed|os_version|arch)$/.test(value.path)
  if (isSmall && method === 'lower' && args.length === 0) return value
  // No host name has an underscore.
  if (value.kind === 'path' && value.path === 'machine.hostname' && method === 'replace' && a === '_') return value
  if (value.kind !== 'literal' || typeof value.value !== 'string' || texts.includes(undefined)) return undefined
  const text = value.value
  if (method === 'lower' && args.length === 0) return literal(text.toLowerCase())
  if (method === 'upper' && args.length === 0) return literal(text.toUpperCase())
  if (method === 'strip' && args.length === 0) return literal(text.trim())
  if (method === 'replace' && args.length === 2 && a !== '') return literal(text.replaceAll(a!, () => b!))
  if (method === 'startswith' && args.length === 1) return literal(text.startsWith(a!))
  if (method === 'endswith' && args.length === 1) return literal(text.endsWith(a!))
  return undefined
}

function wordOf(expression: Expression | undefined): string {
  if (expression?.kind === 'literal' && typeof expression.value === 'string') return expression.value.replace(/^\$/, '')
  throw new Unfit('it asks for a variable by a name that is computed')
}

function withDefault(value: Value | undefined, other: Value | undefined): Value {
  if (value === undefined || value.kind === 'unset') return other ?? literal(null)
  if (value.kind !== 'path' || value.sure) return value
  return plainCall('default', value, other ?? literal(''))
}

function isThere(value: Value | undefined): Value {
  if (value === undefined || value.kind === 'unset') return literal(false)
  if (value.kind === 'lost') return value
  if (value.kind !== 'path' || value.sure) return literal(true)
  if (!value.empty) return value
  return call(
    'or',
    value,
    call('eq', value, literal('')),
    call('eq', value, literal(0)),
    call('eq', value, literal(false)),
  )
}

function range(args: readonly Expression[]): Value {
  const [a, b, more] = args.map((arg) =>
    arg.kind === 'literal' && typeof arg.value === 'number' ? arg.value : undefined,
  )
  const [from, to] = b === undefined ? [0, a] : [a, b]
  if (from === undefined || to === undefined || more !== undefined || args.length > 2 || to - from > 90)
    throw new Unfit('it calls range() with what is no small number')
  return { kind: 'list', items: Array.from({ length: Math.max(0, to - from) }, (_, index) => literal(from + index)) }
}

function comparison(by: Comparison, left: Value, right: Value): Value {
  if (by === '!=') return call('not', comparison('==', left, right))
  if (by === 'not in') return call('not', comparison('in', left, right))
  if (by === 'in') return contains(left, right)
  if (by === '==') return equal(left, right)
  const number = (value: Value): boolean => value.kind === 'literal' && typeof value.value === 'number'
  if (!number(left) && !number(right)) throw new Unfit(`it compares texts by ${by}`)
  if (by === '>=') return call('atLeast', left, right)
  if (by === '<=') return call('atLeast', right, left)
  return call('not', by === '<' ? call('atLeast', left, right) : call('atLeast', right, left))
}

function equal(left: Value, right: Value): Value {
  if (left.kind === 'choice') return choose(left.when, equal(left.yes, right), equal(left.no, right))
  if (right.kind === 'choice') return choose(right.when, equal(left, right.yes), equal(left, right.no))
  if (isNone(left)) return call('not', right)
  if (isNone(right)) return call('not', left)
  if (left.kind === 'list' || right.kind === 'list') throw new Unfit('it compares lists')
  return call('eq', left, right)
}

function isNone(value: Value): boolean {
  return value.kind === 'literal' && value.value === null
}

function contains(item: Value, whole: Value): Value {
  if (whole.kind === 'list') {
    const each = whole.items.map((one) => equal(item, one))
    if (each.length < 2) return each[0] ?? literal(false)
    return call('or', ...each)
  }
  if (whole.kind === 'literal') throw new Unfit('it looks for a text in a text')
  return call('has', whole, item)
}

function sum(left: Value, right: Value): Value {
  const number = (value: Value): boolean => value.kind === 'literal' && typeof value.value !== 'string'
  if (number(left) || number(right)) throw new Unfit('it computes with numbers')
  const isText = (value: Value): boolean =>
    value.kind === 'literal' || (value.kind === 'call' && value.helper === 'concat')
  if (!isText(left) && !isText(right)) throw new Unfit('it adds two values, which may be numbers')
  if (left.kind === 'literal' && right.kind === 'literal') return literal(`${left.value}${right.value}`)
  return call('concat', left, right)
}

/** `'http://%s/%s' % (a, b)` */
function formatted(template: Value, given: Value): Value {
  if (template.kind !== 'literal' || typeof template.value !== 'string') throw new Unfit('it computes with numbers')
  const parts = template.value.split('%s')
  const values = given.kind === 'list' ? given.items : [given]
  if (parts.length !== values.length + 1 || parts.some((part) => part.includes('%')))
    throw new Unfit('it formats a text in a way that is not understood here')
  const pieces = parts.flatMap((part, index) => [literal(part), ...(index < values.length ? [values[index]!] : [])])
  return pieces.filter((piece) => piece.kind !== 'literal' || piece.value !== '').reduce(joined, literal(''))
}

function joined(before: Value, next: Value): Value {
  if (before.kind === 'literal' && next.kind === 'literal') return literal(`${before.value}${next.value}`)
  if (before.kind === 'literal' && before.value === '') return call('concat', next)
  if (before.kind !== 'call' || before.helper !== 'concat') return call('concat', before, next)
  return call('concat', ...before.args, next)
}

function filtered(of: Value, name: string, args: readonly Value[]): Value {
  const [first] = args
  if (name === 'default' || name === 'd') return of.kind === 'literal' ? of : withDefault(of, first ?? literal(''))
  if (name === 'join' && (of.kind === 'path' || of.kind === 'list')) return call('join', of, first ?? literal(''))
  if (name === 'string' || name === 'safe') return of
  if (name === 'int' && args.length === 0) return of
  throw new Unfit(`it uses the filter ${name}`)
}

function test(of: Value, name: string): Value {
  if (name === 'defined') return isThere(of)
  if (name === 'undefined') return call('not', isThere(of))
  if (name === 'none' || name === 'None') return call('not', of)
  throw new Unfit(`it tests whether something is ${name}`)
}
