import type { z } from 'zod'
import { complaintsOf, unknownKey } from './complain.ts'
import type { Keys } from './complain.ts'
import type { SiteFile } from './files.ts'
import { isNounList, keysOf, listKeys, serverKeys } from './keys.ts'
import { ProblemList } from './problem.ts'
import type { Path, Problem } from './problem.ts'
import { nouns, serverFile } from './schema.ts'
import type { NounList } from './schema.ts'
import { compact, machineOf, settingsOf } from './shape.ts'
import type { Distro, Group, Machine, Origin, Profile, ServerSettings, Vars } from './site.ts'
import { atOnce, slowly, type Slices } from './slices.ts'
import { Source, troubleIn } from './source.ts'
import { isHostname } from './values.ts'

/** What one file gives to the site, before anything is compared with other files. */
export interface Draft {
  readonly source?: Source
  readonly server?: ServerSettings
  readonly vars?: Vars
  readonly varsOrigin?: Origin
  readonly machines: readonly Machine[]
  readonly groups: readonly Group[]
  readonly profiles: readonly Profile[]
  readonly distros: readonly Distro[]
  /** Where each noun stands in the file: `['machines', 3]`. */
  readonly places: ReadonlyMap<object, Path>
  /** Names of nouns that are there, but wrong: nobody needs to hear that they are missing too. */
  readonly broken: readonly string[]
  readonly problems: readonly Problem[]
}

const serverName = 'birnam.yaml'

/** Reads one file of the site; all that is wrong with it is in `problems`. */
export function draftOf(file: SiteFile): Draft {
  return atOnce(drafting(file))
}

/** The same in pieces. */
export function* drafting({ file, text }: SiteFile): Slices<Draft> {
  const builder = new DraftBuilder(file)
  try {
    yield* builder.read(yield* Source.reading(file, text))
  } catch (error) {
    builder.found.add(() => troubleIn(file, text, error))
  }
  return builder
}

class DraftBuilder implements Draft {
  source?: Source
  server?: ServerSettings
  vars?: Vars
  varsOrigin?: Origin
  readonly machines: Machine[] = []
  readonly groups: Group[] = []
  readonly profiles: Profile[] = []
  readonly distros: Distro[] = []
  readonly places = new Map<object, Path>()
  readonly broken: string[] = []
  readonly found = new ProblemList()
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  get problems(): readonly Problem[] {
    return this.found.of(this.#file)
  }

  *read(source: Source): Slices<void> {
    const value = source.takeValue() ?? {}
    this.source = source
    if (source.isSlow) this.#warnSlow(source)
    if (this.#file === serverName) this.#server(value)
    else if (typeof value !== 'object' || Array.isArray(value)) this.#wrong([], 'must be a map of lists', listHint)
    else for (const [key, items] of Object.entries(value)) yield* this.#list(key, items)
  }

  #server(value: unknown): void {
    const parsed = this.#parse(serverFile, value, [], serverKeys)
    if (!parsed) return
    this.server = settingsOf(parsed)
    this.vars = parsed.vars
    if (Object.keys(parsed.vars).length > 0) this.varsOrigin = this.#origin('vars')
  }

  *#list(key: string, items: unknown): Slices<void> {
    if (!isNounList(key)) {
      const { path, of, ...complaint } = unknownKey({}, [], key, listKeys)
      this.found.add(() => this.source!.problem(path, complaint, of))
    } else if (Array.isArray(items)) {
      yield* slowly(items, (item, index) => this.#noun(key, index, item))
    } else if (items !== undefined)
      this.#wrong(
        [key],
        `must be a list, not ${items !== null && typeof items === 'object' ? 'a map' : 'one word of text'}`,
        'begin each item with a dash: - name: …',
      )
  }

  #noun(list: NounList, index: number, item: unknown): void {
    const noun = this.#shape(list, index, item)
    if (noun) this.places.set(noun, [list, index])
    else if (isNamed(item)) this.broken.push(item.name)
  }

  #shape(list: NounList, index: number, item: unknown): object | undefined {
    const place = [list, index]
    if (list === 'machines') return this.#machine(place, item, this.#origin(list, index))
    if (list === 'profiles') return this.#profile(place, item, this.#origin(list, index))
    const parsed = this.#parse<typeof nouns.groups | typeof nouns.distros>(nouns[list], item, place, keysOf(list))
    if (!parsed) return undefined
    const origin = this.#origin(list, index)
    return 'family' in parsed
      ? keep(this.distros, compact<Distro>({ ...parsed, origin }))
      : keep(this.groups, compact<Group>({ ...parsed, origin }))
  }

  #machine(place: Path, item: unknown, origin: Origin): Machine | undefined {
    const parsed = this.#parse(nouns.machines, item, place, keysOf('machines'))
    if (!parsed) return undefined
    const { name, hostname } = parsed
    if (hostname === undefined && !isHostname(name)) {
      this.#wrong(
        [...place, 'name'],
        `${name} cannot be a host name (RFC 1123)`,
        'give the machine a hostname: as well',
      )
    }
    return keep(this.machines, machineOf(parsed, origin))
  }

  #profile(place: Path, item: unknown, origin: Origin): Profile | undefined {
    const parsed = this.#parse(nouns.profiles, item, place, keysOf('profiles'))
    if (!parsed) return undefined
    if (parsed.kind === 'install' || parsed.kind === 'live') this.#checkBoot(parsed, place)
    return keep(this.profiles, compact<Profile>({ ...parsed, origin }))
  }

  /** One thing says what is booted. */
  #checkBoot(parsed: Booting, place: Path): void {
    const { kind, kernel, distro, pixiecore, initrd, loader } = parsed
    if (kernel === undefined && distro === undefined && pixiecore === undefined) {
      const hint = 'add distro: debian-12, or kernel: and initrd:'
      const what = kind === 'live' ? 'a live profile' : 'an install profile'
      this.#wrong(place, `${what} needs a distro, or a kernel of its own`, hint)
    }
    if (pixiecore === undefined) return
    if (kernel !== undefined || distro !== undefined || initrd.length > 0)
      this.#wrong(
        [...place, 'pixiecore'],
        'says what to boot, and so does this profile',
        'take kernel:, initrd: and distro: out',
      )
    if (loader !== undefined && loader !== 'auto' && !loader.startsWith('ipxe'))
      this.#wrong([...place, 'loader'], `${loader} fetches nothing from other servers`, 'leave it out: it is iPXE then')
  }

  #parse<T extends z.ZodType>(schema: T, value: unknown, place: Path, keys: Keys): z.output<T> | undefined {
    const result = schema.safeParse(value)
    if (result.success) return result.data
    for (const { path, of, ...complaint } of complaintsOf(value, result.error.issues, keys)) {
      this.found.add(() => this.source!.problem([...place, ...path], complaint, of))
    }
    return undefined
  }

  #warnSlow(source: Source): void {
    const hint = 'one key a line, without anchors, block text and values over several lines, loads ten times faster'
    const complaint = {
      message: 'this large file is in a style that takes long to read',
      hint,
      severity: 'warning',
    } as const
    this.found.add(() => source.problem([], complaint))
  }

  #origin(list: string, index?: number): Origin {
    return { file: this.#file, line: this.source!.lineOf(list, index) }
  }

  #wrong(path: Path, message: string, hint: string): void {
    this.found.add(() => this.source!.problem(path, { message, hint }))
  }
}

type Booting = Extract<z.output<typeof nouns.profiles>, { kind: 'live' | 'install' }>

const listHint = 'write machines:, groups:, profiles: or distros: with a list under it'

function keep<N>(list: N[], noun: N): N {
  list.push(noun)
  return noun
}

function isNamed(item: unknown): item is { readonly name: string } {
  return typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
}
