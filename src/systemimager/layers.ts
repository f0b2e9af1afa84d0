import type { Group } from '../config/site.ts'
import type { ClusterGroup } from './cluster.ts'
import type { OldSite } from './old-site.ts'
import type { LeftList } from '../takeover/told.ts'

/** A directory of the new site's overrides, and those of the old one that are laid into it, the weakest first. */
export interface Layer {
  readonly name: string
  readonly from: readonly string[]
  /** Weaker than what all machines get. */
  readonly isBelowAll?: boolean
}

const origin = { file: 'systemimager.yaml', line: 0 }
const weakest = 999_999_999

interface Layers {
  readonly list: readonly Layer[]
  /** Groups that only carry overrides. */
  readonly extra: readonly Group[]
}

interface Who {
  readonly groups: readonly ClusterGroup[]
  readonly groupsOf: GroupsOf
  readonly hosts: readonly string[]
  readonly imageOf: (host: string) => string | undefined
  readonly images: ReadonlyMap<string, string>
}

/** SystemImager lays: the image's own, those of all, of groups, of the host, and what the script names after them. */
export function layersOf(old: OldSite, { groups, groupsOf, hosts, imageOf, images }: Who): Layers {
  const there = (names: readonly string[]): string[] => names.filter((name) => old.overrides.includes(name))
  const taken = new Set(['all', ...groups.map(({ name }) => name), ...hosts])
  const list: Layer[] = [{ name: 'all', from: there(old.cluster.overrides.toReversed()) }]
  const extra: Group[] = []
  const carry = (wanted: string, from: readonly string[], machines: readonly string[], priority: number): void => {
    if (from.length === 0 || machines.length === 0) return
    let name = wanted
    while (taken.has(name)) name += '-2'
    taken.add(name)
    list.push({ name, from, ...(priority > 0 && { isBelowAll: true }) })
    extra.push({ name, machines, priority, vars: {}, origin })
  }
  const hasByGroup = (host: string, override: string): boolean =>
    groupsOf.get(host)?.some(({ overrides }) => overrides.includes(override)) ?? false
  for (const [image, name] of images)
    carry(
      `image-${name}`,
      there([image]),
      hosts.filter((host) => imageOf(host) === image && !hasByGroup(host, image)),
      weakest,
    )
  for (const { name, overrides } of groups) list.push({ name, from: there(overrides.toReversed()) })
  for (const [script, { extras }] of old.scripts)
    carry(
      `script-${script}`,
      there(extras),
      hosts.filter((host) => old.links.get(host) === script),
      -weakest,
    )
  for (const host of hosts) list.push({ name: host, from: there([host]) })
  return { list: merged(list), extra }
}

/** A host that is called like a group has one directory with it. */
function merged(list: readonly Layer[]): Layer[] {
  const byName = new Map<string, Layer>()
  for (const layer of list)
    byName.set(layer.name, { ...layer, from: [...new Set([...(byName.get(layer.name)?.from ?? []), ...layer.from])] })
  return [...byName.values()].filter(({ from }) => from.length > 0)
}

export function tellUnused(old: OldSite, { list }: Layers, left: LeftList): void {
  const used = new Set(list.flatMap(({ from }) => from))
  for (const name of old.overrides.filter((one) => !used.has(one)))
    left.add(`overrides/${name}`, 'no group, host or image uses it')
  const asked = new Set([...old.cluster.overrides, ...old.cluster.groups.flatMap(({ overrides }) => overrides)])
  for (const name of asked)
    if (!old.overrides.includes(name)) left.add(`overrides/${name}`, 'a group names it, and it is not there')
}

export type GroupsOf = ReadonlyMap<string, readonly ClusterGroup[]>

/** The strongest first. */
export function groupsByHost(groups: readonly ClusterGroup[]): GroupsOf {
  const found = new Map<string, ClusterGroup[]>()
  for (const group of groups.toSorted((a, b) => a.priority - b.priority || (a.name < b.name ? -1 : 1)))
    for (const node of group.nodes) found.set(node, [...(found.get(node) ?? []), group])
  return found
}
