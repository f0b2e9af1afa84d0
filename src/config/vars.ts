import type { Group, Machine, Origin, Profile, Site, Vars } from './site.ts'

/** One variable, and the noun that had the last word on it. */
export interface VarOrigin {
  readonly name: string
  readonly value: unknown
  /** `site`, `group db`, `profile web` or `machine duncan`. */
  readonly from: string
  /** Where that noun is written; missing when its place is not known. */
  readonly file?: string
  readonly line?: number
}

export interface MergedVars {
  readonly vars: Vars
  /** One per variable, by name. */
  readonly origins: readonly VarOrigin[]
}

/**
 * Site, then groups, then profile, then machine: the later wins, key by key at the top level (a map replaces a map whole).
 * Groups may come in any order: the lower priority number is stronger, and of equals the name that sorts first.
 */
export function mergeVars(
  site: Pick<Site, 'vars' | 'varsOrigin'>,
  groups: readonly Group[],
  profile?: Profile,
  machine?: Machine,
): MergedVars {
  const vars: Record<string, unknown> = {}
  const origins = new Map<string, VarOrigin>()
  for (const { from, layer, origin } of layersOf(site, groups, profile, machine)) {
    for (const [name, value] of Object.entries(layer)) {
      vars[name] = value
      origins.set(name, { name, value, from, ...origin })
    }
  }
  return { vars, origins: [...origins.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
}

interface Layer {
  readonly from: string
  readonly layer: Vars
  readonly origin: Origin | undefined
}

function layersOf(
  site: Pick<Site, 'vars' | 'varsOrigin'>,
  groups: readonly Group[],
  profile: Profile | undefined,
  machine: Machine | undefined,
): Layer[] {
  const weakestFirst = groups.toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? 1 : -1))
  return [
    { from: 'site', layer: site.vars, origin: site.varsOrigin },
    ...weakestFirst.map((group) => layerOf('group', group)),
    ...(profile ? [layerOf('profile', profile)] : []),
    ...(machine ? [layerOf('machine', machine)] : []),
  ]
}

function layerOf(word: string, noun: Group | Profile | Machine): Layer {
  return { from: `${word} ${noun.name}`, layer: noun.vars, origin: noun.origin }
}
