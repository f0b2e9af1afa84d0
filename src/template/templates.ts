import { createHash } from 'node:crypto'
import Handlebars from 'handlebars'
import { Fault } from '../fault.ts'
import { helpers } from './helpers.ts'

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

type Compiled = (context: unknown, options: object) => string
const longest = 1 << 20
const remembered = 1000

/**
 * Handlebars with nothing left to chance: a variable without a value is an error with template, line and machine; no HTML escaping;
 * no prototypes. A template is compiled once for each content.
 */
export class Templates {
  readonly #reader: TemplateReader
  readonly #engine = Handlebars.create()
  readonly #compiled = new Map<string, Compiled>()

  constructor(reader: TemplateReader) {
    this.#reader = reader
    for (const [name, helper] of Object.entries(helpers)) this.#engine.registerHelper(name, helper)
  }

  /** Renders a template file. Throws `file-missing`, `template-invalid` or `variable-missing`. */
  render(name: string, context: Record<string, unknown>, who: string): string {
    const found = this.#reader.read(name)
    if (!found) {
      throw new Fault('file-missing', `there is no template ${name}`, { hint: 'put it into the site under that path' })
    }
    return this.renderText(found.text, context, { file: found.file, line: 1, who })
  }

  /** Renders text that stands in a file, the `args` of a profile for instance; `line` is where it begins. */
  renderText(text: string, context: Record<string, unknown>, place: TextPlace): string {
    if (!text.includes('{{')) return text
    try {
      const rendered = this.#compile(text)(context, { allowProtoPropertiesByDefault: false, partials: this.#partials(text) })
      if (rendered.length > longest) throw new Error('the text grows past 1 MiB')
      return rendered
    } catch (error) {
      throw faultOf(error, text, place)
    }
  }

  #compile(text: string): Compiled {
    const key = createHash('sha1').update(text).digest('base64')
    const known = this.#compiled.get(key)
    if (known) return known
    const compiled = this.#engine.compile(text, { strict: true, noEscape: true, preventIndent: true }) as Compiled
    if (this.#compiled.size >= remembered) this.#compiled.clear()
    this.#compiled.set(key, compiled)
    return compiled
  }

  #partials(text: string): Record<string, string> {
    const partials: Record<string, string> = {}
    const waiting = [text]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const [, name] of next.matchAll(/\{\{#?>\s*([\w./-]+)/g)) {
        if (partials[name!] !== undefined) continue
        const found = this.#reader.read(name!)
        if (!found) throw new Error(`there is no template ${name}`)
        partials[name!] = found.text
        waiting.push(found.text)
      }
    }
    return partials
  }
}

/** Handlebars says `"x" not defined in [object Object] - 3:7`, or a parse error with its line. */
function faultOf(error: unknown, text: string, { file, line, who }: TextPlace): Fault {
  if (error instanceof Fault) return new Fault(error.code, `${error.message}, for ${who}`, { file, line, ...error.detail })
  const message = error instanceof Error ? error.message : String(error)
  const missing = /^"(.+?)" not defined in .* - (\d+):(\d+)$/s.exec(message)
  if (missing) {
    const at = line + Number(missing[2]) - 1
    return new Fault('variable-missing', `${nameAt(text, Number(missing[2]), Number(missing[3]), missing[1]!)} has no value for ${who}`, {
      file,
      line: at,
      hint: 'give it one in vars of the machine, its profile, its group or the site, or use {{default name "value"}}',
    })
  }
  const parsed = /Parse error on line (\d+)/.exec(message)
  const where = /- (\d+):\d+$/.exec(message)
  const at = line + Number(parsed?.[1] ?? where?.[1] ?? 1) - 1
  return new Fault('template-invalid', `${message.split('\n')[0]!.slice(0, 200)}, for ${who}`, { file, line: at, hint: 'see docs/templates.md' })
}

/** The whole path of a variable (`vars.x`), of which Handlebars names only the part that was not there. */
function nameAt(text: string, line: number, column: number, part: string): string {
  const rest = text.split('\n')[line - 1]?.slice(column) ?? ''
  return /^[\w.@/[\]-]+/.exec(rest.replace(/^\{*[#&^]?\s*/, ''))?.[0] ?? part
}
