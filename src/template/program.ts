import Handlebars from 'handlebars'
import { wrong, type Place } from './complaint.ts'
import { guard } from './guard.ts'
import { helpers } from './helpers.ts'

/** The helper that `{{#variable}}` becomes a call of. */
export const section = '$section'
/** `{{#base64}}…{{/base64}}`: what stands inside, as one word. */
export const encoding = '$base64'

export type Expression = hbs.AST.Expression
export type Statement = hbs.AST.Statement

/** A call of another template. */
export interface PartialCall {
  readonly name: string
  readonly place: Place
}

/** One template text, parsed and made strict: ready to be compiled. */
export interface Program {
  readonly source: string
  readonly ast: hbs.AST.Program
  readonly partials: readonly PartialCall[]
  /** What the call at `line:column` was given, as it is written there. */
  readonly given: ReadonlyMap<string, readonly Expression[]>
  /** What is written into the text at `line:column`: a variable, or what a call hands on. */
  readonly written: ReadonlyMap<string, Expression>
}

const deepest = 10

/**
 * Reads a template and makes it strict. Handlebars' own strict mode lets a variable pass that is there but undefined, everything
 * inherited from a prototype, and every argument of a helper; so each place where a value is written is marked as one to be escaped,
 * which is where `escaping` of engine.ts checks it.
 * Throws a Complaint with line.
 */
export function readProgram(text: string, source: string): Program {
  guard(text, source)
  const ast = parse(text, source)
  const strict = new Strict(source)
  strict.body(ast)
  return { source, ast, partials: strict.partials, given: strict.given, written: strict.written }
}

export function placeOf(node: hbs.AST.Node, source: string): Place {
  return { source, line: node.loc?.start.line ?? 1 }
}

/** `vars.disk`, `(default vars.disk "auto")`: as people wrote it. */
export function wording(expression: Expression): string {
  if (isPath(expression)) return expression.original
  if (!isCall(expression)) return 'a value'
  return `(${wording(expression.path)} ${expression.params.map(wording).join(' ')})`
}

export function isPath(node: hbs.AST.Node): node is hbs.AST.PathExpression {
  return node.type === 'PathExpression'
}

export function isCall(node: hbs.AST.Node): node is hbs.AST.SubExpression {
  return node.type === 'SubExpression'
}

export function isMustache(node: hbs.AST.Node): node is hbs.AST.MustacheStatement {
  return node.type === 'MustacheStatement'
}

export function isBlock(node: hbs.AST.Node): node is hbs.AST.BlockStatement {
  return node.type === 'BlockStatement'
}

/** Both forms: `{{> part}}`, and `{{#> part}}` with a block. */
export function isPartial(node: hbs.AST.Node): node is hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement {
  return node.type === 'PartialStatement' || node.type === 'PartialBlockStatement'
}

/** Handlebars says where in the text of its message only: `Parse error on line 3:`, or ` - 3:7` at its end. */
function parse(text: string, source: string): hbs.AST.Program {
  try {
    return Handlebars.parse(text, { srcName: source })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const line = Number(/^Parse error on line (\d+)/.exec(message)?.[1] ?? / - (\d+):\d+$/.exec(message)?.[1] ?? 1)
    const [first = '', near = ''] = message.split('\n')
    const why = /got 'EOF'$/m.test(message) ? 'a block has no end' : near === '' ? first : `unexpected after ${near}`
    const hint = 'every {{ needs its }}, every {{#block}} its {{/block}}'
    throw wrong(`the template does not parse: ${why.slice(0, 200)}`, hint, { source, line })
  }
}

/** Walks over a template once, refuses what nobody could answer, and puts the checks in. */
class Strict {
  readonly partials: PartialCall[] = []
  readonly given = new Map<string, readonly Expression[]>()
  readonly written = new Map<string, Expression>()
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  body(program: hbs.AST.Program | undefined, around?: hbs.AST.Node): void {
    if (!program) return
    for (const name of program.blockParams ?? []) this.#ownName(name, around ?? program)
    for (const statement of program.body) this.#statement(statement)
  }

  #statement(statement: Statement): void {
    if (isMustache(statement)) return this.#mustache(statement)
    if (isBlock(statement)) return this.#block(statement)
    if (isPartial(statement)) return this.#partial(statement)
    if (statement.type === 'ContentStatement' || statement.type === 'CommentStatement') return
    throw this.#wrong(
      statement,
      'decorators and inline partials are not known here',
      'put the part into a file of its own',
    )
  }

  #mustache(statement: hbs.AST.MustacheStatement): void {
    const { path } = statement
    const name = helperName(statement)
    if (name !== undefined) this.#call(statement, name)
    else if (hasArguments(statement)) throw this.#wrong(statement, `there is no helper ${wording(path)}`, helperNames())
    statement.escaped = name === undefined || helpers[name]!.value === true
    if (statement.escaped) this.written.set(keyOf(statement), name === undefined ? path : callOf(statement))
  }

  #block(block: hbs.AST.BlockStatement): void {
    const name = isPath(block.path) ? block.path.original : ''
    if (['if', 'unless', 'each', 'with'].includes(name)) {
      if (block.params.length !== 1)
        throw this.#wrong(block, `{{#${name}}} takes one value`, `write {{#${name} vars.x}}`)
      block.params.forEach((param) => this.#expression(param))
      this.#remember(block, block.params)
    } else if (name === 'base64' && !hasArguments(block)) block.path = pathTo(encoding, block.loc)
    else if (hasArguments(block) || helpers[name]) {
      const hint = helpers[name] ? `write {{#if (${name} …)}}` : 'there are #if, #unless, #each and #with'
      throw this.#wrong(block, `${name} is no helper for blocks`, hint)
    } else {
      block.params = [block.path]
      this.#remember(block, block.params)
      block.path = pathTo(section, block.loc)
    }
    this.body(block.program, block)
    this.body(block.inverse, block)
  }

  #partial(statement: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement): void {
    if (isCall(statement.name))
      throw this.#wrong(statement, 'the name of a partial must be written out', 'choose with {{#if}}')
    const name = statement.name.original
    statement.params.forEach((param) => this.#expression(param))
    for (const { key, value } of statement.hash?.pairs ?? []) {
      this.#ownName(key, statement)
      this.#expression(value)
    }
    if (name !== '@partial-block') this.partials.push({ name, place: placeOf(statement, this.#source) })
    if ('program' in statement) this.body(statement.program, statement)
  }

  #expression(expression: Expression, depth = 1): void {
    if (!isCall(expression)) return
    const name = helperName(expression)
    if (name === undefined)
      throw this.#wrong(expression, `there is no helper ${wording(expression.path)}`, helperNames())
    if (depth > deepest)
      throw this.#wrong(expression, `more than ${deepest} calls stand in each other`, 'split the expression')
    this.#call(expression, name, depth + 1)
  }

  #call(call: hbs.AST.MustacheStatement | hbs.AST.SubExpression, name: string, depth = 1): void {
    const [least, most] = helpers[name]!.takes
    const count = call.params.length
    if (count < least || count > most) {
      const amount = least === most ? String(least) : `at least ${least}`
      throw this.#wrong(
        call,
        `${name} takes ${amount} value${amount === '1' ? '' : 's'} and is given ${count}`,
        `write {{${name} …}}`,
      )
    }
    if (call.hash) throw this.#wrong(call, `${name} takes no named values`, `write {{${name} …}} without the =`)
    call.params.forEach((param) => this.#expression(param, depth))
    this.#remember(call, call.params)
  }

  #remember(node: hbs.AST.Node, given: readonly Expression[]): void {
    this.given.set(keyOf(node), given)
  }

  #ownName(name: string, node: hbs.AST.Node): void {
    if (Object.hasOwn(helpers, name))
      throw this.#wrong(node, `${name} is the name of a helper`, 'call the variable otherwise')
  }

  #wrong(node: hbs.AST.Node, message: string, hint: string): Error {
    return wrong(message, hint, placeOf(node, this.#source))
  }
}

export function helperName({ path }: { readonly path: Expression | hbs.AST.Literal }): string | undefined {
  if (!isPath(path) || path.data || path.depth > 0 || path.parts.length !== 1) return undefined
  return path.original === path.parts[0] && Object.hasOwn(helpers, path.original) ? path.original : undefined
}

function hasArguments({ params, hash }: hbs.AST.MustacheStatement | hbs.AST.BlockStatement): boolean {
  return params.length > 0 || hash !== undefined
}

function callOf({ path, params, hash, loc }: hbs.AST.MustacheStatement): Expression {
  const call: Omit<hbs.AST.SubExpression, 'path'> & { path: Expression } = {
    type: 'SubExpression',
    path,
    params,
    hash,
    loc,
  }
  return call
}

function keyOf({ loc: { start } }: hbs.AST.Node): string {
  return `${start.line}:${start.column}`
}

export function helperNames(): string {
  return `helpers are ${Object.keys(helpers).join(', ')}`
}

function pathTo(name: string, loc: hbs.AST.SourceLocation): hbs.AST.PathExpression {
  return { type: 'PathExpression', data: false, depth: 0, parts: [name], original: name, loc }
}
