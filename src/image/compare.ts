import { atOnce, slowly, type Slices } from '../config/slices.ts'
import type { CaptureSource, Listing } from './capture-source.ts'
import { judgeBy, type RuleChoice } from './rules.ts'
import { nameOf, parentOf, printable } from './tar-entry.ts'
import type { CachedTree } from './tree-cache.ts'
import { whiteout, type Tree, type TreeNode } from './tree.ts'

/** What shall be in the image, after the rules. */
export interface Chosen {
  readonly nodes: Map<string, TreeNode>
  /** Files that stay without their bytes. */
  readonly emptied: ReadonlySet<string>
  /** Directories out of which something was left: their times tell nothing. */
  readonly soft: ReadonlySet<string>
  /** How many paths each rule took out. */
  readonly leftOut: ReadonlyMap<string, number>
}

export function choose(listing: Listing, choice: RuleChoice): Chosen {
  const judge = judgeBy(choice)
  const nodes = new Map<string, TreeNode>()
  const emptied = new Set<string>()
  const soft = new Set<string>()
  const leftOut = new Map<string, number>()
  for (const [path, node] of listing.nodes) {
    // OCI has no way to keep a file of such a name: it would take another file away.
    const verdict = nameOf(path).startsWith(whiteout) ? markLike : judge(path, node.type === 'directory')
    if (verdict === 'keep') nodes.set(path, node)
    else if (verdict === 'empty' && node.type === 'file') {
      emptied.add(path)
      soft.add(parentOf(path))
      nodes.set(path, { ...node, size: 0, mtime: 0, nsec: 0, group: '', changed: '', inode: '' })
    } else if (verdict === 'empty') nodes.set(path, node)
    else {
      soft.add(parentOf(path))
      leftOut.set(verdict.rule, (leftOut.get(verdict.rule) ?? 0) + 1)
    }
  }
  // An emptied directory today, one with a file in it tomorrow: its times must tell nothing on both days.
  for (const [path, node] of nodes)
    if (node.type === 'directory' && judge(path === '' ? '\0' : `${path}/\0`, false) !== 'keep') soft.add(path)
  return { nodes: regrouped(nodes), emptied, soft, leftOut }
}

const markLike = { rule: 'named-like-a-whiteout' }

/** Groups named by their smallest path; a group of one is none. */
export function regrouped(nodes: Iterable<readonly [string, TreeNode]>): Map<string, TreeNode> {
  return atOnce(regrouping(nodes))
}

/** The same piece by piece. */
export function* regrouping(nodes: Iterable<readonly [string, TreeNode]>): Slices<Map<string, TreeNode>> {
  const all = new Map<string, TreeNode>()
  const members = new Map<string, string[]>()
  yield* slowly(nodes, ([path, node]) => {
    all.set(path, node)
    if (node.group === '') return
    const paths = members.get(node.group)
    if (paths) paths.push(path)
    else members.set(node.group, [path])
  })
  yield* slowly(members.values(), (paths) => {
    const first = paths.reduce((least, path) => (path < least ? path : least))
    const group = paths.length > 1 ? first : ''
    for (const path of paths) {
      const node = all.get(path)!
      if (node.group !== group) all.set(path, { ...node, group })
    }
  })
  return all
}

export interface Delta {
  /** What goes into the layer, sorted: the changed, their groups, and the directories that hold them. */
  readonly send: readonly string[]
  readonly added: number
  readonly changed: number
  /** Topmost paths that vanished or became something else, sorted. */
  readonly whiteouts: readonly string[]
  readonly removed: number
}

export interface CompareOptions {
  /** Compares contents too; both sums are asked for once, with the paths that may be equal. */
  readonly checksum?: {
    readonly sums: CaptureSource['sums']
  }
}

/** By what lists tell: type, mode, owner, size, times, targets, links; and by inodes where it is the same machine. */
export async function compare(
  old: CachedTree,
  listing: Listing,
  chosen: Chosen,
  options: CompareOptions = {},
): Promise<Delta> {
  const before = regrouped(old.tree)
  const sameSource = old.source !== '' && old.source === listing.source
  const touched = new Set<string>()
  let added = 0
  for (const [path, node] of chosen.nodes) {
    const was = before.get(path)
    if (!was) added++
    if (!was || differs(was, node, { soft: chosen.soft.has(path), sameSource, xattrs: listing.xattrs }))
      touched.add(path)
  }
  if (options.checksum) await compareContents(before, chosen, touched, options.checksum.sums)
  const { whiteouts, removed } = vanished(before, chosen.nodes)
  const changed = touched.size - added
  if (touched.size === 0 && removed === 0) return { send: [], added: 0, changed: 0, whiteouts: [], removed: 0 }
  return { send: withCompany(touched, whiteouts, { before, now: chosen.nodes }), added, changed, whiteouts, removed }
}

interface Closeness {
  readonly soft: boolean
  readonly sameSource: boolean
  readonly xattrs: boolean
}

function differs(was: TreeNode, node: TreeNode, { soft, sameSource, xattrs }: Closeness): boolean {
  if (was.type !== node.type || was.uid !== node.uid || was.gid !== node.gid || was.group !== node.group) return true
  // A symlink has no mode of its own.
  if (node.type !== 'symlink' && was.mode !== node.mode) return true
  if (was.size !== node.size || was.target !== node.target) return true
  if (!soft && (was.mtime !== node.mtime || was.nsec !== node.nsec)) return true
  if (node.device !== '' && was.device !== node.device) return true
  if (xattrs && was.xattrs !== node.xattrs) return true
  // Attributes and ACLs change the inode and nothing else that a list tells.
  return (
    !soft &&
    sameSource &&
    was.inode === node.inode &&
    was.changed !== '' &&
    node.changed !== '' &&
    was.changed !== node.changed
  )
}

async function compareContents(
  before: Tree,
  chosen: Chosen,
  touched: Set<string>,
  sums: CaptureSource['sums'],
): Promise<void> {
  const doubtful = [...chosen.nodes].filter(
    ([path, { type, size }]) => type === 'file' && size > 0 && !touched.has(path) && !chosen.emptied.has(path),
  )
  const found = await sums(doubtful.map(([path]) => path))
  for (const [path] of doubtful) if (found.get(path) !== before.get(path)!.sha256) touched.add(path)
}

function vanished(before: Tree, nodes: ReadonlyMap<string, TreeNode>): { whiteouts: string[]; removed: number } {
  const gone: string[] = []
  let removed = 0
  for (const [path, was] of before) {
    const node = nodes.get(path)
    if (path === '' || (node && !(was.type === 'directory' && node.type !== 'directory'))) continue
    if (!node) removed++
    // Only the topmost: one whiteout takes all that is below.
    const parent = before.get(parentOf(path))
    const parentNow = nodes.get(parentOf(path))
    if (!parent || parentNow?.type === 'directory') gone.push(path)
  }
  return { whiteouts: gone.toSorted(), removed }
}

/**
 * Unpacking replaces a changed file by a new inode, so all names of it come along; and it touches the directory around it, so
 * that comes along too, with its times.
 */
function withCompany(
  touched: ReadonlySet<string>,
  whiteouts: readonly string[],
  { before, now }: { before: ReadonlyMap<string, TreeNode>; now: ReadonlyMap<string, TreeNode> },
): string[] {
  const groups = new Set<string>()
  for (const path of touched) if (now.get(path)!.group !== '') groups.add(now.get(path)!.group)
  const send = new Set(touched)
  if (groups.size > 0) for (const [path, { group }] of now) if (groups.has(group)) send.add(path)
  const stays = (path: string): boolean => now.get(path)?.type === 'directory' && before.get(path)?.type === 'directory'
  for (const path of [...send, ...whiteouts])
    if (path !== '' && !stays(path) && now.has(parentOf(path))) send.add(parentOf(path))
  return [...send].toSorted()
}

/** Paths for people, a few of them. */
export function named(paths: readonly string[], most = 5): string {
  const shown = paths.slice(0, most).map((path) => printable(path, 120))
  return paths.length > most ? `${shown.join(', ')} and ${paths.length - most} more` : shown.join(', ')
}
