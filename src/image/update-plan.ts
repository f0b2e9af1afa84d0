import { regrouped } from './compare.ts'
import { diffTrees, type PathChange } from './diff.ts'
import type { Digest } from './digest.ts'
import type { LayerRead } from './layer-names.ts'
import { parentOf } from './tar-entry.ts'
import { isUnder, type Tree, type TreeNode } from './tree.ts'

/** What stands between two versions: what becomes of each path, and which layer of the new version has it. Paths are latin1. */
export interface UpdatePlan {
  /** Undefined: nothing is known of what is there, so everything is put and nothing removed. */
  readonly from: Digest | undefined
  readonly to: Digest
  /** Of the layers of the new version, lowest first; undefined where nothing of that layer is wanted. */
  readonly layers: readonly (PlannedLayer | undefined)[]
  /** All that is no directory; sorted. */
  readonly puts: readonly Put[]
  /** Gone in the new version; sorted, so that a directory comes before what was in it. */
  readonly removes: readonly string[]
  /** Directories that become something else: topmost, sorted. */
  readonly clears: readonly string[]
  /** New directories, and those whose owner, mode or attributes change; sorted. */
  readonly directories: readonly PutDirectory[]
  /** Directories of which only the times change. */
  readonly touches: readonly string[]
  /** Every directory of the new version: those around a change get their times back. */
  readonly nodes: ReadonlyMap<string, TreeNode>
}

export interface PlannedLayer {
  readonly digest: Digest
  /** Bytes of the blob, and of the tar inside. */
  readonly size: number
  readonly unpacked: number
  readonly entries: number
  /** A hard link of it leads to a layer below, so that it cannot be unpacked alone. */
  readonly leads: boolean
}

export interface Put {
  readonly path: string
  readonly what: 'add' | 'write'
  readonly node: TreeNode
  readonly source: Source
}

export interface PutDirectory {
  readonly path: string
  readonly what: 'add' | 'write'
  readonly node: TreeNode
  /** Only of one with extended attributes: no header of ours tells them. */
  readonly source?: Source
}

/** Where an entry stands. */
export interface Source {
  /** Index in `layers`. */
  readonly layer: number
  readonly path: string
  /** As the archive says it. */
  readonly raw: string
  /** It is a hard link to this entry, in the same layer or in one below. */
  readonly link?: Source
}

/** What the planner reads of layers; each is asked for at most once, from the top, and only when something may be in it. */
export interface LayersOf {
  readonly digest: Digest
  readonly tree: Tree
  readonly layers: readonly Digest[]
  read(index: number): Promise<LayerRead>
}

/**
 * Compares two versions by what their trees tell, and by which layers they do not share: a file of such a layer counts as changed
 * unless its sums are known to be equal. Throws what reading layers throws.
 */
export async function planUpdate(from: LayersOf | undefined, to: LayersOf): Promise<UpdatePlan> {
  const nodes = regrouped(new Map(to.tree))
  const before: ReadonlyMap<string, TreeNode> = from ? regrouped(new Map(from.tree)) : new Map()
  const changes = diffTrees(before as Tree, nodes)
  const touches = changes.filter((change) => isTouch(change, nodes)).map(({ path }) => path)
  const touched = new Map(
    changes.filter((change) => !isTouch(change, nodes)).map(({ path, what }) => [path, what] as const),
  )
  for (const path of await doubtful(from, to, before, nodes)) if (!touched.has(path)) touched.set(path, 'changed')
  addGroups(touched, nodes)
  const sources = new Sources(to)
  const puts: Put[] = []
  const directories: PutDirectory[] = []
  for (const [path, what] of touched) {
    const node = nodes.get(path)
    if (!node || what === 'removed') continue
    const done = what === 'added' ? 'add' : 'write'
    if (node.type !== 'directory') puts.push({ path, what: done, node, source: await sources.of(path) })
    else {
      const source = node.xattrs === '' ? {} : { source: await sources.of(path) }
      directories.push({ path, what: done, node, ...source })
    }
  }
  const clears = topmost([...nodes].flatMap(([path, node]) => (becameOther(before.get(path), node) ? [path] : [])))
  return {
    from: from?.digest,
    to: to.digest,
    layers: sources.used(),
    puts: sorted(puts),
    removes: [...touched].flatMap(([path, what]) => (what === 'removed' ? [path] : [])).toSorted(),
    clears,
    directories: sorted(directories),
    touches,
    nodes: new Map([...nodes].filter(([, { type }]) => type === 'directory')),
  }
}

function isTouch({ path, what, in: aspects }: PathChange, nodes: ReadonlyMap<string, TreeNode>): boolean {
  const onlyTime = what === 'changed' && aspects.every((aspect) => aspect === 'time')
  return onlyTime && nodes.get(path)?.type === 'directory'
}

/** In layers that only one of the versions has, a file may differ though its size and times are the same. */
async function doubtful(
  from: LayersOf | undefined,
  to: LayersOf,
  before: ReadonlyMap<string, TreeNode>,
  nodes: ReadonlyMap<string, TreeNode>,
): Promise<readonly string[]> {
  if (!from) return []
  let shared = 0
  while (shared < to.layers.length && to.layers[shared] === from.layers[shared]) shared++
  const found: string[] = []
  for (const version of [from, to]) {
    for (let index = shared; index < version.layers.length; index++) {
      const { tree } = await version.read(index)
      for (const path of [...tree.added.keys(), ...tree.linked.map(([name]) => name)])
        if (mayDiffer(before.get(path), nodes.get(path))) found.push(path)
    }
  }
  return found
}

function mayDiffer(was: TreeNode | undefined, node: TreeNode | undefined): boolean {
  if (was?.type !== 'file' || node?.type !== 'file' || node.size === 0) return false
  return was.sha256 === '' || was.sha256 !== node.sha256
}

/** Replacing one name of an inode makes it a new one, so all names come along. */
function addGroups(touched: Map<string, 'added' | 'changed' | 'removed'>, nodes: ReadonlyMap<string, TreeNode>): void {
  const groups = new Set<string>()
  for (const path of touched.keys()) {
    const group = nodes.get(path)?.group ?? ''
    if (group !== '') groups.add(group)
  }
  if (groups.size === 0) return
  for (const [path, { group }] of nodes) if (groups.has(group) && !touched.has(path)) touched.set(path, 'changed')
}

function becameOther(was: TreeNode | undefined, node: TreeNode): boolean {
  return was !== undefined && (was.type === 'directory') !== (node.type === 'directory')
}

function topmost(paths: readonly string[]): readonly string[] {
  const all = new Set(paths)
  return paths.filter((path) => !isUnder(parentOf(path), all, true) || path === '').toSorted()
}

function sorted<T extends { readonly path: string }>(items: T[]): readonly T[] {
  return items.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Finds the uppermost layer that has a path: what is in the tree was taken away by none above it. */
class Sources {
  readonly #to: LayersOf
  readonly #read = new Map<number, LayerRead>()
  readonly #links = new Map<number, ReadonlyMap<string, string>>()
  readonly #used = new Set<number>()

  constructor(to: LayersOf) {
    this.#to = to
  }

  async of(path: string, below: number = this.#to.layers.length): Promise<Source> {
    for (let layer = below - 1; layer >= 0; layer--) {
      const read = await this.#layer(layer)
      const node = read.tree.added.get(path)
      const target = this.#links.get(layer)!.get(path)
      if (!node && target === undefined) continue
      this.#used.add(layer)
      const source = { layer, path, raw: read.raw.get(path) ?? path }
      if (target !== undefined) return { ...source, link: await this.of(target, layer) }
      if (node!.group === '' || node!.group === path) return source
      return { ...source, link: { layer, path: node!.group, raw: read.raw.get(node!.group) ?? node!.group } }
    }
    // The tree was made of these very layers.
    throw new Error(`no layer of ${this.#to.digest} has ${JSON.stringify(path)}`)
  }

  used(): readonly (PlannedLayer | undefined)[] {
    return this.#to.layers.map((digest, index) => {
      const read = this.#used.has(index) ? this.#read.get(index) : undefined
      if (!read) return undefined
      const { size, unpacked, entries, tree } = read
      return { digest, size, unpacked, entries, leads: tree.linked.length > 0 }
    })
  }

  async #layer(index: number): Promise<LayerRead> {
    const known = this.#read.get(index)
    if (known) return known
    const read = await this.#to.read(index)
    this.#read.set(index, read)
    this.#links.set(index, new Map(read.tree.linked))
    return read
  }
}
