import Handlebars from 'handlebars'
import { Fault } from '../fault.ts'
import { Budget } from './budget.ts'
import { Complaint, written, wrong } from './complaint.ts'
import { addHelpers, startOf } from './engine.ts'
import { helpers } from './helpers.ts'
import { encoding, isCall, isPath, readProgram, section, wording, type Expression, type Program } from './program.ts'
import { variablesIn, type Variable } from './variables.ts'

/** A template's text and the name by which people know the file. */
export interface TemplateFile {
  readonly text: string
  readonly file: string
}

/** Where templates come from: the site first, then what is shipped. */
export interface TemplateReader {
  read(name: string): TemplateFile | undefined
}

/** Whom a text is rendered for, and where it stands: both are part of every complaint. */
export interface TextPlace {
  readonly file: string
  readonly line: number
  readonly who: string
}

/** A context's own key for a function that tells where a variable was set: `group db, fleet.yaml:7`; undefined where nobody set it. */
export const setBy = Symbol('where a variable was set')

type Run = (context: unknown, options?: object) => string

/** One text, compiled. */
interface Compiled {
  readonly text: string
  readonly program: Program
  readonly run: Run
}

/** A text with every part that it calls, directly or not, by their names. */
interface Linked {
  readonly main: Compiled
  readonly parts: ReadonlyMap<string, Compiled>
  /** The options of its rendering, without the data. */
  readonly start: object
}

const remembered = 1000

/**
 * Handlebars with nothing left to chance: a variable without a value is an error with template, line and machine; no HTML escaping;
 * no prototypes; loops, parts and output have their limits. A text is compiled once and again when it changes.
 */
export class Templates {
  readonly #reader: TemplateReader
  readonly #engine = Handlebars.create()
  readonly #budget = new Budget()
  readonly #start: object
  readonly #texts = new Map<string, Linked>()
  readonly #parts = new Map<string, Compiled>()

  constructor(reader: TemplateReader) {
    this.#reader = reader
    addHelpers(this.#engine, this.#budget)
    this.#start = startOf(this.#engine)
  }

  /** Renders a template file. Throws `file-missing`, `template-invalid` or `variable-missing`. */
  render(name: string, context: Record<string, unknown>, who: string): string {
    const { text, file } = this.#read(name)
    return this.renderText(text, context, { file, line: 1, who })
  }

  /** Whether a file is nothing but comments, and writes nothing for anybody. Throws `file-missing`. */
  isBlank(name: string): boolean {
    return (
      this.#read(name)
        .text.replaceAll(/\{\{!--[^]*?--\}\}/g, '')
        .trim() === ''
    )
  }

  /** Renders text that stands in a file, the `args` of a profile for instance; `line` is where it begins. */
  renderText(text: string, context: Record<string, unknown>, place: TextPlace): string {
    let linked: Linked | undefined
    try {
      linked = this.#link(text)
      this.#budget.begin()
      return this.#budget.check(linked.main.run(context, { ...linked.start, data: { root: context } }))
    } catch (error) {
      throw this.#faultOf(error, linked, place, context)
    }
  }

  /** Every variable that a template and its parts ask for, in the order of their names; nothing is rendered. */
  variablesOf(name: string): readonly Variable[] {
    const { text, file } = this.#read(name)
    try {
      const { main, parts } = this.#link(text)
      const programs = new Map([...parts].map(([part, { program }]) => [part, program]))
      return variablesIn(main.program, programs, file)
    } catch (error) {
      throw this.#faultOf(error, undefined, { file, line: 1, who: 'every machine' })
    }
  }

  #read(name: string): TemplateFile {
    const found = this.#reader.read(name)
    if (found) return found
    throw new Fault('file-missing', `there is no template ${name}`, { hint: 'put it into the site under that path' })
  }

  #link(text: string): Linked {
    const known = this.#texts.get(text)
    if (known && [...known.parts].every(([name, part]) => this.#reader.read(name)?.text === part.text)) return known
    const main = known?.main ?? this.#compile(text, '')
    const parts = new Map<string, Compiled>()
    this.#gather(main, parts, [])
    const partials = Object.fromEntries([...parts].map(([name, part]) => [name, this.#counted(part.run)]))
    const linked = { main, parts, start: { ...this.#start, partials } }
    if (this.#texts.size >= remembered) this.#texts.clear()
    this.#texts.set(text, linked)
    return linked
  }

  #gather({ program }: Compiled, parts: Map<string, Compiled>, above: readonly string[]): void {
    for (const { name, place } of program.partials) {
      if (above.includes(name)) throw wrong([...above, name].join(' includes '), 'a part may not include itself', place)
      if (parts.has(name)) continue
      const found = this.#reader.read(name)
      if (!found) throw wrong(`there is no template ${name}`, 'put it into the site under that path', place)
      const part = this.#partOf(name, found.text)
      this.#gather(part, parts, [...above, name])
      parts.set(name, part)
    }
  }

  #partOf(name: string, text: string): Compiled {
    const known = this.#parts.get(name)
    if (known?.text === text) return known
    const part = this.#compile(text, name)
    if (this.#parts.size >= remembered) this.#parts.clear()
    this.#parts.set(name, part)
    return part
  }

  #compile(text: string, source: string): Compiled {
    const program = readProgram(text, source)
    const known = Object.fromEntries([...Object.keys(helpers), section, encoding].map((name) => [name, true]))
    const options = { preventIndent: true, knownHelpers: known, knownHelpersOnly: true }
    return { text, program, run: this.#engine.compile(program.ast, options) as Run }
  }

  #counted(run: Run): Run {
    return (context, options) => {
      this.#budget.step()
      return this.#budget.check(run(context, options))
    }
  }

  #faultOf(error: unknown, linked: Linked | undefined, { file, line, who }: TextPlace, context: object = {}): Fault {
    if (error instanceof Fault) return error
    if (!(error instanceof Complaint)) return internalFault(error, { file, line, who })
    const { place, hint, code } = error
    const own = place === undefined || place.source === ''
    const at = own
      ? { file, line: line + (place?.line ?? 1) - 1 }
      : { file: this.#reader.read(place.source)?.file ?? place.source, line: place.line }
    return new Fault(code, `${sentence(error, linked, context)}, for ${who}`, { ...at, hint })
  }
}

/** A template so deeply nested that the stack does not hold it, or a mistake of ours: either way one template fails, and says so. */
function internalFault(error: unknown, { file, line, who }: TextPlace): Fault {
  const why =
    error instanceof RangeError
      ? 'the template is nested too deeply'
      : `the template failed: ${String(error).split('\n')[0]!.slice(0, 200)}`
  return new Fault('template-invalid', `${why}, for ${who}`, { file, line, hint: 'look at its blocks', cause: error })
}

/** What is complained about, by the name that stands in the template. */
function sentence({ message, place, about }: Complaint, linked: Linked | undefined, context: object): string {
  if (about === undefined || !place) return message
  const program = place.source === '' ? linked?.main.program : linked?.parts.get(place.source)?.program
  const at = `${place.line}:${place.column}`
  const given = about === written ? program?.written.get(at) : program?.given.get(at)?.[about]
  return given ? `${wording(given)}${origin(given, linked, context)} ${message}` : `a value ${message}`
}

/** Whose value it is: of `user.sudo` inside of a loop that of the list, where only one has such items. */
function origin(given: Expression, linked: Linked | undefined, context: object): string {
  const tell: unknown = Reflect.get(context, setBy)
  if (typeof tell !== 'function') return ''
  const own = innermost(given)
  const name = own.startsWith('vars.') ? own : itemsNamed(own.split('.').at(-1)!, linked)
  const found: unknown = name === undefined ? undefined : tell(name)
  return typeof found === 'string' ? ` (${found})` : ''
}

/** `(default vars.disk "auto")` is about its first value. */
function innermost(expression: Expression): string {
  if (isCall(expression)) return expression.params[0] ? innermost(expression.params[0]) : ''
  return isPath(expression) ? expression.original.replace(/^@root\./, '') : ''
}

function itemsNamed(key: string, linked: Linked | undefined): string | undefined {
  if (!linked) return undefined
  const programs = new Map([...linked.parts].map(([part, { program }]) => [part, program]))
  const names = variablesIn(linked.main.program, programs, '').map(({ name }) => name)
  const lists = names.filter((name) => name.startsWith('vars.') && name.endsWith(`[].${key}`))
  return lists.length === 1 ? lists[0] : undefined
}
