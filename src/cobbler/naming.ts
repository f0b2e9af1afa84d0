import type { LeftList } from '../takeover/told.ts'
import { isName } from '../takeover/told.ts'
import type { Item } from './item.ts'

/** What things of one kind are called here: as they were, or as near as a name allows. */
export class Naming {
  readonly #names = new Map<string, string>()
  readonly #taken = new Set<string>()
  readonly #left: LeftList

  constructor(left: LeftList) {
    this.#left = left
  }

  /** Undefined, and told, when nothing of the name can stay. */
  of(item: Item): string | undefined {
    const known = this.#names.get(item.name)
    if (known !== undefined) return known
    const name = isName(item.name) ? item.name : nearest(item.name)
    if (!isName(name) || this.#taken.has(name)) {
      this.#left.add(
        item.file,
        isName(name)
          ? `would be called ${name}, as another one is: rename it`
          : 'its name is none that it could have here',
      )
      return undefined
    }
    if (name !== item.name) this.#left.add(item.file, `is called ${name} here`)
    this.#taken.add(name)
    this.#names.set(item.name, name)
    return name
  }

  get all(): ReadonlyMap<string, string> {
    return this.#names
  }
}

function nearest(name: string): string {
  return name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 200)
}
