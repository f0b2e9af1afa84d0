import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from '../config/site.ts'
import { Fault } from '../fault.ts'
import type { House } from './house.ts'

/** One path that is laid over the image, and which layer won it. */
export interface Override {
  /** On the machine, without the leading slash: `etc/motd`. */
  readonly path: string
  /** `all`, or the name of a group or machine: the directory below `overrides/` that it comes from. */
  readonly layer: string
  /** Weaker layers that have the path too. */
  readonly hides: readonly string[]
  readonly kind: 'file' | 'directory' | 'link'
  /** Relative to the site directory. */
  readonly source: string
  /** `*.hbs`: rendered for the machine, and written without that ending. */
  readonly isTemplate: boolean
  /** Permission bits. */
  readonly mode: number
  /** Milliseconds since 1970. */
  readonly mtimeMs: number
  readonly size: number
  /** Where a link leads. */
  readonly target?: string
}

const folder = 'overrides'
const most = 100_000

/**
 * The partial trees of a machine as one: `overrides/all`, then its groups' from the weakest, then its own by host name and by
 * name; whatever comes later wins a path (SystemImager's precedence). Sorted, so that a directory comes before what is in it.
 */
export function overridesOf(house: House, machine: Machine): readonly Override[] {
  const won = new Map<string, Override>()
  for (const layer of layersOf(house, machine)) {
    for (const found of walk(house.registry.site.directory, `${folder}/${layer}`, layer)) {
      const before = won.get(found.path)
      won.set(found.path, before ? { ...found, hides: [...before.hides, before.layer] } : found)
    }
  }
  return [...won.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** Weakest first; those that have no directory are left out by the walk. */
export function layersOf(house: House, machine: Machine): readonly string[] {
  const groups = house.registry.groupsOf(machine).map(({ name }) => name)
  return [...new Set(['all', ...groups.toReversed(), machine.hostname, machine.name])]
}

function walk(site: string, top: string, layer: string): Override[] {
  const found: Override[] = []
  const into = (below: string): void => {
    for (const name of namesIn(join(site, top, below))) {
      const inside = below === '' ? name : `${below}/${name}`
      const one = read(site, `${top}/${inside}`, inside, layer)
      found.push(one)
      if (found.length > most) throw tooMany(top)
      if (one.kind === 'directory') into(inside)
    }
  }
  into('')
  return found
}

function namesIn(directory: string): readonly string[] {
  const there = lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()
  return there ? readdirSync(directory) : []
}

function read(site: string, source: string, path: string, layer: string): Override {
  const stat = lstatSync(join(site, source))
  const kind = kindOf(stat, source)
  const isTemplate = kind === 'file' && path.endsWith('.hbs')
  return {
    path: isTemplate ? path.slice(0, -'.hbs'.length) : path,
    layer,
    hides: [],
    kind,
    source,
    isTemplate,
    mode: stat.mode & 0o7777,
    mtimeMs: stat.mtimeMs,
    size: kind === 'file' ? stat.size : 0,
    ...(kind === 'link' && { target: readlinkSync(join(site, source)) }),
  }
}

function kindOf(stat: Stats, source: string): Override['kind'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'link'
  throw new Fault('file-missing', `${source} is neither file, directory nor link`, {
    file: source,
    hint: 'overrides hold nothing else; make devices and pipes in a post-install script',
  })
}

function tooMany(top: string): Fault {
  return new Fault('config-invalid', `${top} holds more than ${most} paths`, {
    file: top,
    hint: 'overrides are for what differs; what all machines have belongs into the image',
  })
}
