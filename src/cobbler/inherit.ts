import type { LeftList } from '../takeover/told.ts'
import type { Item } from './item.ts'

/** An object with all that it inherits from: the settings first, itself last. */
export interface Chain {
  readonly item: Item
  readonly above: readonly Item[]
  readonly distro: Item
}

/** Profiles with their distro and the profiles above them; broken references and circles are told. */
export function chainsOf(
  {
    distros,
    profiles,
    settings,
  }: { readonly distros: readonly Item[]; readonly profiles: readonly Item[]; readonly settings: Item },
  left: LeftList,
): ReadonlyMap<string, Chain> {
  const distroOf = byName(distros)
  const profileOf = byName(profiles)
  const chains = new Map<string, Chain>()
  for (const item of profiles) {
    const line = ancestors(item, profileOf, left)
    const named = line
      ?.toReversed()
      .map((each) => each.text('distro'))
      .find((name) => name !== undefined)
    const distro = named === undefined ? undefined : distroOf.get(named)
    if (line && !distro)
      left.add(item.file, named === undefined ? `profile ${item.name} has no distro` : `there is no distro ${named}`)
    if (line && distro) chains.set(item.name, { item, distro, above: [settings, distro, ...line.slice(0, -1)] })
  }
  return chains
}

/** By name, and by the unique id that later versions refer with. */
export function byName(items: readonly Item[]): ReadonlyMap<string, Item> {
  const ids = items.flatMap((item) => {
    const id = item.text('uid')
    return id === undefined ? [] : [[id, item] as const]
  })
  return new Map([...ids, ...items.map((item) => [item.name, item] as const)])
}

/** The uppermost first, the profile itself last. */
function ancestors(item: Item, profiles: ReadonlyMap<string, Item>, left: LeftList): Item[] | undefined {
  const line = new Set([item])
  for (let name = item.text('parent'); name !== undefined;) {
    const parent = profiles.get(name)
    // The parent of an uppermost profile is its distro in some versions.
    if (!parent && line.size === 1 && item.text('distro') !== undefined) break
    if (!parent) return told(left, item, `there is no profile ${name}, which is its parent`)
    if (line.has(parent)) return told(left, item, `profile ${parent.name} is its own ancestor`)
    line.add(parent)
    name =
      parent.text('distro') !== undefined && !profiles.has(parent.text('parent') ?? '')
        ? undefined
        : parent.text('parent')
  }
  return [...line].toReversed()
}

function told(left: LeftList, item: Item, why: string): undefined {
  left.add(item.file, why)
  return undefined
}

/** The last one that says something; an empty text, when that is all that is said. */
export function inherited(chain: readonly Item[], key: string): unknown {
  const values = chain.map((item) => item.get(key)).filter((value) => value !== undefined)
  return values.findLast((value) => value !== '') ?? values.at(-1)
}

/** Dictionaries merge down; `!key` takes an inherited key away. */
export function mergedMap(chain: readonly Item[], ...keys: readonly string[]): ReadonlyMap<string, unknown> {
  const merged = new Map<string, unknown>()
  for (const item of chain)
    for (const key of keys)
      for (const [name, value] of item.map(key)) {
        if (name.startsWith('!')) merged.delete(name.slice(1))
        else merged.set(name, value)
      }
  return merged
}
