import { maybe, negated, type Token } from './token.ts'
import { Unfit } from './unfit.ts'

/** What a directive of Cheetah comes to: its name, what stands behind it, and whether it takes its line away. */
export function directive(name: string, rest: string, line: number, eats: boolean): Token[] {
  const why = python.get(name) ?? blocks.get(name)
  if (why !== undefined) return [...definedBy(name, rest, line, why), { kind: 'bad', why, line }]
  if (silent.has(name)) return []
  const text = rest.replace(/\s*:$/, '')
  switch (name) {
    case 'if':
    case 'unless':
      return openIf(name, text, line, eats)
    case 'elif':
      return [{ kind: 'else', when: maybe(text), line, eats }]
    case 'else': {
      const when = /^if\b(.*)$/s.exec(text)?.[1]
      return [{ kind: 'else', ...(when !== undefined && { when: maybe(when) }), line, eats }]
    }
    case 'for':
      return [loop(text, line, eats)]
    case 'end':
      return ending(text, line, eats)
    case 'echo':
      return [{ kind: 'value', raw: '', of: maybe(text), line }]
    default:
      return assigned(name, text, line)
  }
}

function openIf(name: string, text: string, line: number, eats: boolean): Token[] {
  const bare = text.replaceAll(/'[^']*'|"[^"]*"/g, '')
  if (/\sthen\s/.test(bare) || /:\s*\S/.test(bare))
    return [{ kind: 'bad', why: 'it is an #if that is whole in one line', line }]
  const when = maybe(text)
  return [{ kind: 'if', when: name === 'if' ? when : negated(when), line, eats }]
}

function loop(text: string, line: number, eats: boolean): Token {
  const [, names = '', list = ''] = /^\(?((?:\s*\$?[A-Za-z_]\w*\s*,?)+)\)?\s+in\s+([^]+)$/.exec(text) ?? []
  if (names === '') return { kind: 'bad', why: 'it is a #for of a kind that is not understood here', line }
  return {
    kind: 'for',
    names: names
      .split(',')
      .map((name) => name.replaceAll(/[\s$]/g, ''))
      .filter(Boolean),
    list: maybe(list),
    line,
    eats,
  }
}

function ending(text: string, line: number, eats: boolean): Token[] {
  const of = /^\w+/.exec(text)?.[0] ?? ''
  if (of === 'if' || of === 'unless') return [{ kind: 'end', of: 'if', line, eats }]
  if (of === 'for') return [{ kind: 'end', of: 'for', line, eats }]
  if (of === 'block' || of === 'cache') return []
  return [{ kind: 'bad', why: 'it is an #end of nothing that was begun', line }]
}

function assigned(name: string, text: string, line: number): Token[] {
  if (name === 'import' || name === 'from') return definedBy(name, text, line, 'it imports a module of Python')
  const [, global, variable, by, value = ''] = /^(global\s+)?\$?([A-Za-z_]\w*)\s*(=(?!=))?([^]*)$/.exec(text) ?? []
  if (variable === undefined) return [{ kind: 'bad', why: 'it is Python', line }]
  const whole = by === '=' && name !== 'silent'
  const of = whole ? maybe(value) : new Unfit('it changes a value by Python')
  return [{ kind: 'set', name: variable, of, global: global !== undefined || name === 'attr', line }]
}

/** Names that are known after it, and by Python alone. */
function definedBy(name: string, rest: string, line: number, why: string): Token[] {
  const set = (variable: string): Token => ({ kind: 'set', name: variable, of: new Unfit(why), global: true, line })
  if (name === 'def' || name === 'closure') {
    const defined = /^\$?([A-Za-z_]\w*)/.exec(rest)?.[1]
    return defined === undefined ? [] : [set(defined)]
  }
  if (name !== 'import' && name !== 'from') return []
  const list = name === 'from' ? (/\bimport\s+(.*)$/s.exec(rest)?.[1] ?? '') : rest
  const names = list
    .split(',')
    .map((each) => /(?:\bas\s+)?([A-Za-z_]\w*)\s*$/.exec(each.trim().replace(/^(\w+)\..*$/, '$1'))?.[1])
  return names.some((each) => each !== undefined)
    ? names.flatMap((each) => (each === undefined ? [] : [set(each)]))
    : [{ kind: 'bad', why, line }]
}

/** Directives that compute in Python or change how the rest is read. */
const python = new Map(
  Object.entries({
    include: 'it includes a file by its path',
    extends: 'it extends a class of Python',
    implements: 'it implements a class of Python',
    super: 'it calls Python',
    return: 'it is Python',
    yield: 'it is Python',
    break: 'it leaves a loop early',
    continue: 'it leaves a round of a loop early',
    assert: 'it is Python',
    raise: 'it is Python',
    stop: 'it ends the template early',
    del: 'it is Python',
    filter: 'it filters what follows by Python',
    'compiler-settings': 'it changes how the template is read',
    compiler: 'it changes how the template is read',
    breakpoint: 'it is for debugging',
    i18n: 'it is Python',
    transform: 'it is Python',
    except: 'it is Python',
    finally: 'it is Python',
  }),
)
/** Blocks of which nothing can stay. */
export const blocks = new Map(
  Object.entries({
    def: 'it defines a function',
    closure: 'it defines a function',
    call: 'it calls a function',
    while: 'it loops until something computed changes',
    repeat: 'it repeats a number of times',
    try: 'it catches errors of Python',
  }),
)
/** They change nothing here. */
const silent = new Set(['pass', 'encoding', 'shBang', 'errorCatcher', 'block', 'cache'])
export const directives = new Set([
  ...python.keys(),
  ...blocks.keys(),
  ...silent,
  ...'if unless else elif for end set attr silent echo raw slurp import from'.split(' '),
])
