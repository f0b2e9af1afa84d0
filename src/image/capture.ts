import { hostname } from 'node:os'
import { Fault } from '../fault.ts'
import { choose, compare, regrouped, type Chosen, type Delta } from './compare.ts'
import { refuseOtherTrees } from './capture-kind.ts'
import type { CaptureSource, Listing, PackVerdict } from './capture-source.ts'
import { writeLayer, type WrittenLayer } from './layer.ts'
import { parseReference } from './reference.ts'
import { unknownRules, type RuleChoice } from './rules.ts'
import type { ImageStore, ImageVersion } from './store.ts'
import { nameOf, parentOf, type TarEntry } from './tar-entry.ts'
import { writeEnd, writeEntry } from './tar-write.ts'
import { join, whiteout, type Tree, type TreeNode } from './tree.ts'
import type { CachedTree, TreeCache } from './tree-cache.ts'
import { treeOf } from './version-tree.ts'
import { putVersion } from './version-put.ts'

export interface CaptureOptions extends RuleChoice {
  /** The image's name; a tag in it names the version. */
  readonly as: string
  /** Compares contents as well as what lists tell. */
  readonly checksum?: boolean
  /** Begins anew: one layer with everything, whatever was there. */
  readonly full?: boolean
  readonly level?: number
  readonly cache: TreeCache
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: CaptureProgress) => void
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly description?: string
}

export interface CaptureProgress {
  readonly step: 'list' | 'compare' | 'pack' | 'keep'
  /** Bytes of file content: expected, and passed so far; 0 before they are known. */
  readonly bytes: number
  readonly ofBytes: number
  readonly files: number
  readonly ofFiles: number
  /** Bytes written to the store. */
  readonly packed: number
  /** Of the entry that passes. */
  readonly path: string
}

export interface Captured {
  /** Undefined when nothing has changed. */
  readonly version: ImageVersion | undefined
  /** What it was compared with. */
  readonly previous: ImageVersion | undefined
  readonly added: number
  readonly changed: number
  readonly removed: number
  /** Bytes of the new layer as it is kept. */
  readonly packed: number
  readonly unpacked: number
  /** How many paths each rule took out. */
  readonly leftOut: Readonly<Record<string, number>>
  /** Paths that a program wrote while they were read: they may be half old, half new. */
  readonly unsteady: readonly string[]
  readonly vanished: readonly string[]
  readonly notes: readonly string[]
}

/**
 * Lists the source, compares with the newest version, takes what changed as one layer and names it the next version. Until that
 * last step nobody sees anything of it. Throws `capture-failed`, `request-invalid`, and what the store throws.
 */
export async function capture(store: ImageStore, source: CaptureSource, options: CaptureOptions): Promise<Captured> {
  const { name, tag } = parseReference(options.as)
  refuseUnknownRules(options)
  const progress = new Progress(options.onProgress)
  progress.tell({ step: 'list' })
  const [listing, previous] = await Promise.all([source.list(), options.full ? undefined : store.find({ name })])
  options.signal?.throwIfAborted()
  refuseOtherTrees(listing, source.name)
  const chosen = choose(listing, options)
  const old = previous && (await treeOf(store, previous, { cache: options.cache, sums: options.checksum ?? false }))
  progress.tell({ step: 'compare' })
  const delta = await deltaOf(old, listing, chosen, source, options.checksum)
  const told = { previous, leftOut: Object.fromEntries(chosen.leftOut), notes: listing.notes }
  if (previous && delta.send.length === 0 && delta.whiteouts.length === 0)
    return {
      ...told,
      version: undefined,
      added: 0,
      changed: 0,
      removed: 0,
      packed: 0,
      unpacked: 0,
      unsteady: [],
      vanished: [],
    }
  const { written, verdict } = await pack(store, source, { chosen, delta, options, progress })
  progress.tell({ step: 'keep' })
  const tree: Tree = old ? new Map(old.tree) : new Map()
  written.tree.layOver(tree)
  const unsteady = unsteadyPaths(delta, chosen, written, verdict)
  const version = await putVersion(store, {
    name,
    tag,
    below: previous,
    layer: written.layer,
    source: source.name,
    at: (options.now ?? Date.now)(),
    by: `birnam image capture on ${hostname()}`,
    description: options.description,
  })
  await remember(options.cache, version, tree, listing, chosen, new Set(unsteady))
  const { added, changed, removed } = delta
  const { packed, unpacked } = written
  return { ...told, version, added, changed, removed, packed, unpacked, unsteady, vanished: verdict.vanished }
}

function refuseUnknownRules(options: CaptureOptions): void {
  const unknown = unknownRules(options)
  if (unknown.length > 0)
    throw new Fault('request-invalid', `no rule has the name ${unknown.join(', ')}`, {
      hint: 'birnam image rules lists them',
    })
}

async function deltaOf(
  old: CachedTree | undefined,
  listing: Listing,
  chosen: Chosen,
  source: CaptureSource,
  checksum: boolean | undefined,
): Promise<Delta> {
  if (old) return compare(old, listing, chosen, checksum ? { checksum: { sums: (paths) => source.sums(paths) } } : {})
  const send = [...chosen.nodes.keys()].toSorted()
  return { send, added: send.length, changed: 0, whiteouts: [], removed: 0 }
}

interface Packing {
  readonly chosen: Chosen
  readonly delta: Delta
  readonly options: CaptureOptions
  readonly progress: Progress
}

async function pack(
  store: ImageStore,
  source: CaptureSource,
  { chosen, delta, options, progress }: Packing,
): Promise<{ written: WrittenLayer; verdict: PackVerdict }> {
  const asked = delta.send.filter((path) => !chosen.emptied.has(path))
  progress.expect(asked.map((path) => chosen.nodes.get(path)!))
  const emptied = delta.send.filter((path) => chosen.emptied.has(path))
  const own = ownEntries(delta.whiteouts, emptied, chosen.nodes)
  const tar = asked.length > 0 ? await source.pack(asked) : undefined
  const verdict: { found?: PackVerdict } = {}
  async function* bytes(): AsyncGenerator<Uint8Array, void, void> {
    if (own.length > 0) yield own
    if (tar) yield* tar.bytes
    else yield writeEnd()
    // Asked before the layer is closed: what tar says at its end decides whether there is a layer at all.
    verdict.found = tar ? await tar.end() : { changed: [], vanished: [] }
  }
  const written = await writeLayer(store, bytes(), {
    ...(options.level !== undefined && { level: options.level }),
    ...(options.signal && { signal: options.signal }),
    onEntry: (entry) => progress.entry(entry),
    onBytes: (_unpacked, packed) => progress.packed(packed),
  })
  return { written, verdict: verdict.found! }
}

/** Whiteouts come first (layer.md recommends it), then files that the rules have emptied. */
function ownEntries(
  whiteouts: readonly string[],
  emptied: readonly string[],
  nodes: ReadonlyMap<string, TreeNode>,
): Uint8Array {
  const marks = whiteouts.map((path) =>
    writeEntry({ path: join(parentOf(path), `${whiteout}${nameOf(path)}`), type: 'file', mode: 0 }),
  )
  const files = emptied.map((path) => {
    const { mode, uid, gid } = nodes.get(path)!
    return writeEntry({ path, type: 'file', mode, uid, gid })
  })
  return Buffer.concat([...marks, ...files])
}

/** What tar told of, and what is in the tar as another thing than it was in the list. */
function unsteadyPaths(delta: Delta, chosen: Chosen, written: WrittenLayer, { changed }: PackVerdict): string[] {
  const found = new Set(changed)
  for (const path of delta.send) {
    const listed = chosen.nodes.get(path)!
    const node = written.tree.added.get(path)
    if (!node || chosen.emptied.has(path) || chosen.soft.has(path)) continue
    if (listed.size !== node.size || listed.mtime !== node.mtime || listed.nsec !== node.nsec) found.add(path)
  }
  return [...found].toSorted()
}

/** Keeps what the next capture compares with: the tree as it is in the layers, with the inodes it came from. */
async function remember(
  cache: TreeCache,
  version: ImageVersion,
  tree: Tree,
  listing: Listing,
  chosen: Chosen,
  unsteady: ReadonlySet<string>,
): Promise<void> {
  for (const [path, { changed, inode }] of chosen.nodes) {
    const node = tree.get(path)
    // An unsteady file keeps a time that never was, so that it is read again.
    if (node) tree.set(path, { ...node, changed: unsteady.has(path) ? '-' : changed, inode })
  }
  await cache.save(version.digest, regrouped(tree), listing.source)
}

/** Counts bytes and files as their headers pass: that is early enough, and costs nothing. */
class Progress {
  readonly #told: ((progress: CaptureProgress) => void) | undefined
  #now: CaptureProgress = { step: 'list', bytes: 0, ofBytes: 0, files: 0, ofFiles: 0, packed: 0, path: '' }

  constructor(told: ((progress: CaptureProgress) => void) | undefined) {
    this.#told = told
  }

  tell(change: Partial<CaptureProgress>): void {
    this.#now = { ...this.#now, ...change }
    this.#told?.(this.#now)
  }

  expect(nodes: readonly TreeNode[]): void {
    this.tell({ step: 'pack', ofFiles: nodes.length, ofBytes: nodes.reduce((sum, { size }) => sum + size, 0) })
  }

  entry({ path, size }: TarEntry): void {
    const { files, bytes } = this.#now
    this.#now = { ...this.#now, files: files + 1, bytes: bytes + size, path }
  }

  packed(packed: number): void {
    this.tell({ packed })
  }
}
