import type { z } from 'zod'
import { complaintsOf } from './complain.ts'
import type { Keys } from './complain.ts'
import type { SiteFile } from './files.ts'
import { keysOf, listKeys, serverKeys } from './keys.ts'
import type { Path, Problem } from './problem.ts'
import { nouns, serverFile } from './schema.ts'
import type { NounList } from './schema.ts'
import type { Distro, Group, Machine, Origin, Profile, ServerSettings, Subnet, Vars } from './site.ts'
import { Source, troubleIn } from './source.ts'
import { isHostname } from './values.ts'

/** What one file gives to the site, before anything is compared with other files. */
export interface Draft {
  readonly file: string
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
  readonly problems: readonly Problem[]
}

export const serverName = 'birnam.yaml'

/** Reads one file of the site; all that is wrong with it is in `problems`. */
export function draftOf({ file, text }: SiteFile): Draft {
  const builder = new DraftBuilder(file)
  try {
    builder.read(new Source(file, text))
  } catch (error) {
    builder.problems.push(troubleIn(file, text, error))
  }
  return builder
}

class DraftBuilder implements Draft {
  readonly file: string
  source?: Source
  server?: ServerSettings
  vars?: Vars
  varsOrigin?: Origin
  readonly machines: Machine[] = []
  readonly groups: Group[] = []
  readonly profiles: Profile[] = []
  readonly distros: Distro[] = []
  readonly places = new Map<object, Path>()
  readonly problems: Problem[] = []

  constructor(file: string) {
    this.file = file
  }

  read(source: Source): void {
    this.source = source
    const value = source.value ?? {}
    if (this.file === serverName) this.#server(value)
    else if (typeof value !== 'object' || Array.isArray(value))
      this.#wrong([], `must be a map, not ${Array.isArray(value) ? 'a list' : 'text'}`, listHint)
    else for (const [key, items] of Object.entries(value)) this.#list(key, items)
  }

  #server(value: unknown): void {
    const parsed = this.#parse(serverFile, value, [], serverKeys)
    if (!parsed) return
    this.server = settingsOf(parsed)
    const { vars } = parsed
    this.vars = vars
    if (Object.keys(vars).length > 0) this.varsOrigin = { file: this.file, line: this.source!.lineOf('vars') }
  }

  #list(key: string, items: unknown): void {
    if (!Object.hasOwn(nouns, key)) return this.#stray(key)
    if (items === undefined) return
    if (!Array.isArray(items)) return this.#wrong([key], 'must be a list', 'begin each item with a dash: - name: …')
    for (const [index, item] of items.entries()) this.#noun(key as NounList, index, item)
  }

  #noun(list: NounList, index: number, item: unknown): void {
    const place = [list, index] as const
    const origin = { file: this.file, line: this.source!.lineOf(list, index) }
    const noun = this.#make(list, place, item, origin)
    if (noun) this.places.set(noun, place)
  }

  #make(list: NounList, place: Path, item: unknown, origin: Origin): object | undefined {
    switch (list) {
      case 'machines':
        return this.#machine(place, item, origin)
      case 'groups':
        return this.#group(place, item, origin)
      case 'profiles':
        return this.#profile(place, item, origin)
      case 'distros':
        return this.#distro(place, item, origin)
    }
  }

  #group(place: Path, item: unknown, origin: Origin): Group | undefined {
    const parsed = this.#parse(nouns.groups, item, place, keysOf('groups'))
    return parsed && keep<Group>(this.groups, { ...parsed, origin })
  }

  #distro(place: Path, item: unknown, origin: Origin): Distro | undefined {
    const parsed = this.#parse(nouns.distros, item, place, keysOf('distros'))
    return parsed && keep<Distro>(this.distros, { ...parsed, origin })
  }

  #machine(place: Path, item: unknown, origin: Origin): Machine | undefined {
    const parsed = this.#parse(nouns.machines, item, place, keysOf('machines'))
    if (!parsed) return undefined
    const { mac, hostname = parsed.name, ...rest } = parsed
    if (parsed.hostname === undefined && !isHostname(parsed.name)) {
      this.#wrong(
        [...place, 'name'],
        `${parsed.name} cannot be a host name (RFC 1123)`,
        'give the machine a hostname: as well',
      )
    }
    return keep<Machine>(this.machines, { ...rest, macs: mac, hostname, origin })
  }

  #profile(place: Path, item: unknown, origin: Origin): Profile | undefined {
    const parsed = this.#parse(nouns.profiles, item, place, keysOf('profiles'))
    if (parsed?.kind === 'install' && parsed.kernel === undefined && parsed.distro === undefined) {
      this.#wrong(
        place,
        'an install profile needs a distro, or a kernel of its own',
        'add distro: debian-12, or kernel: and initrd:',
      )
    }
    return parsed && keep<Profile>(this.profiles, { ...parsed, origin })
  }

  #parse<T extends z.ZodType>(schema: T, value: unknown, place: Path, keys: Keys): z.output<T> | undefined {
    const result = schema.safeParse(value)
    if (result.success) return result.data
    for (const { path, of, ...complaint } of complaintsOf(value, result.error.issues, keys)) {
      this.problems.push(this.source!.problem([...place, ...path], complaint, of))
    }
    return undefined
  }

  #wrong(path: Path, message: string, hint: string): void {
    this.problems.push(this.source!.problem(path, { message, hint }))
  }

  #stray(key: string): void {
    const [complaint] = complaintsOf(
      { [key]: 0 },
      [{ code: 'unrecognized_keys', keys: [key], path: [], message: '' }],
      listKeys,
    )
    this.problems.push(this.source!.problem([key], complaint!, 'key'))
  }
}

/** A server of which nothing was said. */
export function defaultServer(): ServerSettings {
  return settingsOf(serverFile.parse({}))
}

function settingsOf({ dhcp, vars: _, ...rest }: z.output<typeof serverFile>): ServerSettings {
  const subnets = dhcp.subnets.map(({ range, ...subnet }) => compact<Subnet>({ ...subnet, ranges: range }))
  return compact<ServerSettings>({ ...rest, dhcp: { ...dhcp, subnets } })
}

const listHint = 'write machines:, groups:, profiles: or distros: with a list under it'

/** As N, but a key that may be missing may also be undefined. */
type Loose<N> = N extends unknown ? { [K in keyof N]: object extends Pick<N, K> ? N[K] | undefined : N[K] } : never

function keep<N extends { readonly origin: Origin }>(list: N[], noun: Loose<N>): N {
  const kept = compact<N>(noun)
  list.push(kept)
  return kept
}

/** Without the keys that are undefined: a key without a value in YAML is a key that was not given. */
function compact<N>(noun: Loose<N>): N {
  return Object.fromEntries(Object.entries(noun).filter(([, value]) => value !== undefined)) as N
}
