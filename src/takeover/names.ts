import type { Site } from '../config/site.ts'
import { isName } from './told.ts'

/** What already means something in menus and for strangers. */
const reserved = ['local', 'discover', 'ignore']

type Named = readonly { readonly name: string }[]

/** Names that nobody has yet, made of what the old program called things. */
export class Names {
  readonly #profiles: Taken
  readonly #distros: Taken
  readonly #groups: Taken
  readonly #machines: Taken

  constructor(site: Site | undefined) {
    this.#profiles = new Taken(site?.profiles, reserved)
    this.#distros = new Taken(site?.distros)
    this.#groups = new Taken(site?.groups)
    this.#machines = new Taken(site?.machines)
  }

  profile(wanted: string): string {
    return this.#profiles.free(wanted)
  }

  distro(wanted: string): string {
    return this.#distros.free(wanted)
  }

  group(wanted: string): string {
    return this.#groups.free(wanted)
  }

  machine(wanted: string): string {
    return this.#machines.free(wanted)
  }
}

class Taken {
  readonly #names: Set<string>
  /** The last number behind a name: ten thousand machines may call theirs `linux`. */
  readonly #numbers = new Map<string, number>()

  constructor(nouns: Named = [], others: readonly string[] = []) {
    this.#names = new Set([...nouns.map(({ name }) => name), ...others])
  }

  /** Boot loaders show names of 64 signs at most. */
  free(wanted: string): string {
    const plain = wanted
      .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
      .replaceAll(/^[._-]+|[._-]+$/g, '')
      .slice(0, 56)
    const base = isName(plain) ? plain : 'unnamed'
    let number = this.#numbers.get(base) ?? 1
    let name = number === 1 ? base : `${base}-${number}`
    while (this.#names.has(name)) name = `${base}-${++number}`
    this.#numbers.set(base, number)
    this.#names.add(name)
    return name
  }
}
