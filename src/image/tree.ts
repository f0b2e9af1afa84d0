import { createHash } from 'node:crypto'
import { atOnce, slowly, type Slices } from '../config/slices.ts'
import { invalid, nameOf, parentOf, printable, type EntryType, type TarEntry } from './tar-entry.ts'

export type NodeType = Exclude<EntryType, 'link'>

/** What one path of a version is. Text is latin1: one character is one byte. */
export interface TreeNode {
  readonly type: NodeType
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes; 0 for what is no regular file. */
  readonly size: number
  /** Seconds since 1970, rounded down, and nanoseconds. */
  readonly mtime: number
  readonly nsec: number
  /** Of a symlink. */
  readonly target: string
  /** `major:minor` of a device node, else empty. */
  readonly device: string
  /** A digest over extended attributes, ACLs and labels; empty when there are none. */
  readonly xattrs: string
  /** Names of one inode share this: the name that the archive carries the bytes under. Empty when it has one name. */
  readonly group: string
  /** SHA-256 of the content in hexadecimal, where somebody has computed it. */
  readonly sha256: string
  /** Only of what was captured here: seconds and nanoseconds of the inode's last change, and its number, to notice changed attributes. */
  readonly changed: string
  readonly inode: string
}

/** Every path of a version; the root is the empty path. */
export type Tree = Map<string, TreeNode>

/** OCI image spec, layer.md: Whiteouts. */
export const whiteout = '.wh.'
export const opaque = '.wh..wh..opq'

/** What a whiteout speaks of. Throws `image-invalid` for one that names no file. */
export function markOf(path: string): { readonly path: string; readonly isOpaque: boolean } | undefined {
  const name = nameOf(path)
  if (name === opaque) return { path: parentOf(path), isOpaque: true }
  if (!name.startsWith(whiteout) || isMarkOfOthers(path)) return undefined
  const gone = name.slice(whiteout.length)
  if (gone === '' || gone === '.' || gone === '..') throw invalid(`the whiteout ${printable(path)} names no file`)
  return { path: join(parentOf(path), gone), isOpaque: false }
}

/** Marks that AUFS keeps for itself. */
export function isMarkOfOthers(path: string): boolean {
  return nameOf(path).startsWith('.wh..wh.') && nameOf(path) !== opaque
}

export function nodeOf(entry: TarEntry, type: NodeType): TreeNode {
  const { mode, uid, gid, mtime, nsec } = entry
  return {
    type,
    mode,
    uid,
    gid,
    size: type === 'file' ? entry.size : 0,
    mtime,
    nsec,
    target: entry.type === 'symlink' ? entry.target : '',
    device: type === 'char' || type === 'block' ? `${entry.major}:${entry.minor}` : '',
    xattrs: entry.xattrs ? digestOfXattrs(entry.xattrs) : '',
    group: '',
    sha256: '',
    changed: '',
    inode: '',
  }
}

/** Sixteen bytes are plenty to notice a difference. */
function digestOfXattrs(xattrs: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256')
  for (const key of [...xattrs.keys()].toSorted()) {
    const value = xattrs.get(key)!
    hash.update(`${key.length}:${value.length}:${key}${value}`, 'latin1')
  }
  return hash.digest('hex').slice(0, 32)
}

/** One layer's entries, gathered while it is read or written, to be laid over what is below it. */
export class LayerTree {
  readonly #added: Tree = new Map()
  readonly #removed = new Set<string>()
  readonly #opaque = new Set<string>()
  /** Hard links whose first name is not in this layer. */
  readonly #linked: [path: string, target: string][] = []

  add(entry: TarEntry): void {
    const { path } = entry
    const mark = markOf(path)
    if (mark) (mark.isOpaque ? this.#opaque : this.#removed).add(mark.path)
    else if (isMarkOfOthers(path)) return
    else if (entry.type === 'link') this.#link(path, entry.target)
    else this.#added.set(path, nodeOf(entry, entry.type))
  }

  /** Says the content of a file that has been added. */
  hash(path: string, sha256: string): void {
    const node = this.#added.get(path)
    if (node) this.#added.set(path, { ...node, sha256 })
  }

  get added(): ReadonlyMap<string, TreeNode> {
    return this.#added
  }

  get removed(): ReadonlySet<string> {
    return this.#removed
  }

  /** Directories of which nothing below shows through. */
  get emptied(): ReadonlySet<string> {
    return this.#opaque
  }

  /** Hard links whose first name is in a layer below: the name, and that first name. */
  get linked(): readonly (readonly [path: string, target: string])[] {
    return this.#linked
  }

  /** Changes the tree below into the tree with this layer on it. Whiteouts touch only what is below (layer.md). */
  layOver(tree: Tree): void {
    atOnce(this.layingOver(tree))
  }

  /** The same piece by piece. */
  *layingOver(tree: Tree): Slices<void> {
    const gone = new Set(this.#removed)
    yield* this.#addReplaced(tree, gone)
    if (gone.size > 0 || this.#opaque.size > 0) {
      yield* slowly(tree.keys(), (path) => {
        if (isUnder(path, gone, true) || isUnder(path, this.#opaque, false)) tree.delete(path)
      })
    }
    yield* slowly(this.#added, ([path, node]) => void tree.set(path, node))
    yield* slowly(this.#linked, ([path, target]) => {
      const node = tree.get(target)
      if (!node) return
      const group = node.group === '' ? target : node.group
      if (node.group === '') tree.set(target, { ...node, group })
      tree.set(path, { ...node, group })
    })
  }

  /** What something else takes the place of: directories by what is none, files by a directory that an entry implies. */
  *#addReplaced(tree: Tree, gone: Set<string>): Slices<void> {
    const isDirectory = (path: string): boolean => tree.get(path)?.type === 'directory'
    yield* slowly(this.#added, ([path, { type }]) => {
      if (type !== 'directory' && isDirectory(path)) gone.add(path)
    })
    yield* slowly(this.#linked, ([path]) => {
      if (isDirectory(path)) gone.add(path)
    })
    yield* slowly(yield* implying(this), (path) => {
      const type = tree.get(path)?.type ?? 'directory'
      if (type !== 'directory' && type !== 'symlink') gone.add(path)
    })
  }

  #link(path: string, target: string): void {
    const node = this.#added.get(target)
    if (!node) {
      this.#linked.push([path, target])
      return
    }
    const group = node.group === '' ? target : node.group
    if (node.group === '') this.#added.set(target, { ...node, group })
    this.#added.set(path, { ...node, group })
  }
}

/** Parents of entries that the layer does not list: whoever unpacks makes them. */
export function impliedParents(layer: Pick<LayerTree, 'added' | 'linked'>): Set<string> {
  return atOnce(implying(layer))
}

function* implying({ added, linked }: Pick<LayerTree, 'added' | 'linked'>): Slices<Set<string>> {
  const implied = new Set<string>()
  const see = (path: string): void => {
    for (let at = parentOf(path); at !== '' && !implied.has(at) && !added.has(at); at = parentOf(at)) implied.add(at)
  }
  yield* slowly(added.keys(), see)
  yield* slowly(linked, ([path]) => see(path))
  return implied
}

/** Whether the path or (when `self`) one of its parents is among them. */
export function isUnder(path: string, among: ReadonlySet<string>, self: boolean): boolean {
  if (among.size === 0) return false
  if (self && among.has(path)) return true
  for (let at = path; at !== '';) {
    at = parentOf(at)
    if (among.has(at)) return true
  }
  return false
}

export function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}
