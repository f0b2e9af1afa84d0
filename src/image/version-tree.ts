import { inPieces } from '../config/slices.ts'
import { readTar, unpacked } from './layer-read.ts'
import { placesOf } from './make-way.ts'
import type { ImageStore, ImageVersion } from './store.ts'
import type { TarEntry } from './tar-entry.ts'
import { LayerTree, type Tree } from './tree.ts'
import type { CachedTree, TreeCache } from './tree-cache.ts'

export interface TreeOptions {
  readonly cache: TreeCache
  /** SHA-256 of every regular file: computed from the layers where the cache does not know them. */
  readonly sums?: boolean
  /** Called with the bytes of layers read so far, and of all. */
  readonly onBytes?: (read: number, of: number) => void
}

/** Every path of a version, from the cache or by reading its layers. Throws `image-missing`, `image-invalid`. */
export async function treeOf(store: ImageStore, version: ImageVersion, options: TreeOptions): Promise<CachedTree> {
  const cached = await options.cache.load(version.digest)
  if (cached && !(options.sums && lacksSums(cached.tree))) return cached
  const tree: Tree = new Map()
  let before = 0
  const of = version.manifest.layers.reduce((sum, { size }) => sum + size, 0)
  for (const { digest, size } of version.manifest.layers) {
    const layer = await layerTree(store, digest, options, before, of)
    await inPieces(layer.layingOver(tree))
    before += size
  }
  if (cached) keepInodes(tree, cached.tree)
  const source = cached?.source ?? ''
  await options.cache.save(version.digest, tree, source)
  return { tree, source }
}

/** What a layer takes away from the layers below, before it is unpacked; sorted. */
export interface Removed {
  /** The places of its entries, as `make-way.ts` says. They come first: a whiteout must not lead through a link that goes. */
  readonly places: readonly string[]
  /** Paths to remove with all below them. */
  readonly whiteouts: readonly string[]
  /** Directories to empty. */
  readonly opaque: readonly string[]
}

/** Reads one layer. Throws `image-missing`, `image-invalid`. */
export async function removedBy(store: ImageStore, digest: ImageVersion['digest']): Promise<Removed> {
  const layer = await layerTree(store, digest, {}, 0, 0)
  return {
    places: placesOf(layer),
    whiteouts: [...layer.removed].toSorted(),
    opaque: [...layer.emptied].toSorted(),
  }
}

async function layerTree(
  store: ImageStore,
  digest: ImageVersion['digest'],
  { sums = false, onBytes }: Omit<TreeOptions, 'cache'>,
  before: number,
  of: number,
): Promise<LayerTree> {
  const layer = new LayerTree()
  const stream = await store.open(digest)
  let read = before
  stream.on('data', (chunk: Uint8Array) => onBytes?.((read += chunk.length), of))
  stream.pause()
  const hashes: [string, string][] = []
  await readTar(await unpacked(stream), {
    entry: (entry: TarEntry) => layer.add(entry),
    wants: () => sums,
    hash: (entry, sha256) => hashes.push([entry.path, sha256]),
  })
  for (const [path, sha256] of hashes) layer.hash(path, sha256)
  return layer
}

function lacksSums(tree: Tree): boolean {
  for (const node of tree.values()) if (node.type === 'file' && node.size > 0 && node.sha256 === '') return true
  return false
}

function keepInodes(tree: Tree, known: Tree): void {
  for (const [path, node] of tree) {
    const old = known.get(path)
    if (old) tree.set(path, { ...node, changed: old.changed, inode: old.inode })
  }
}
