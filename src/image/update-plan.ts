import { byText, inPieces, slowly, sorting, type Slices } from '../config/slices.ts'
import { regrouping } from './compare.ts'
import { diffing, type PathChange } from './diff.ts'
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
  const trees = await inPieces(bothTrees(from, to))
  const { before, nodes, touched } = trees
  for (const path of await doubtful(from, to, before, nodes)) if (!touched.has(path)) touched.set(path, 'changed')
  await inPieces(addGroups(touched, nodes))
  const sources = new Sources(to)
  await sources.readFor([...touched.keys()].filter((path) => isSourced(nodes.get(path))))
  return await inPieces(written(from, to, trees, sources))
}

interface Trees {
  readonly before: ReadonlyMap<string, TreeNode>
  readonly nodes: ReadonlyMap<string, TreeNode>
  readonly touches: readonly string[]
  readonly touched: Map<string, PathChange['what']>
}

function* bothTrees(from: LayersOf | undefined, to: LayersOf): Slices<Trees> {
  const nodes = yield* regrouping(to.tree)
  const before: Tree = from ? yield* regrouping(from.tree) : new Map()
  const touches: string[] = []
  const touched = new Map<string, PathChange['what']>()
  yield* slowly(yield* diffing(before, nodes), (change) => {
    if (isTouch(change, nodes)) touches.push(change.path)
    else touched.set(change.path, change.what)
  })
  return { before, nodes, touches, touched }
}

/** A directory without attributes is written from what its node tells. */
function isSourced(node: TreeNode | undefined): boolean {
  return node !== undefined && (node.type !== 'directory' || node.xattrs !== '')
}

function* written(from: LayersOf | undefined, to: LayersOf, trees: Trees, sources: Sources): Slices<UpdatePlan> {
  const { before, nodes, touches, touched } = trees
  const puts: Put[] = []
  const directories: PutDirectory[] = []
  const removes: string[] = []
  yield* slowly(touched, ([path, what]) => {
    const node = nodes.get(path)
    if (what === 'removed') removes.push(path)
    if (!node || what === 'removed') return
    const put = { path, what: what === 'added' ? ('add' as const) : ('write' as const), node }
    if (node.type !== 'directory') puts.push({ ...put, source: sources.of(path) })
    else directories.push({ ...put, ...(isSourced(node) && { source: sources.of(path) }) })
  })
  const others: string[] = []
  const all = new Map<string, TreeNode>()
  yield* slowly(nodes, ([path, node]) => {
    if (becameOther(before.get(path), node)) others.push(path)
    if (node.type === 'directory') all.set(path, node)
  })
  return {
    from: from?.digest,
    to: to.digest,
    layers: sources.used(),
    puts: yield* sorting(puts, byPath),
    removes: yield* sorting(removes, byText),
    clears: topmost(others),
    directories: yield* sorting(directories, byPath),
    touches,
    nodes: all,
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
      const see = (path: string): void => {
        if (mayDiffer(before.get(path), nodes.get(path))) found.push(path)
      }
      await inPieces(slowly(tree.added.keys(), see))
      await inPieces(slowly(tree.linked, ([path]) => see(path)))
    }
  }
  return found
}

function mayDiffer(was: TreeNode | undefined, node: TreeNode | undefined): boolean {
  if (was?.type !== 'file' || node?.type !== 'file' || node.size === 0) return false
  return was.sha256 === '' || was.sha256 !== node.sha256
}

/** Replacing one name of an inode makes it a new one, so all names come along. */
function* addGroups(touched: Trees['touched'], nodes: ReadonlyMap<string, TreeNode>): Slices<void> {
  const groups = new Set<string>()
  yield* slowly(touched.keys(), (path) => {
    const group = nodes.get(path)?.group ?? ''
    if (group !== '') groups.add(group)
  })
  if (groups.size === 0) return
  yield* slowly(nodes, ([path, { group }]) => {
    if (groups.has(group) && !touched.has(path)) touched.set(path, 'changed')
  })
}

function becameOther(was: TreeNode | undefined, node: TreeNode): boolean {
  return was !== undefined && (was.type === 'directory') !== (node.type === 'directory')
}

function topmost(paths: readonly string[]): readonly string[] {
  const all = new Set(paths)
  return paths.filter((path) => !isUnder(parentOf(path), all, true) || path === '').toSorted()
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return byText(a.path, b.path)
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

  /** Reads the layers that have these, from the top; `of` is for them alone. */
  async readFor(paths: readonly string[]): Promise<void> {
    let open = new Map(paths.map((path) => [path, path]))
    for (let layer = this.#to.layers.length - 1; layer >= 0 && open.size > 0; layer--) {
      await this.#layer(layer)
      open = await inPieces(this.#notIn(layer, open))
    }
  }

  /** What is still looked for below that layer: a hard link's first name in the place of the link. */
  *#notIn(layer: number, open: ReadonlyMap<string, string>): Slices<Map<string, string>> {
    const below = new Map<string, string>()
    yield* slowly(open.values(), (path) => {
      const target = this.#links.get(layer)!.get(path)
      if (target !== undefined) below.set(target, target)
      else if (!this.#read.get(layer)!.tree.added.has(path)) below.set(path, path)
    })
    return below
  }

  of(path: string, below: number = this.#to.layers.length): Source {
    for (let layer = below - 1; layer >= 0; layer--) {
      const read = this.#read.get(layer)
      if (!read) break
      const node = read.tree.added.get(path)
      const target = this.#links.get(layer)!.get(path)
      if (!node && target === undefined) continue
      this.#used.add(layer)
      const source = { layer, path, raw: read.raw.get(path) ?? path }
      if (target !== undefined) return { ...source, link: this.of(target, layer) }
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

  async #layer(index: number): Promise<void> {
    const read = await this.#to.read(index)
    this.#read.set(index, read)
    this.#links.set(index, new Map(read.tree.linked))
  }
}
