import { isInnerPath } from '../config/values.ts'
import type { NewFile } from '../takeover/written.ts'
import type { LeftList } from '../takeover/told.ts'
import { commentsOf } from './comment.ts'
import { convert, type Converted, type Old } from './convert.ts'
import type { Parts } from './emit.ts'
import { replaced, type Replaced } from './known.ts'
import type { Dialect, Names } from './meaning.ts'
import { networkLines } from './network-lines.ts'
import type { OldTree } from './old-tree.ts'
import { textOf, type Piece } from './piece.ts'
import { contentIn, prepared } from './prepare.ts'
import { faultOf } from './readable.ts'
import { Scope } from './scope.ts'
import { Unfit } from './unfit.ts'

/** Bytes; a template of ours may not be larger either. */
export const largestTemplate = 256 * 1024
const deepest = 20
const mostInlined = 500
const folders = ['templates', 'autoinstall_templates', 'kickstarts', 'snippets']

export interface LibraryOptions {
  readonly tree: OldTree
  /** Of templates that do not say it themselves. */
  readonly dialect: Dialect
  readonly names: Names
  /** Whose own snippets count: names of systems, profiles and distros, with what they are called here. */
  readonly owners: Readonly<Record<Owner, ReadonlyMap<string, string>>>
  readonly left: LeftList
}

export type Owner = 'system' | 'profile' | 'distro'

/** Templates and snippets, converted when they are first asked for. */
export class Library implements Parts {
  readonly #options: LibraryOptions
  readonly #written = new Map<string, string | Unfit>()
  readonly #texts = new Map<string, string | undefined>()
  /** New files that report that the install is done. */
  readonly #done = new Set<string>()
  readonly #under: string[] = []
  #reportsDone = false
  #inlined = 0

  constructor(options: LibraryOptions) {
    this.#options = options
  }

  get files(): readonly NewFile[] {
    return [...this.#written].flatMap(([path, text]) => (typeof text === 'string' ? [{ path, text }] : []))
  }

  /** Old files that were read. */
  readonly read = new Set<string>()

  reportsDone(path: string): boolean {
    return this.#done.has(path)
  }

  /** The new path of an answer template, `web.ks` or `/var/lib/cobbler/kickstarts/web.ks`; undefined, and told, when there is none. */
  template(name: string, from: string): string | undefined {
    const file = this.#templateFile(name)
    if (file === undefined) {
      const why = /^https?:/.test(name)
        ? 'its answer lies on another server'
        : `there is no template ${printable(name)}`
      this.#options.left.add(from, why)
      return undefined
    }
    // Why not, the tree has told.
    if (this.#text(file) === undefined) return undefined
    const path = `cobbler/${file}.hbs`
    this.#inlined = 0
    try {
      this.#write(path, file, [file])
      return path
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      this.#options.left.add(this.#options.tree.name(file), error.message)
      return undefined
    }
  }

  snippet(
    name: string,
    place: { readonly file: string; readonly line: number },
    scope: Scope,
    inLoop: boolean,
  ): readonly Piece[] {
    const root = inLoop ? ' @root' : ''
    if (name.startsWith('script::')) return this.#script(name.slice('script::'.length), root)
    const instead = replaced.get(name)
    if (instead) return this.#replace(name, instead, place, root)
    if (!isInnerPath(name)) throw new Unfit(`it names a snippet that lies outside of snippets/: ${printable(name)}`)
    const file = `snippets/${name}`
    const own = this.#variants(name)
    if (own.length === 0 && !this.#options.tree.has(file)) throw new Unfit(`there is no snippet ${printable(name)}`)
    if (this.#under.includes(file)) throw new Unfit(`the snippet ${printable(name)} includes itself`)
    if (this.#under.length >= deepest) throw new Unfit(`more than ${deepest} snippets stand in each other`)
    if (this.#mustInline(name, scope)) {
      if (own.length > 0)
        throw new Unfit(
          `the snippet ${printable(name)} shares variables with the template, and systems or profiles have their own`,
        )
      return this.#inline(file, scope)
    }
    const path = `cobbler/${file}.hbs`
    if (own.length === 0) this.#write(path, file, [...this.#under, file])
    else this.#choose(path, file, own)
    if (this.#done.has(path)) this.#reportsDone = true
    return [{ kind: 'tag', code: `> ${partName(path)}${root}`, eats: false }]
  }

  #templateFile(name: string): string | undefined {
    const inner = name.replace(/^\/var\/lib\/cobbler\//, '').replace(/^\/+(?=[^/]*$)/, '')
    if (!isInnerPath(inner)) return undefined
    const places = [...folders.slice(0, 3).map((folder) => `${folder}/${inner}`), inner]
    return places.find((place) => folders.includes(place.split('/')[0]!) && this.#options.tree.has(place))
  }

  #write(path: string, file: string, under: readonly string[]): void {
    const known = this.#written.get(path)
    if (known instanceof Unfit) throw known
    if (known !== undefined) return
    const before = { under: [...this.#under], done: this.#reportsDone }
    this.#under.splice(0, Infinity, ...under)
    this.#reportsDone = false
    try {
      const { pieces } = this.#convert(file, new Scope(this.#options.names))
      const text = textOf(pieces)
      const why = faultOf(text, path)
      if (why !== undefined) throw new Unfit(`could not be converted: ${why}`)
      this.#written.set(path, text)
      if (this.#reportsDone) this.#done.add(path)
    } catch (error) {
      if (error instanceof Unfit) this.#written.set(path, error)
      throw error
    } finally {
      this.#under.splice(0, Infinity, ...before.under)
      this.#reportsDone = before.done
    }
  }

  #inline(file: string, scope: Scope): readonly Piece[] {
    if (++this.#inlined > mostInlined) throw new Unfit(`more than ${mostInlined} snippets are put into one template`)
    this.#under.push(file)
    try {
      const { pieces, scope: after } = this.#convert(file, scope.outside())
      for (const [name, value] of after.globals) scope.set(name, value, true)
      return pieces
    } finally {
      this.#under.pop()
    }
  }

  #convert(file: string, scope: Scope): Converted {
    const { tree, left } = this.#options
    this.read.add(file)
    const text = this.#text(file)
    if (text === undefined) throw new Unfit(`${printable(file)} could not be read`)
    const { old, offset } = this.#old(text, file)
    const converted = convert(old, scope, this)
    for (const [line, path] of contentIn(old.text))
      left.add(tree.name(file), `fetches ${path} from the server: put it into files${path}`, line + offset)
    for (const [line, why] of converted.bad) left.add(tree.name(file), `could not be converted: ${why}`, line + offset)
    return converted
  }

  /** `#template=jinja2` in the first line says which language it is; without, what stands in it. */
  #old(text: string, file: string): { readonly old: Old; readonly offset: number } {
    const first = /^#template=(\w+)[^\n]*\n?/.exec(text)
    const body = prepared(first ? text.slice(first[0].length) : text)
    const looks =
      /\{%-?\s*(?:if|for|set|include|raw|else)\b/.test(body) && !/^[ \t]*#(?:if|for|set|end)\b/m.test(body)
        ? 'jinja'
        : this.#options.dialect
    const dialect = first ? (first[1]!.startsWith('jinja') ? 'jinja' : 'cheetah') : looks
    return { old: { text: body, file, dialect, comments: commentsOf(body) }, offset: first ? 1 : 0 }
  }

  /** Those of systems before those of profiles, before those of distros, before the one of all: `per_system/NAME/SYSTEM`. */
  #variants(name: string): readonly { readonly file: string; readonly when: string }[] {
    const { tree, owners, left } = this.#options
    const facts = { system: 'machine.name', profile: 'profile.name', distro: 'distro.name' } as const
    return (['system', 'profile', 'distro'] as const).flatMap((owner) => {
      const folder = `snippets/per_${owner}/${name}`
      return tree.names(folder).flatMap((one) => {
        const known = owners[owner].get(one)
        if (known === undefined) left.add(tree.name(`${folder}/${one}`), `there is no ${owner} of that name`)
        return known === undefined ? [] : [{ file: `${folder}/${one}`, when: `(eq ${facts[owner]} "${known}")` }]
      })
    })
  }

  #choose(path: string, file: string, own: readonly { readonly file: string; readonly when: string }[]): void {
    if (this.#written.has(path)) return
    if (own.length > 40) throw new Unfit('more than 40 systems, profiles or distros have their own one')
    const common = `cobbler/${file}.all.hbs`
    const parts = own.map((one) => ({ ...one, path: `cobbler/${one.file}.hbs` }))
    for (const part of parts) this.#write(part.path, part.file, [...this.#under, part.file, file])
    const isThere = this.#options.tree.has(file)
    if (isThere) this.#write(common, file, [...this.#under, file])
    const lines = parts.flatMap(({ path: part, when }, index) => [
      `{{${index === 0 ? '#' : 'else '}if ${when}}}`,
      `{{> ${partName(part)}}}`,
    ])
    this.#written.set(
      path,
      [...lines, ...(isThere ? ['{{else}}', `{{> ${partName(common)}}}`] : []), '{{/if}}', ''].join('\n'),
    )
    if ([...parts.map((part) => part.path), common].every((part) => this.#done.has(part))) this.#done.add(path)
  }

  #text(file: string): string | undefined {
    if (!this.#texts.has(file)) this.#texts.set(file, this.#options.tree.text(file, largestTemplate))
    return this.#texts.get(file)
  }

  /** A snippet is a part of its own, unless variables go in or out. */
  #mustInline(name: string, scope: Scope): boolean {
    const texts = [...this.#reach(name)].map((each) => this.#text(`snippets/${each}`) ?? '')
    if (texts.some((text) => /#\s*set\s+global\b|#attr\b/.test(text))) return true
    return [...scope.globals.keys()].some((global) => texts.some((text) => new RegExp(`\\b${global}\\b`).test(text)))
  }

  #reach(name: string, found = new Set<string>()): ReadonlySet<string> {
    if (found.has(name) || found.size > 200) return found
    found.add(name)
    const text = isInnerPath(name) ? (this.#text(`snippets/${name}`) ?? '') : ''
    for (const [, a, b] of text.matchAll(/SNIPPET::([\w./-]+)|(?:SNIPPET\s*\(|include)\s*['"]([\w./-]+)['"]/g))
      this.#reach(a ?? b!, found)
    return found
  }

  #replace(
    name: string,
    { by, why }: Replaced,
    { file, line }: { readonly file: string; readonly line: number },
    root: string,
  ): readonly Piece[] {
    this.#options.left.add(this.#options.tree.name(file), `the snippet ${name}: ${why}`, line)
    if (by === 'nothing') return []
    if (by === 'network') return networkLines(root === '' ? '' : '@root.')
    if (by === 'done') this.#reportsDone = true
    return [
      { kind: 'tag', code: `> templates/post/_report.sh.hbs${root}`, eats: true },
      { kind: 'text', text: `birnam_report ${by}` },
    ]
  }

  /** What Cobbler gave out under `op/script`: here it is part of the answer. */
  #script(name: string, root: string): readonly Piece[] {
    const file = `scripts/${name}`
    if (!isInnerPath(name) || !this.#options.tree.has(file)) throw new Unfit(`there is no script ${printable(name)}`)
    const path = `cobbler/${file}.hbs`
    if (this.#under.includes(file)) throw new Unfit(`the script ${printable(name)} includes itself`)
    this.#write(path, file, [...this.#under, file])
    if (this.#done.has(path)) this.#reportsDone = true
    return [
      { kind: 'tag', code: '#base64', eats: false },
      { kind: 'tag', code: `> ${partName(path)}${root}`, eats: false },
      { kind: 'tag', code: '/base64', eats: false },
    ]
  }
}

export function partName(path: string): string {
  return path.split(/[/.]/).every((part) => /^[A-Za-z_][\w-]*$/.test(part)) ? path : `"${path}"`
}

/** A name, as far as people need to see it. */
function printable(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 80)
}
