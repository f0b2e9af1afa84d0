import { atOnce, byText, slowly, sorting, type Slices } from '../config/slices.ts'
import { regrouping } from './compare.ts'
import type { Tree, TreeNode } from './tree.ts'
import type { PackageChange } from './packages.ts'

/** What became of a path between two versions. */
export interface PathChange {
  /** Latin1: one character is one byte. */
  readonly path: string
  readonly what: 'added' | 'changed' | 'removed'
  /** Of a changed one: in what. */
  readonly in: readonly Aspect[]
  /** Bytes before and after; 0 for what is no regular file. */
  readonly before: number
  readonly after: number
}

export type Aspect = 'type' | 'mode' | 'owner' | 'content' | 'time' | 'target' | 'device' | 'attributes' | 'links'

export interface ImageDiff {
  readonly paths: readonly PathChange[]
  /** Undefined where no version has a package database that can be read. */
  readonly packages: readonly PackageChange[] | undefined
}

/** Sorted by path. With sums on both sides contents are compared by them, else by size and time. */
export function diffTrees(from: Tree, to: Tree): PathChange[] {
  return atOnce(diffing(from, to))
}

/** The same piece by piece. */
export function* diffing(from: Tree, to: Tree): Slices<PathChange[]> {
  const before = yield* regrouping(from)
  const after = yield* regrouping(to)
  const changes: PathChange[] = []
  yield* slowly(after, ([path, node]) => {
    const was = before.get(path)
    if (!was) return void changes.push({ path, what: 'added', in: [], before: 0, after: node.size })
    const aspects = aspectsOf(was, node)
    if (aspects.length > 0) changes.push({ path, what: 'changed', in: aspects, before: was.size, after: node.size })
  })
  yield* slowly(before, ([path, was]) => {
    if (!after.has(path)) changes.push({ path, what: 'removed', in: [], before: was.size, after: 0 })
  })
  return yield* sorting(changes, (a, b) => byText(a.path, b.path))
}

function aspectsOf(was: TreeNode, node: TreeNode): Aspect[] {
  const time = was.mtime !== node.mtime || was.nsec !== node.nsec
  const summed = was.sha256 !== '' && node.sha256 !== ''
  const content = was.size !== node.size || (summed ? was.sha256 !== node.sha256 : time && node.type === 'file')
  const tests: readonly (readonly [Aspect, boolean])[] = [
    ['type', was.type !== node.type],
    ['mode', was.mode !== node.mode && node.type !== 'symlink'],
    ['owner', was.uid !== node.uid || was.gid !== node.gid],
    ['content', was.type === node.type && content],
    ['time', time],
    ['target', was.target !== node.target],
    ['device', was.device !== node.device],
    ['attributes', was.xattrs !== node.xattrs],
    ['links', was.group !== node.group],
  ]
  return tests.filter(([, differs]) => differs).map(([aspect]) => aspect)
}
