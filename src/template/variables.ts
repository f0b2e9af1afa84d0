import { helpers } from './helpers.ts'
import {
  encoding,
  helperName,
  isBlock,
  isCall,
  isMustache,
  isPartial,
  isPath,
  type Expression,
  type Program,
  type Statement,
} from './program.ts'

/** A variable that a template asks for. */
export interface Variable {
  /** From the context's root: `vars.disk`; `vars.users[].name` is the name of each of them. */
  readonly name: string
  /** Without a value there is no text. False when it is only asked for (`{{#if}}`, `{{default}}`), or only needed in some cases. */
  readonly required: boolean
  /** The first place that needs it, or else the first that asks. */
  readonly file: string
  readonly line: number
}

/** What names mean at one place: `this`, the names that a block or a call gave, and the scope around it. */
interface Scope {
  readonly self: string | undefined
  /** Undefined for a name that stands for something computed. */
  readonly names: ReadonlyMap<string, string | undefined>
  readonly outer?: Scope
}

/** What a template and its parts ask for, by name. */
export function variablesIn(main: Program, parts: ReadonlyMap<string, Program>, file: string): readonly Variable[] {
  const search = new Search(parts)
  search.program(main.ast, file, { self: '', names: new Map() }, true)
  return [...search.found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

class Search {
  readonly found = new Map<string, Variable>()
  readonly #parts: ReadonlyMap<string, Program>

  constructor(parts: ReadonlyMap<string, Program>) {
    this.#parts = parts
  }

  program(program: hbs.AST.Program | undefined, file: string, scope: Scope, sure: boolean): void {
    for (const statement of program?.body ?? []) this.#statement(statement, file, scope, sure)
  }

  #statement(statement: Statement, file: string, scope: Scope, sure: boolean): void {
    if (isMustache(statement)) {
      const name = helperName(statement)
      const needed = sure && (name === undefined || helpers[name]!.asks !== true)
      for (const value of name === undefined ? [statement.path] : statement.params)
        this.#expression(value, file, scope, needed)
    } else if (isBlock(statement)) this.#block(statement, file, scope, sure)
    else if (isPartial(statement)) this.#partial(statement, file, scope, sure)
  }

  #block(block: hbs.AST.BlockStatement, file: string, scope: Scope, sure: boolean): void {
    const name = block.path.original
    const asks = name === 'if' || name === 'unless'
    const same = asks || name === encoding
    const needed = sure && !asks && !block.inverse
    for (const param of block.params) this.#expression(param, file, scope, needed)
    const inner = same ? scope : innerScope(block, name, scope)
    this.program(block.program, file, inner, needed && name !== 'each')
    this.program(block.inverse, file, scope, false)
  }

  #partial(
    call: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement,
    file: string,
    scope: Scope,
    sure: boolean,
  ): void {
    const pairs = call.hash?.pairs ?? []
    for (const value of [...call.params, ...pairs.map((pair) => pair.value)])
      this.#expression(value, file, scope, false)
    if ('program' in call) this.program(call.program, file, scope, sure)
    const name = 'original' in call.name ? call.name.original : ''
    const part = this.#parts.get(name)
    if (!part) return
    const given = pairs.map(({ key, value }) => [key, nameOf(value, scope)] as const)
    const self = call.params[0] ? nameOf(call.params[0], scope) : scope.self
    this.program(part.ast, name, { self, names: new Map(given) }, sure)
  }

  #expression(expression: Expression, file: string, scope: Scope, required: boolean): void {
    if (isCall(expression)) {
      const asks = helpers[expression.path.original]?.asks === true
      for (const param of expression.params) this.#expression(param, file, scope, required && !asks)
      return
    }
    const name = nameOf(expression, scope)
    if (name) this.#add({ name, required, file, line: expression.loc.start.line })
  }

  #add(variable: Variable): void {
    const known = this.found.get(variable.name)
    if (!known || (variable.required && !known.required)) this.found.set(variable.name, variable)
  }
}

function innerScope(block: hbs.AST.BlockStatement, name: string, outer: Scope): Scope {
  const value = block.params[0] && nameOf(block.params[0], outer)
  const self = value === undefined ? undefined : name === 'each' ? `${value}[]` : value
  const named = block.program?.blockParams?.[0]
  return { self, names: new Map(named !== undefined && self !== undefined ? [[named, self]] : []), outer }
}

/** The name from the root; undefined for what is no variable: text, `@index`, something computed. */
function nameOf(expression: Expression, scope: Scope): string | undefined {
  if (isCall(expression)) return nameOf(expression.params[0]!, scope)
  if (!isPath(expression)) return undefined
  const parts = expression.parts as readonly string[]
  if (expression.data) return parts[0] === 'root' ? parts.slice(1).join('.') : undefined
  let at: Scope | undefined = scope
  for (let up = expression.depth; up > 0 && at; up--) at = at.outer
  const [first, ...others] = parts
  if (first === undefined) return at?.self
  const named = expression.depth === 0 ? scopeOf(first, scope) : undefined
  const base = named ? named.names.get(first) : [at?.self, first].filter(Boolean).join('.')
  return base === undefined ? undefined : [base, ...others].join('.')
}

/** The scope that gave the name its meaning. */
function scopeOf(name: string, scope: Scope | undefined): Scope | undefined {
  return !scope || scope.names.has(name) ? scope : scopeOf(name, scope.outer)
}
