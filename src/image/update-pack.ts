import { Fault } from '../fault.ts'
import { parentOf, printable } from './tar-entry.ts'
import { writeEnd, writeEntry } from './tar-write.ts'
import { isUnder } from './tree.ts'
import type { Put, Source, UpdatePlan } from './update-plan.ts'

/** More is unpacked whole: GNU tar compares every entry with every name that it is asked for, 150 million of them in a second. */
const mostCompared = 50_000_000

export interface PackOptions {
  /** Whether that path of the machine is the image's affair. */
  readonly concerns: (path: string, isDirectory: boolean) => boolean
  /** What is laid over the image afterwards, latin1. */
  readonly overrides: readonly { readonly path: string; readonly isDirectory: boolean }[]
}

/** A plan as a machine's shell reads it: `summary` in lines of `key=value`, and lists of paths, each ended by a zero byte. */
export interface Packed {
  readonly summary: Readonly<Record<string, string | number>>
  readonly lists: ReadonlyMap<string, readonly string[]>
  readonly tar: Buffer
}

/**
 * The part of a plan that concerns a machine. Throws `request-invalid` when an excluded path lies where a directory has to go.
 * - `remove`, `clear`, `add`, `write`: what it says to people, and what has to be kept before.
 * - `layers`: `INDEX DIGEST BYTES all|some`; `members.INDEX`: the names that tar is asked for.
 * - `put.INDEX`, `link.INDEX`: what is moved into place out of that layer, symlinks after everything else.
 * - `hard`: pairs of staged names, for hard links into a layer below.
 * - `attributes`: directories whose extended attributes may have become fewer, which no tar tells.
 * - `dirs.tar`: directories with owner, mode and times; `dirs`: their paths; `xdirs.INDEX`: those whose attributes come from a layer.
 */
export function packPlan(plan: UpdatePlan, { concerns, overrides }: PackOptions): Packed {
  const puts = plan.puts.filter(({ path }) => concerns(path, false))
  const directories = plan.directories.filter(({ path }) => concerns(path, true))
  const removes = plan.removes.filter((path) => concerns(path, false))
  const clears = plan.clears.filter((path) => concerns(path, false))
  const cleared = new Set(clears)
  refuseHidden(plan.removes, clears, concerns)
  const wanted = new Wanted(plan)
  for (const { source } of [...puts, ...directories]) if (source) wanted.add(source)
  const around = new Set(plan.touches.filter((path) => concerns(path, true)))
  for (const path of [...puts.map((put) => put.path), ...removes, ...clears]) around.add(parentOf(path))
  for (const { path } of directories) around.add(path).add(parentOf(path))
  const dirs = [...around].filter((path) => plan.nodes.has(path) && concerns(path, true)).toSorted()
  const lists = new Map<string, readonly string[]>([
    ['remove', removes.toReversed().map(dotted)],
    ['clear', clears.map(dotted)],
    [
      'after',
      removes
        .filter((path) => !isUnder(path, cleared, true))
        .toReversed()
        .map(dotted),
    ],
    [
      'add',
      [...puts, ...directories]
        .filter(({ what }) => what === 'add')
        .map(({ path }) => dotted(path))
        .toSorted(),
    ],
    [
      'write',
      [...puts, ...directories]
        .filter(({ what }) => what === 'write')
        .map(({ path }) => dotted(path))
        .toSorted(),
    ],
    ['dirs', dirs.map(dotted)],
    ['attributes', directories.filter(({ what }) => what === 'write').map(({ path }) => dotted(path))],
    ['hard', wanted.hard],
    ['over', overrides.filter(({ isDirectory }) => !isDirectory).map(({ path }) => dotted(path))],
    ['overdirs', overrides.filter(({ isDirectory }) => isDirectory).map(({ path }) => dotted(path))],
  ])
  for (const layer of wanted.layers) {
    const own = puts.filter(({ source }) => source.layer === layer)
    lists.set(`put.${layer}`, paths(own.filter(({ node }) => node.type !== 'symlink')))
    lists.set(`link.${layer}`, paths(own.filter(({ node }) => node.type === 'symlink')))
    lists.set(`members.${layer}`, wanted.members(layer))
    lists.set(
      `xdirs.${layer}`,
      directories.flatMap(({ path, source }) => (source?.layer === layer ? [dotted(path)] : [])),
    )
  }
  const layers = wanted.layers.map((layer) => {
    const { digest, size } = plan.layers[layer]!
    return `${layer} ${digest} ${size} ${wanted.how(layer)}\n`
  })
  const pulled = wanted.layers.reduce((sum, layer) => sum + plan.layers[layer]!.size, 0)
  const summary = {
    from: plan.from ?? '',
    to: plan.to,
    layers: wanted.layers.length,
    pulled,
    needed: wanted.bytes(puts),
    removes: removes.length,
    puts: puts.length,
    ...bootOf([...puts.map(({ path }) => path), ...removes]),
  }
  return { summary, lists, tar: tarOf(summary, layers, lists, dirsTar(plan, dirs)) }
}

/** Nothing of an excluded path is lost because the image has a file where its directory was. */
function refuseHidden(removes: readonly string[], clears: readonly string[], concerns: PackOptions['concerns']): void {
  const cleared = new Set(clears)
  const hidden = removes.find((path) => !concerns(path, false) && isUnder(path, cleared, false))
  if (hidden === undefined) return
  throw new Fault(
    'request-invalid',
    `${printable(hidden)} is excluded, and the image has no directory around it any more`,
    {
      hint: 'exclude the whole directory, or take the exclude away',
    },
  )
}

class Wanted {
  readonly hard: string[] = []
  readonly #plan: UpdatePlan
  readonly #members = new Map<number, Set<string>>()

  constructor(plan: UpdatePlan) {
    this.#plan = plan
  }

  get layers(): readonly number[] {
    return [...this.#members.keys()].toSorted((a, b) => a - b)
  }

  add({ layer, path, raw, link }: Source): void {
    const own = this.#of(layer)
    if (!link || link.layer === layer) own.add(raw)
    if (!link) return
    this.add(link)
    if (link.layer !== layer) this.hard.push(`${link.layer}/${link.path}`, `${layer}/${path}`)
  }

  members(layer: number): readonly string[] {
    return this.how(layer) === 'all' ? [] : [...this.#of(layer)]
  }

  how(layer: number): 'all' | 'some' {
    const { entries, leads } = this.#plan.layers[layer]!
    const asked = this.#of(layer).size
    return !leads && (asked >= entries * 0.9 || asked * entries > mostCompared) ? 'all' : 'some'
  }

  /** What is unpacked on the machine at most: holes are in no tar. */
  bytes(puts: readonly Put[]): number {
    const block = 4096
    const sizes = new Map<number, number>()
    for (const { node, source } of puts)
      sizes.set(source.layer, (sizes.get(source.layer) ?? 0) + Math.ceil(node.size / block) * block + block)
    return this.layers.reduce((sum, layer) => {
      const { unpacked } = this.#plan.layers[layer]!
      return sum + (this.how(layer) === 'all' ? unpacked : Math.min(unpacked, sizes.get(layer) ?? 0))
    }, 0)
  }

  #of(layer: number): Set<string> {
    const known = this.#members.get(layer) ?? new Set<string>()
    this.#members.set(layer, known)
    return known
  }
}

/** What has to follow: `kernel` the boot menu, `initrd` the initial RAM disk, `grub` the boot loader itself. */
function bootOf(changed: readonly string[]): { kernel: 0 | 1; initrd: 0 | 1; grub: 0 | 1 } {
  const some = (form: RegExp): 0 | 1 => (changed.some((path) => form.test(path)) ? 1 : 0)
  return {
    kernel: some(/^boot\/(?:vmlinu|initr|kernel|Image|loader\/entries\/)|^etc\/(?:default\/grub|grub\.d\/|kernel\/)/),
    initrd: some(/^boot\/(?:vmlinu|initr)|^(?:usr\/)?lib\/modules\/|^etc\/(?:initramfs-tools|dracut|modules)/),
    grub: some(/^usr\/lib\/grub\//),
  }
}

function dirsTar({ nodes }: UpdatePlan, dirs: readonly string[]): Buffer {
  const headers = dirs.map((path) => {
    const { mode, uid, gid, mtime, nsec } = nodes.get(path)!
    return writeEntry({ path, type: 'directory', mode, uid, gid, mtime, nsec })
  })
  return Buffer.concat([...headers, writeEnd()])
}

function tarOf(summary: Packed['summary'], layers: readonly string[], lists: Packed['lists'], dirs: Buffer): Buffer {
  const lines = Object.entries(summary).map(([key, value]) => `${key}=${value}\n`)
  const files: [string, Buffer][] = [
    ['summary', Buffer.from(lines.join(''))],
    ['layers', Buffer.from(layers.join(''))],
    ['dirs.tar', dirs],
  ]
  return Buffer.concat([...files.flatMap(([name, bytes]) => memberOf(name, bytes)), packLists(lists)])
}

/** Lists as files of a tar, each item ended by a zero byte. */
export function packLists(lists: ReadonlyMap<string, readonly string[]>): Buffer {
  const members = [...lists].flatMap(([name, list]) =>
    memberOf(name, Buffer.from(list.map((item) => `${item}\0`).join(''), 'latin1')),
  )
  return Buffer.concat([...members, writeEnd()])
}

function memberOf(path: string, bytes: Buffer): Uint8Array[] {
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512)
  return [writeEntry({ path, type: 'file', mode: 0o600, size: bytes.length }), bytes, padding]
}

function paths(puts: readonly Put[]): readonly string[] {
  // By directory, then by name: so that one rename command takes many.
  const key = ({ path }: Put): string => `${parentOf(path)}\0${path}`
  return puts.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)).map(({ path }) => dotted(path))
}

/** No name is an option. */
function dotted(path: string): string {
  return `./${path}`
}
