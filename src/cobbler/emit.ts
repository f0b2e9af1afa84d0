import { meaningOf, type Dialect } from './meaning.ts'
import type { Piece } from './piece.ts'
import type { Scope } from './scope.ts'
import type { Maybe } from './token.ts'
import type { For, If, Node } from './tree.ts'
import { Unfit } from './unfit.ts'
import {
  call,
  callCode,
  choose,
  code,
  isTruth,
  literal,
  path,
  pathCode,
  plainCall,
  printed,
  truthOf,
  type Value,
} from './value.ts'

/** What stands for a snippet. Throws Unfit when there is none, or none that could stand there. */
export interface Parts {
  snippet(
    name: string,
    place: { readonly file: string; readonly line: number },
    scope: Scope,
    inLoop: boolean,
  ): readonly Piece[]
}

export interface Bad {
  readonly line: number
  readonly last: number
  readonly why: string
}

interface Options {
  readonly scope: Scope
  readonly dialect: Dialect
  readonly parts: Parts
  readonly file: string
}

/** Not variables: functions of Cobbler and of Python. */
const functions: ReadonlySet<string> = new Set(
  'getVar varExists hasVar SNIPPET str int bool len list dict tuple set sorted reversed zip map filter max min sum any all abs round repr type open eval exec enumerate isinstance hasattr getattr range self'.split(
    ' ',
  ),
)
/** They may not be the names of what a block gives. */
const helperNames: ReadonlySet<string> = new Set(
  'shell yaml json cmd xml url part word account words line lines base64 join concat list default lookup oneOf eq not and or has atLeast if unless each with this as else true false null undefined'.split(
    ' ',
  ),
)

/** Turns the tree of an old template into the pieces of a new one; what it cannot say is in `bad`. */
export class Emitter {
  readonly bad: Bad[] = []
  readonly #dialect: Dialect
  readonly #parts: Parts
  readonly #file: string
  #scope: Scope
  #loops = 0
  #out: Piece[] = []

  constructor({ scope, dialect, parts, file }: Options) {
    this.#scope = scope
    this.#dialect = dialect
    this.#parts = parts
    this.#file = file
  }

  emit(nodes: readonly Node[]): readonly Piece[] {
    for (const node of nodes) this.#node(node)
    return this.#out
  }

  #node(node: Node): void {
    try {
      this.#convert(node)
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      this.bad.push({ line: node.line, last: node.last ?? node.line, why: error.message })
    }
  }

  #convert(node: Node): void {
    switch (node.kind) {
      case 'text':
        this.#out.push(node)
        return
      case 'value':
        return this.#value(node)
      case 'snippet': {
        const name = this.#meaning(node.name)
        if (name.kind !== 'literal' || typeof name.value !== 'string')
          throw new Unfit('it names a snippet by something computed')
        this.#out.push(
          ...this.#parts.snippet(name.value, { file: this.#file, line: node.line }, this.#scope, this.#loops > 0),
        )
        return
      }
      case 'set':
        return this.#set(node)
      case 'bad':
        throw new Unfit(node.why)
      case 'if':
        return this.#if(node)
      case 'for':
        return this.#for(node)
    }
  }

  #meaning(of: Maybe): Value {
    if (of instanceof Unfit) throw of
    return meaningOf(of, this.#scope, this.#dialect)
  }

  #value(node: Extract<Node, { kind: 'value' }>): void {
    const root = /[A-Za-z_]\w*/.exec(node.raw)?.[0]
    const isAt = node.raw.startsWith('@@')
    // Cheetah is told by Cobbler to write what it does not know as it stands there.
    const echoes = isAt || this.#dialect === 'cheetah'
    if (root !== undefined && echoes && (isAt || !functions.has(root)) && this.#scope.find(root) === undefined)
      return void this.#out.push({ kind: 'text', text: node.raw })
    const value = this.#meaning(node.of)
    this.#write(
      this.#dialect === 'jinja' && value.kind === 'path' && value.root && !isAt ? optional(value) : value,
      node.raw,
    )
  }

  #write(value: Value, raw: string): void {
    const inLoop = this.#loops > 0
    if (value.kind === 'literal') this.#out.push({ kind: 'text', text: printed(value.value) })
    else if (value.kind === 'unset') this.#out.push({ kind: 'text', text: this.#dialect === 'jinja' ? '' : raw })
    else if (value.kind === 'lost') throw new Unfit(value.why)
    else if (value.kind === 'list') throw new Unfit('it writes a whole list')
    else if (value.kind === 'path')
      this.#out.push({ kind: 'value', code: `${value.lines ? 'lines ' : ''}${pathCode(value, inLoop)}` })
    else if (value.kind === 'choice')
      this.#either(
        value.when,
        () => this.#write(value.yes, raw),
        () => this.#write(value.no, raw),
      )
    else this.#call(value)
  }

  #call(value: Extract<Value, { kind: 'call' }>): void {
    const { helper, args } = value
    const inLoop = this.#loops > 0
    if (isTruth(value)) {
      const text = (word: string) => (): void => void this.#out.push({ kind: 'text', text: word })
      return this.#either(value, text('True'), text('False'))
    }
    const [first, second] = args
    if (helper === 'default' && second?.kind === 'literal' && second.value === null)
      return this.#write(call('default', first!, literal('None')), '')
    const lines = args.some((arg) => arg.kind === 'path' && arg.lines)
    const written = callCode(helper, args, inLoop)
    this.#out.push({ kind: 'value', code: lines ? `lines (${written})` : written })
  }

  #either(when: Value, yes: () => void, no: () => void): void {
    this.#out.push({ kind: 'tag', code: `#if ${code(when, this.#loops > 0)}`, eats: false })
    yes()
    this.#out.push({ kind: 'tag', code: 'else', eats: false })
    no()
    this.#out.push({ kind: 'tag', code: '/if', eats: false })
  }

  #set({ name, of, global }: Extract<Node, { kind: 'set' }>): void {
    try {
      const value = this.#meaning(of)
      if (value.kind === 'lost') throw new Unfit(value.why)
      this.#scope.set(name, value, global)
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      this.#scope.set(
        name,
        { kind: 'lost', why: `it needs ${name}, which is set by something that could not be converted` },
        global,
      )
      throw error
    }
  }

  /** Branches that no machine can come to are left out. */
  #if(node: If): void {
    const before = this.#scope
    const chain: { readonly when: Value; readonly scope: Scope }[] = []
    const inner: {
      readonly when: Value | undefined
      readonly pieces: Piece[]
      readonly eats: boolean
      readonly scope: Scope
    }[] = []
    const out = this.#out
    try {
      for (const { when, body, eats } of node.branches) {
        const value = when && this.#meaning(when)
        const sure = value && truthOf(value)
        if (value?.kind === 'lost') throw new Unfit(value.why)
        if (sure === false) continue
        if (value && sure === undefined) code(value, this.#loops > 0)
        const scope = before.fork()
        this.#scope = scope
        this.#out = []
        this.emit(body)
        inner.push({ when: sure === true ? undefined : value, pieces: this.#out, eats, scope })
        this.#scope = before
        if (value === undefined || sure === true) break
        chain.push({ when: value, scope })
      }
    } finally {
      this.#out = out
      this.#scope = before
    }
    this.#branches(inner, node.ends)
    const last = inner.at(-1)
    const otherwise = last?.when === undefined && last ? last.scope : before.fork()
    const scopes = [...chain.map(({ scope }) => scope), otherwise]
    before.merge(scopes, (values) =>
      values
        .slice(0, -1)
        .reduceRight<Value>((no, yes, index) => choose(chain[index]!.when, yes ?? unset, no), values.at(-1) ?? unset),
    )
  }

  #branches(
    inner: readonly { readonly when: Value | undefined; readonly pieces: readonly Piece[]; readonly eats: boolean }[],
    ends: boolean,
  ): void {
    const [first] = inner
    if (!first) return
    if (first.when === undefined) return void this.#out.push(...first.pieces)
    const eats = ends && inner.every((branch) => branch.eats)
    let open = 0
    inner.forEach(({ when, pieces, eats: own }, index) => {
      if (when === undefined) this.#out.push({ kind: 'tag', code: 'else', eats: own })
      else {
        if (index > 0) this.#out.push({ kind: 'tag', code: 'else', eats: own })
        this.#out.push({ kind: 'tag', code: `#if ${code(when, this.#loops > 0)}`, eats: index === 0 ? own : eats })
        open++
      }
      this.#out.push(...pieces)
    })
    for (; open > 0; open--) this.#out.push({ kind: 'tag', code: '/if', eats: open === 1 ? ends : eats })
  }

  #for(node: For): void {
    const { list, keys } = this.#listOf(node)
    const before = this.#scope
    const changed = new Set(setIn(node.body))
    const lost = (): Value => ({ kind: 'lost', why: 'it needs a value that a loop changes' })
    const scope = before.fork()
    for (const name of changed) scope.set(name, lost(), scope.globals.has(name))
    const named = node.names.map((name) => (helperNames.has(name) ? `the_${name}` : name))
    node.names.forEach((name, index) => scope.set(name, path(named[index]!, { root: false, empty: true }), false))
    if (this.#dialect === 'jinja') scope.set('loop', path('@loop', { root: false }), false)
    const inLoop = this.#loops > 0
    const params = keys === 'keys' ? `the_value ${named[0]}` : keys === 'items' ? `${named[1]} ${named[0]}` : named[0]
    const open: Piece = { kind: 'tag', code: `#each ${code(list, inLoop)} as |${params}|`, eats: node.eats }
    const out = this.#out
    this.#out = []
    this.#scope = scope
    this.#loops++
    try {
      this.emit(node.body)
      out.push(open, ...this.#out, { kind: 'tag', code: '/each', eats: node.ends })
    } finally {
      this.#out = out
      this.#scope = before
      this.#loops--
    }
    for (const name of [...changed, ...node.names]) before.set(name, lost(), before.globals.has(name))
  }

  /** What is walked over: a list, or the keys, values or pairs of a map. */
  #listOf(node: For): { readonly list: Value; readonly keys: 'items' | 'keys' | 'one' } {
    if (node.list instanceof Unfit) throw node.list
    const { list } = node
    const method = list.kind === 'call' && list.of.kind === 'attribute' && list.args.length === 0 ? list.of : undefined
    const isMap = method && ['keys', 'values', 'items'].includes(method.name)
    const value = this.#meaning(isMap ? method.of : list)
    if (value.kind === 'choice' || value.kind === 'literal')
      throw new Unfit('it walks over something that is no list here')
    const keys = !isMap || method.name === 'values' ? 'one' : method.name === 'keys' ? 'keys' : 'items'
    if (node.names.length !== (keys === 'items' ? 2 : 1)) throw new Unfit('it takes the items of a list apart')
    if (value.kind === 'unset' && this.#dialect === 'cheetah') throw new Unfit('it walks over a list that nobody has')
    if (value.kind === 'unset') return { list: { kind: 'list', items: [] }, keys }
    return { list: value.kind === 'path' && !isMap ? call('default', value, { kind: 'list', items: [] }) : value, keys }
  }
}

const unset: Value = { kind: 'unset' }

function optional(value: Value): Value {
  return plainCall('default', value, literal(''))
}

function setIn(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node): string[] => {
    if (node.kind === 'set') return [node.name]
    if (node.kind === 'if') return node.branches.flatMap(({ body }) => setIn(body))
    return node.kind === 'for' ? [...node.names, ...setIn(node.body)] : []
  })
}
