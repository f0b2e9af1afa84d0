import type Handlebars from 'handlebars'
import type { Budget } from './budget.ts'
import { Complaint, missing, type Place } from './complaint.ts'
import { helpers, isFalse, isNothing, type Helper } from './helpers.ts'
import { encoding, printing, section } from './program.ts'
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

/** Gives an engine our helpers, each of which refuses a missing value and says where it stands. */
export function addHelpers(engine: typeof Handlebars, budget: Budget): void {
  for (const name of ['log', 'lookup', 'if', 'unless', 'with', 'each']) engine.unregisterHelper(name)
  for (const [name, helper] of Object.entries(helpers)) engine.registerHelper(name, placed(helper))
  engine.registerHelper(printing, placed({ takes: [1, 1], run: printed }))
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

function placed({ takes: [least], asks, run }: Helper): Handlebars.HelperDelegate {
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
  const list = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (list.length === 0) return otherwise(context, value, options)
  const frame = createFrame(options.data) as Record<string, unknown>
  let text = ''
  try {
    for (const [index, [key, item]] of list.entries()) {
      budget.step()
      const name = Array.isArray(value) ? index : key
      Object.assign(frame, { key: name, index, first: index === 0, last: index === list.length - 1 })
      text = budget.check(text + options.fn(item, { data: frame, blockParams: [item, name] }))
    }
  } catch (error) {
    throw error instanceof Complaint ? error.at(placeOf(options)) : error
  }
  return text
}

// Handlebars gives every block without {{else}} the same function, which returns the empty text.
function isEmpty(body: Body): boolean {
  return !('program' in body)
}

function placeOf({ loc }: Options): Place {
  return { source: loc.source, line: loc.start.line, column: loc.start.column }
}
