import Handlebars from 'handlebars'
import type { Budget } from './budget.ts'
import { Complaint, missing, written, type Place } from './complaint.ts'
import { helpers, isFalse, isNothing, notAList, type Helper } from './helpers.ts'
import { encoding, section } from './program.ts'
import { base64, printed } from './quote.ts'

type Body = (context: unknown, options?: object) => string

/** What Handlebars hands to every helper as its last argument. */
interface Options {
  readonly fn: Body
  readonly inverse: Body
  readonly data: object
  readonly loc: { readonly source: string; readonly start: { readonly line: number; readonly column: number } }
}

type Block = (this: unknown, value: unknown, options: Options) => unknown

const escaping = '$escape'

/** What is used of Handlebars' generator of code, which has no types; the version is pinned, and the tests tell when it changes. */
interface CodeGenerator {
  readonly source: { readonly currentLocation: hbs.AST.SourceLocation & { readonly source: string } }
  aliasable(name: string): unknown
  quotedString(text: string): unknown
  popStack(): unknown
  appendToBuffer(code: readonly unknown[]): unknown
  pushSource(code: unknown): void
}

const { JavaScriptCompiler } = Handlebars as unknown as { JavaScriptCompiler: new () => CodeGenerator }

/** Where Handlebars would escape a value for HTML, ours is checked: a plain call with the place, four times faster than a helper. */
class Generator extends JavaScriptCompiler {
  /** Handlebars makes the blocks inside of a template with the same generator. */
  readonly compiler = Generator

  appendEscaped(): void {
    const { source, start } = this.source.currentLocation
    const place = this.quotedString(`${start.line}:${start.column}:${source}`)
    const call = [this.aliasable(`helpers.${escaping}`), '(', this.popStack(), ', ', place, ')']
    this.pushSource(this.appendToBuffer(call))
  }
}

function escape(value: unknown, place: string): string {
  try {
    if (isNothing(value)) throw missing(written)
    return printed(value)
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    const [line, column, ...source] = place.split(':')
    const about = { place: { source: source.join(':'), line: Number(line), column: Number(column) }, about: written }
    throw new Complaint(error.code, error.message, error.hint, about)
  }
}

/** Gives an engine our helpers, each of which refuses a missing value and says where it stands. */
export function addHelpers(engine: typeof Handlebars, budget: Budget): void {
  for (const name of ['log', 'lookup', 'if', 'unless', 'with', 'each']) engine.unregisterHelper(name)
  for (const [name, helper] of Object.entries(helpers)) engine.registerHelper(name, placed(helper))
  engine.registerHelper(escaping, escape)
  Object.assign(engine, { JavaScriptCompiler: Generator })
  const blocks: Record<string, Block> = {
    if(value, { fn, inverse }) {
      return isFalse(value) ? inverse(this) : fn(this)
    },
    unless(value, { fn, inverse }) {
      return isFalse(value) ? fn(this) : inverse(this)
    },
    with(value, options) {
      if (isFalse(value)) return otherwise(this, value, options)
      return options.fn(value, { data: options.data, blockParams: [value] })
    },
    each(value, options) {
      return each(this, value, options, budget, engine)
    },
    [section](value, options) {
      if (Array.isArray(value)) return each(this, value, options, budget, engine)
      if (isFalse(value)) return otherwise(this, value, options)
      return options.fn(value === true ? this : value)
    },
  }
  const encode = function (this: unknown, { fn }: Options): string {
    return base64(fn(this))
  }
  engine.registerHelper(encoding, encode)
  for (const [name, block] of Object.entries(blocks)) engine.registerHelper(name, block as Handlebars.HelperDelegate)
}

/**
 * What every rendering is started with. Handlebars makes a wrapper of every helper each time a template begins, and a copy of the
 * options at each call, to hand `lookupProperty` to helpers; ours do not need it. A part is spared that, so the whole template is
 * started like a part, with the access rules that a real part was given: nothing of a prototype is reachable, and nothing is logged.
 */
export function startOf(engine: typeof Handlebars): object {
  let start: object = {}
  const remember = (_context: unknown, options?: Handlebars.RuntimeOptions): string => {
    start = { ...options, helpers: engine.helpers, data: undefined }
    return '-'
  }
  const access = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false }
  engine.compile('{{> part}}')({}, { ...access, partials: { part: remember } })
  return start
}

function placed({ takes: [least, most], asks, run }: Helper): Handlebars.HelperDelegate {
  if (most === 1 && !asks) return placedOne(run)
  const checked = asks ? 0 : Math.max(least, 1)
  return (...all: unknown[]) => {
    const options = all.pop() as Options
    try {
      for (let n = 0; n < checked && n < all.length; n++) if (isNothing(all[n])) throw missing(n)
      return run(...all)
    } catch (error) {
      throw error instanceof Complaint ? error.at(placeOf(options)) : error
    }
  }
}

/** The same for the many calls with one value, without making a list of it. */
function placedOne(run: (value: unknown) => unknown): Handlebars.HelperDelegate {
  return (value: unknown, options: Options) => {
    try {
      if (isNothing(value)) throw missing(0)
      return run(value)
    } catch (error) {
      throw error instanceof Complaint ? error.at(placeOf(options)) : error
    }
  }
}

/** A block without `{{else}}` did not say what becomes of nothing, so nothing is a mistake. */
function otherwise(context: unknown, value: unknown, options: Options): string {
  if (isNothing(value) && isEmpty(options.inverse)) throw missing(0).at(placeOf(options))
  return options.inverse(context)
}

function each(
  context: unknown,
  value: unknown,
  options: Options,
  budget: Budget,
  { createFrame }: typeof Handlebars,
): string {
  if (!isFalse(value) && typeof value !== 'object') throw notAList(value).at(placeOf(options))
  const keys = Array.isArray(value) ? undefined : Object.keys(typeof value === 'object' && value !== null ? value : {})
  const items: readonly unknown[] = Array.isArray(value) ? value : keys!.map((key) => Reflect.get(value as object, key))
  if (items.length === 0) return otherwise(context, value, options)
  const frame = createFrame(options.data) as Frame
  let text = ''
  try {
    for (let index = 0; index < items.length; index++) {
      budget.step()
      const key = keys ? keys[index]! : index
      frame.key = key
      frame.index = index
      frame.first = index === 0
      frame.last = index === items.length - 1
      text = budget.check(text + options.fn(items[index], { data: frame, blockParams: [items[index], key] }))
    }
  } catch (error) {
    throw error instanceof Complaint ? error.at(placeOf(options)) : error
  }
  return text
}

/** `@index` and its kin. */
interface Frame {
  key: string | number
  index: number
  first: boolean
  last: boolean
}

// Handlebars gives every block without {{else}} the same function, which returns the empty text.
function isEmpty(body: Body): boolean {
  return !('program' in body)
}

function placeOf({ loc }: Options): Place {
  return { source: loc.source, line: loc.start.line, column: loc.start.column }
}
