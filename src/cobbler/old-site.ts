import type { LeftList } from '../takeover/told.ts'
import type { Collections } from './collections.ts'
import { byName, chainsOf, inherited, mergedMap, type Chain } from './inherit.ts'
import { expand } from './expand.ts'
import { inherit, mapOf, type Item } from './item.ts'
import type { Facts, Universe } from './known.ts'

/** A profile with all that it inherits. */
export interface OldProfile {
  readonly chain: Chain
  /** Settings, distro, profiles above, itself. */
  readonly line: readonly Item[]
  readonly meta: ReadonlyMap<string, unknown>
  readonly options: ReadonlyMap<string, unknown>
  readonly answer: string | undefined
}

/** A system that is based on a profile; `own` are those of itself. */
export interface OldSystem {
  readonly item: Item
  readonly profile: OldProfile | undefined
  readonly meta: ReadonlyMap<string, unknown>
  readonly options: ReadonlyMap<string, unknown>
  readonly answer: string | undefined
  readonly cards: readonly Card[]
}

/** An interface of a system. */
export interface Card {
  readonly name: string
  readonly fields: ReadonlyMap<string, unknown>
}

/** What the collections say when everything is inherited. */
export interface OldSite {
  readonly settings: Item
  readonly distros: readonly Item[]
  readonly profiles: ReadonlyMap<string, OldProfile>
  readonly systems: readonly OldSystem[]
  /** By their names. */
  readonly repos: ReadonlyMap<string, Item>
  readonly universe: Universe
}

export const optionKeys = ['default_kernel_options', 'kernel_options'] as const

export function resolve({ items, settings }: Collections, left: LeftList): OldSite {
  const chains = chainsOf({ distros: items.distros, profiles: items.profiles, settings }, left)
  const profiles = new Map([...chains].map(([name, chain]) => [name, profileOf(chain)]))
  const ids = byName(items.profiles)
  const cards = cardsBySystem(items.network_interfaces)
  const systems = items.systems.map((item) => systemOf(item, profiles, ids, cards, left))
  return {
    settings,
    distros: items.distros,
    profiles,
    systems,
    repos: byName(items.repos),
    universe: universeOf(settings, items, profiles, systems),
  }
}

function profileOf(chain: Chain): OldProfile {
  const line = [...chain.above, chain.item]
  return {
    chain,
    line,
    meta: mergedMap(line, 'autoinstall_meta'),
    options: mergedMap(line, ...optionKeys),
    answer: answerOf([settingsAnswer(line[0]!), ...line.slice(1).map((item) => item.get('autoinstall'))]),
  }
}

/** The last that is said; an empty text says that there is none. */
function answerOf(told: readonly unknown[]): string | undefined {
  const last = told.findLast((value) => typeof value === 'string')
  return typeof last === 'string' && last.trim() !== '' ? last.trim() : undefined
}

/** What profiles have that say nothing. */
function settingsAnswer(settings: Item): string | undefined {
  return settings.text('autoinstall') ?? settings.text('default_autoinstall') ?? settings.text('default_kickstart')
}

function systemOf(
  item: Item,
  profiles: ReadonlyMap<string, OldProfile>,
  ids: ReadonlyMap<string, Item>,
  cards: ReadonlyMap<string, readonly Card[]>,
  left: LeftList,
): OldSystem {
  const named = item.text('profile')
  const profile = named === undefined ? undefined : profiles.get(ids.get(named)?.name ?? '')
  if (named !== undefined && !ids.has(named)) left.add(item.file, `there is no profile ${named}`)
  const line = [...(profile?.line ?? []), item]
  return {
    item,
    profile,
    meta: mergedMap(line, 'autoinstall_meta'),
    options: mergedMap(line, ...optionKeys),
    answer: item.text('autoinstall') ?? profile?.answer,
    cards: [...cardsOf(item), ...(cards.get(item.text('uid') ?? '') ?? [])],
  }
}

/** In its order; before Cobbler 4 they stand in the system. */
function cardsOf(item: Item): readonly Card[] {
  return [...mapOf(item.get('interfaces'))].map(([name, fields]) => ({ name, fields: withoutInherit(mapOf(fields)) }))
}

function cardsBySystem(interfaces: readonly Item[]): ReadonlyMap<string, readonly Card[]> {
  const all = interfaces.flatMap((item) => {
    const system = item.text('system_uid') ?? item.text('system')
    if (system === undefined) return []
    const four = mapOf(item.get('ipv4'))
    const fields = new Map(item.keys.map((key) => [key, item.get(key)] as const))
    fields.set('ip_address', item.get('ip_address') ?? four.get('address'))
    fields.set('netmask', item.get('netmask') ?? four.get('netmask'))
    return [{ system, card: { name: item.name, fields: withoutInherit(fields) } }]
  })
  return new Map(
    [...Map.groupBy(all, ({ system }) => system)].map(([system, list]) => [system, list.map(({ card }) => card)]),
  )
}

function withoutInherit(fields: ReadonlyMap<string, unknown>): ReadonlyMap<string, unknown> {
  return new Map([...fields].filter(([, value]) => value !== inherit && value !== undefined))
}

function universeOf(
  settings: Item,
  items: Collections['items'],
  profiles: ReadonlyMap<string, OldProfile>,
  systems: readonly OldSystem[],
): Universe {
  const trees = new Set(
    systems.flatMap(({ profile, meta }) =>
      profile && meta.get('tree') !== mergedMap(profile.line.slice(0, 2), 'autoinstall_meta').get('tree')
        ? [meta.get('tree')]
        : [],
    ),
  )
  const ownTrees =
    trees.size > 0 ||
    [...profiles.values()].some(
      ({ line, meta }) => meta.get('tree') !== mergedMap(line.slice(0, 2), 'autoinstall_meta').get('tree'),
    )
  const metas = [...[...profiles.values()].map(({ meta }) => meta), ...systems.map(({ meta }) => meta)]
  const objects = [settings, ...items.distros, ...items.profiles, ...items.systems]
  const fields = objects.flatMap((item) => item.keys.map((key) => [key, item.get(key)] as const))
  return {
    meta: factsOf(metas.flatMap((meta) => [...meta])),
    fields: factsOf([
      ...fields.filter(([, value]) => isPlain(value)),
      ['kernel_options', 'a'],
      ['kernel_options_post', ''],
    ]),
    interfaces: new Map(
      systems.flatMap(({ cards }) =>
        cards.flatMap(({ name, fields: own }) =>
          [...own.keys()].map((field) => [`${field}_${name.replaceAll(/[.:-]/g, '_')}`, [name, field]] as const),
        ),
      ),
    ),
    ownTrees,
  }
}

function factsOf(pairs: readonly (readonly [string, unknown])[]): ReadonlyMap<string, Facts> {
  const found = new Map<string, Facts>()
  for (const [key, value] of pairs) {
    const before = found.get(key)
    const lines = (typeof value === 'string' && value.includes('\n')) || before?.lines === true
    const empty =
      value === '' || value === 0 || value === false || value === null || value === undefined || before?.empty === true
    found.set(key, { lines, empty: empty || (Array.isArray(value) && value.length === 0) })
  }
  return found
}

/** What a variable can be: no dictionaries of Cobbler's own. */
export function isPlain(value: unknown): boolean {
  return (
    ['string', 'number', 'boolean'].includes(typeof value) ||
    (Array.isArray(value) && value.every((each) => typeof each === 'string'))
  )
}

/** A field as a template would have seen it. */
export function fieldOf(line: readonly Item[], key: string, repos: ReadonlyMap<string, Item> = new Map()): unknown {
  if (key === 'yum_repo_stanza') return repoLines(line, repos)
  if (key === 'kernel_options') return wordsOf(mergedMap(line, ...optionKeys)).join(' ')
  if (key === 'kernel_options_post') return wordsOf(mergedMap(line, key)).join(' ')
  const value = inherited(line, key)
  return isPlain(value) ? value : undefined
}

/** Lines of a kickstart: repositories of the profile, then those of the distro's medium. Those that the old server mirrored are still there. */
function repoLines(line: readonly Item[], repos: ReadonlyMap<string, Item>): string {
  const settings = line[0]!
  const named = inherited(line, 'repos')
  const own = (Array.isArray(named) ? named : typeof named === 'string' ? named.split(/\s+/) : []).flatMap(
    (name): (readonly [string, string])[] => {
      const repo = repos.get(String(name))
      if (!repo || !/^[\w.-]+$/.test(repo.name)) return []
      const mirrored = repo.isTrue('mirror_locally')
        ? `http://@@http_server@@/cobbler/repo_mirror/${repo.name}`
        : repo.text('mirror')
      return mirrored === undefined ? [] : [[repo.name, mirrored]]
    },
  )
  const sources = inherited(line, 'source_repos')
  const medium = (Array.isArray(sources) ? (sources as unknown[]) : []).flatMap(
    (pair, index): (readonly [string, string])[] => {
      const url: unknown = Array.isArray(pair) ? pair[1] : undefined
      return typeof url === 'string' ? [[`source-${index + 1}`, url]] : []
    },
  )
  const all = [...own, ...medium].map(([name, url]) => [name, expand(url, settings)] as const)
  return all
    .flatMap(([name, url]) =>
      /^(?:https?|ftp):\/\/[^\s'"]+$/.test(url) ? [`repo --name=${name} --baseurl=${url}`] : [],
    )
    .join('\n')
}

/** Kernel arguments as Cobbler writes them: a list repeats its key, and a value with a blank is quoted. */
export function wordsOf(options: ReadonlyMap<string, unknown>): readonly string[] {
  return [...options].flatMap(([key, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).map((each) => wordOf(key, each)),
  )
}

function wordOf(key: string, value: unknown): string {
  if (value === null || value === undefined || value === '' || value === '~') return key
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /\s/.test(text) ? `${key}="${text}"` : `${key}=${text}`
}
