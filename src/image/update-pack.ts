import { byText, oneByOne, sorting, type Slices } from '../config/slices.ts'
import { Fault } from '../fault.ts'
import { parentOf, printable } from './tar-entry.ts'
import { writeEnd, writeEntry } from './tar-write.ts'
import { isUnder } from './tree.ts'
import type { Put, PutDirectory, Source, UpdatePlan } from './update-plan.ts'

/** More is unpacked whole: GNU tar compares every entry with every name that it is asked for, 150 million of them in a second. */
const mostCompared = 50_000_000

export interface PackOptions {
  /** Whether that path of the machine is the image's affair. */
  readonly concerns: (path: string, isDirectory: boolean) => boolean
  /** What is laid over the image afterwards, latin1. */
  readonly overrides: readonly { readonly path: string; readonly isDirectory: boolean }[]
}

/**
 * The part of a plan that concerns a machine, as its shell reads it: a tar with `summary` in lines of `key=value`, and lists of paths, each ended
 * by a zero byte. Throws `request-invalid` when an excluded path lies where a directory has to go.
 * - `remove`, `clear`, `add`, `write`: what it says to people, and what has to be kept before.
 * - `layers`: `INDEX DIGEST BYTES all|some`; `members.INDEX`: the names that tar is asked for.
 * - `put.INDEX`, `link.INDEX`: what is moved into place out of that layer, symlinks after everything else.
 * - `hard`: pairs of staged names, for hard links into a layer below.
 * - `attributes`: directories whose extended attributes may have become fewer, which no tar tells.
 * - `dirs.tar`: directories with owner, mode and times; `dirs`: their paths; `xdirs.INDEX`: those whose attributes come from a layer.
 */
export function* packPlan(plan: UpdatePlan, { concerns, overrides }: PackOptions): Slices<Buffer> {
  const puts = yield* those(plan.puts, ({ path }) => concerns(path, false))
  const directories = yield* those(plan.directories, ({ path }) => concerns(path, true))
  const removes = yield* those(plan.removes, (path) => concerns(path, false))
  const clears = yield* those(plan.clears, (path) => concerns(path, false))
  const cleared = new Set(clears)
  yield* refuseHidden(plan.removes, cleared, concerns)
  const wanted = new Wanted(plan)
  yield* oneByOne(everyOf<Put | PutDirectory>(puts, directories), ({ source }) => source && wanted.add(source))
  const around = new Set(yield* those(plan.touches, (path) => concerns(path, true)))
  yield* oneByOne(everyOf(pathsOf(puts), removes, clears), (path) => around.add(parentOf(path)))
  yield* oneByOne(directories, ({ path }) => around.add(path).add(parentOf(path)))
  const dirs = yield* sorting(yield* those(around, (path) => plan.nodes.has(path) && concerns(path, true)), byText)
  const done = yield* grouping<Put | PutDirectory>(everyOf<Put | PutDirectory>(puts, directories), ({ what }) => what)
  const last = yield* those(removes, (path) => !isUnder(path, cleared, true))
  const lists = new Map<string, Iterable<string>>([
    ['remove', dotted(removes.toReversed())],
    ['clear', dotted(clears)],
    ['after', dotted(last.toReversed())],
    ['add', dotted(yield* sorting(pathsOf(done.get('add') ?? []), byText))],
    ['write', dotted(yield* sorting(pathsOf(done.get('write') ?? []), byText))],
    ['dirs', dotted(dirs)],
    ['attributes', dotted(pathsOf(yield* those(directories, ({ what }) => what === 'write')))],
    ['hard', wanted.hard],
    ['over', dotted(pathsOf(overrides.filter(({ isDirectory }) => !isDirectory)))],
    ['overdirs', dotted(pathsOf(overrides.filter(({ isDirectory }) => isDirectory)))],
  ])
  const own = yield* grouping(puts, ({ source, node }) => `${node.type === 'symlink' ? 'link' : 'put'}.${source.layer}`)
  const attributed = yield* grouping(directories, ({ source }) => `xdirs.${source?.layer ?? ''}`)
  for (const layer of wanted.layers) {
    for (const list of [`put.${layer}`, `link.${layer}`])
      lists.set(list, dotted(pathsOf(yield* sorting(own.get(list) ?? [], byDirectory))))
    lists.set(`members.${layer}`, wanted.members(layer))
    lists.set(`xdirs.${layer}`, dotted(pathsOf(attributed.get(`xdirs.${layer}`) ?? [])))
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
    needed: yield* wanted.bytes(puts),
    removes: removes.length,
    puts: puts.length,
    ...(yield* bootOf(everyOf(pathsOf(puts), removes))),
  }
  const dirsTar = yield* tarOfDirectories(plan, dirs)
  return yield* tarOf(summary, layers, lists, dirsTar)
}

/** One after the other, without another list of them. */
function* everyOf<T>(...lists: readonly Iterable<T>[]): Generator<T, void, void> {
  for (const list of lists) yield* list
}

function* pathsOf(items: Iterable<{ readonly path: string }>): Generator<string, void, void> {
  for (const { path } of items) yield path
}

function* those<T>(items: Iterable<T>, fits: (item: T) => boolean): Slices<T[]> {
  const found: T[] = []
  yield* oneByOne(items, (item) => void (fits(item) && found.push(item)))
  return found
}

function* grouping<T>(items: Iterable<T>, keyOf: (item: T) => string): Slices<Map<string, T[]>> {
  const groups = new Map<string, T[]>()
  yield* oneByOne(items, (item) => {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  })
  return groups
}

/** Nothing of an excluded path is lost because the image has a file where its directory was. */
function* refuseHidden(
  removes: readonly string[],
  cleared: ReadonlySet<string>,
  concerns: PackOptions['concerns'],
): Slices<void> {
  const [hidden] = yield* those(removes, (path) => isUnder(path, cleared, false) && !concerns(path, false))
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
  *bytes(puts: readonly Put[]): Slices<number> {
    const block = 4096
    const sizes = new Map<number, number>()
    yield* oneByOne(puts, ({ node, source }) =>
      sizes.set(source.layer, (sizes.get(source.layer) ?? 0) + Math.ceil(node.size / block) * block + block),
    )
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

const kernelPath = /^boot\/(?:vmlinu|initr|kernel|Image|loader\/entries\/)|^etc\/(?:default\/grub|grub\.d\/|kernel\/)/
const initrdPath = /^boot\/(?:vmlinu|initr)|^(?:usr\/)?lib\/modules\/|^etc\/(?:initramfs-tools|dracut|modules)/
const grubPath = /^usr\/lib\/grub\//

/** What has to follow: `kernel` the boot menu, `initrd` the initial RAM disk, `grub` the boot loader itself. */
function* bootOf(changed: Iterable<string>): Slices<{ kernel: 0 | 1; initrd: 0 | 1; grub: 0 | 1 }> {
  const found = { kernel: 0 as 0 | 1, initrd: 0 as 0 | 1, grub: 0 as 0 | 1 }
  yield* oneByOne(changed, (path) => {
    if (kernelPath.test(path)) found.kernel = 1
    if (initrdPath.test(path)) found.initrd = 1
    if (grubPath.test(path)) found.grub = 1
  })
  return found
}

function* tarOfDirectories({ nodes }: UpdatePlan, dirs: readonly string[]): Slices<Buffer> {
  const headers: Uint8Array[] = []
  yield* oneByOne(dirs, (path) => {
    const { mode, uid, gid, mtime, nsec } = nodes.get(path)!
    headers.push(writeEntry({ path, type: 'directory', mode, uid, gid, mtime, nsec }))
  })
  return Buffer.concat([...headers, writeEnd()])
}

function* tarOf(
  summary: Readonly<Record<string, string | number>>,
  layers: readonly string[],
  lists: ReadonlyMap<string, Iterable<string>>,
  dirs: Buffer,
): Slices<Buffer> {
  const lines = Object.entries(summary).map(([key, value]) => `${key}=${value}\n`)
  const files: [string, Buffer][] = [
    ['summary', Buffer.from(lines.join(''))],
    ['layers', Buffer.from(layers.join(''))],
    ['dirs.tar', dirs],
  ]
  return Buffer.concat([...files.flatMap(([name, bytes]) => memberOf(name, bytes)), yield* packLists(lists)])
}

/** Lists as files of a tar, each item ended by a zero byte. */
export function* packLists(lists: ReadonlyMap<string, Iterable<string>>): Slices<Buffer> {
  const members: Uint8Array[] = []
  for (const [name, list] of lists) members.push(...memberOf(name, yield* zeroEnded(list)))
  return Buffer.concat([...members, writeEnd()])
}

function* zeroEnded(list: Iterable<string>): Slices<Buffer> {
  const parts: Buffer[] = []
  let text = ''
  for (const item of list) {
    text += `${item}\0`
    if (text.length < 65_536) continue
    parts.push(Buffer.from(text, 'latin1'))
    text = ''
    yield
  }
  return Buffer.concat([...parts, Buffer.from(text, 'latin1')])
}

function memberOf(path: string, bytes: Buffer): Uint8Array[] {
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512)
  return [writeEntry({ path, type: 'file', mode: 0o600, size: bytes.length }), bytes, padding]
}

/** By directory, then by name: so that one rename command takes many. */
function byDirectory(a: Put, b: Put): number {
  return byText(parentOf(a.path), parentOf(b.path)) || byText(a.path, b.path)
}

/** No name is an option. */
function* dotted(paths: Iterable<string>): Generator<string, void, void> {
  for (const path of paths) yield `./${path}`
}
