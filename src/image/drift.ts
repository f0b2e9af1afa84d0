import { printable } from './tar-entry.ts'
import type { Tree, TreeNode } from './tree.ts'

/** What a machine should be like, in the very words of its own `find` and `sha256sum`, sorted as `LC_ALL=C sort` does. */
export interface Expected {
  /** Directories whose entries are looked at. */
  readonly dirs: readonly string[]
  readonly records: readonly string[]
  /** Files with content, and their sums. */
  readonly names: readonly string[]
  readonly sums: readonly string[]
}

export function expectedOf(tree: Tree, concerns: (path: string, isDirectory: boolean) => boolean): Expected {
  const expected = { dirs: [] as string[], records: [] as string[], names: [] as string[], sums: [] as string[] }
  for (const [path, node] of tree) {
    const isDirectory = node.type === 'directory'
    if (isDirectory && isLookedInto(path, concerns)) expected.dirs.push(`./${path}`)
    if (path === '' || !concerns(path, isDirectory)) continue
    expected.records.push(recordOf(path, node))
    if (node.type !== 'file' || node.size === 0 || node.sha256 === '') continue
    expected.names.push(`./${path}`)
    expected.sums.push(`${node.sha256}  ./${path}`)
  }
  expected.records.sort(byBytes)
  expected.sums.sort(byBytes)
  return expected
}

/** Some directories keep their sub-directories only, and some nothing. */
function isLookedInto(path: string, concerns: (path: string, isDirectory: boolean) => boolean): boolean {
  const inside = path === '' ? '\0' : `${path}/\0`
  return concerns(inside, false) || concerns(inside, true)
}

const letters = { file: 'f', directory: 'd', symlink: 'l', char: 'c', block: 'b', fifo: 'p' } as const

function recordOf(path: string, node: TreeNode): string {
  const { type, mode, uid, gid, size, mtime, nsec, target } = node
  if (type === 'symlink') return `l ${uid} ${gid} ./${path}\u0001${target}`
  const head = `${letters[type]} ${mode.toString(8)} ${uid} ${gid}`
  return type === 'file' ? `${head} ${size} ${mtime}.${String(nsec).padStart(9, '0')}0 ./${path}` : `${head} ./${path}`
}

export interface Drift {
  readonly changed: number
  readonly missing: number
  readonly added: number
  /** For people, a line each, sorted. */
  readonly lines: readonly string[]
}

/**
 * Reads what a machine says: `-` and a record that it lacks, `+` and one that it has, `#` and a sum that is another; each ended by a zero
 * byte. What is not the image's affair is no drift.
 */
export function readDrift(said: string, concerns: (path: string, isDirectory: boolean) => boolean): Drift {
  const lacks = new Map<string, readonly string[]>()
  const has = new Map<string, readonly string[]>()
  const others = new Set<string>()
  for (const record of said.split('\0')) {
    const text = record.slice(1)
    if (record.startsWith('#')) others.add(text.slice(text.indexOf('  ./') + 4))
    else if (record.startsWith('-') || record.startsWith('+')) {
      const at = text.indexOf(' ./')
      if (at < 0) continue
      const [path = ''] = text.slice(at + 3).split('\u0001')
      ;(record.startsWith('-') ? lacks : has).set(path.replace(/^\/+/, ''), fieldsOf(text.slice(0, at), text))
    }
  }
  const lines: string[] = []
  const counts = { changed: 0, missing: 0, added: 0 }
  const tell = (what: keyof typeof counts, path: string, how: string): void => {
    counts[what]++
    lines.push(`${what} /${printable(path)}${how}`)
  }
  for (const [path, was] of lacks) {
    const now = has.get(path)
    if (!now) tell('missing', path, '')
    else tell('changed', path, ` (${differences(was, now, others.delete(path)).join(', ')})`)
  }
  for (const [path, now] of has) if (!lacks.has(path) && concerns(path, now[0] === 'd')) tell('added', path, '')
  for (const path of others) tell('changed', path, ' (content)')
  return { ...counts, lines: lines.toSorted(byBytes) }
}

/** Type, mode, owner, group, then size and time of a file; the target of a symlink. */
function fieldsOf(head: string, text: string): readonly string[] {
  const [type = '', ...rest] = head.split(' ')
  if (type !== 'l') return [type, ...rest]
  return [type, '', ...rest, text.slice(text.indexOf('\u0001') + 1)]
}

function differences(was: readonly string[], now: readonly string[], sum: boolean): readonly string[] {
  if (was[0] !== now[0]) return ['type']
  const found = [
    was[1] !== now[1] && 'mode',
    (was[2] !== now[2] || was[3] !== now[3]) && 'owner',
    was[4] !== now[4] && (was[0] === 'l' ? 'target' : 'size'),
    was[5] !== now[5] && 'time',
    sum && 'content',
  ]
  return found.filter((one) => one !== false)
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
