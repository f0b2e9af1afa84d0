import { byText, oneByOne, sorting, type Slices } from '../config/slices.ts'
import { Fault } from '../fault.ts'
import { printable } from './tar-entry.ts'
import type { Tree, TreeNode } from './tree.ts'

/** Whether a path of the machine is the image's affair. */
export type Concerns = (path: string, isDirectory: boolean) => boolean

/** What a machine should be like, in the very words of its own `find` and `sha256sum`, sorted as `LC_ALL=C sort` does. */
export interface Expected {
  /** Directories whose entries are looked at. */
  readonly dirs: readonly string[]
  readonly records: readonly string[]
  /** Files with content, and their sums. */
  readonly names: readonly string[]
  readonly sums: readonly string[]
}

export function* expectedOf(tree: Tree, concerns: Concerns): Slices<Expected> {
  const expected = { dirs: [] as string[], records: [] as string[], names: [] as string[], sums: [] as string[] }
  yield* oneByOne(tree, ([path, node]) => {
    const isDirectory = node.type === 'directory'
    if (isDirectory && isLookedInto(path, concerns)) expected.dirs.push(`./${path}`)
    if (path === '' || !concerns(path, isDirectory)) return
    expected.records.push(recordOf(path, node))
    if (node.type !== 'file' || node.size === 0 || node.sha256 === '') return
    expected.names.push(`./${path}`)
    expected.sums.push(`${node.sha256}  ./${path}`)
  })
  const { records, sums } = expected
  return { ...expected, records: yield* sorting(records, byText), sums: yield* sorting(sums, byText) }
}

/** Some directories keep their sub-directories only, and some nothing. */
function isLookedInto(path: string, concerns: Concerns): boolean {
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

/** More is no drift of a machine: it is another machine, or somebody who wants to keep us busy. */
export const mostDrift = 500_000

/**
 * Reads what a machine says: `-` and a record that it lacks, `+` and one that it has, `#` and a sum that is another; each ended by a zero
 * byte. What is not the image's affair is no drift. Throws `request-invalid` for more records than `mostDrift`.
 */
export function* readDrift(said: Buffer, concerns: Concerns): Slices<Drift> {
  const { lacks, has, others } = yield* readRecords(said)
  const lines: string[] = []
  const counts = { changed: 0, missing: 0, added: 0 }
  const tell = (what: keyof typeof counts, path: string, how: string): void => {
    counts[what]++
    lines.push(`${what} /${printable(path)}${how}`)
  }
  yield* oneByOne(lacks, ([path, was]) => {
    const now = has.get(path)
    if (!now) tell('missing', path, '')
    else tell('changed', path, ` (${differences(was, now, others.delete(path)).join(', ')})`)
  })
  yield* oneByOne(has, ([path, now]) => {
    if (!lacks.has(path) && concerns(path, now[0] === 'd')) tell('added', path, '')
  })
  yield* oneByOne(others, (path) => tell('changed', path, ' (content)'))
  return { ...counts, lines: yield* sorting(lines, byText) }
}

interface Records {
  readonly lacks: Map<string, readonly string[]>
  readonly has: Map<string, readonly string[]>
  readonly others: Set<string>
}

function* readRecords(said: Buffer): Slices<Records> {
  const records: Records = { lacks: new Map(), has: new Map(), others: new Set() }
  let count = 0
  for (let at = 0; at < said.length; count++) {
    if (count >= mostDrift)
      throw new Fault('request-invalid', `more than ${mostDrift} paths differ`, {
        hint: 'is this machine of that image at all? Look at birnam machine show',
      })
    const end = said.indexOf(0, at)
    const until = end < 0 ? said.length : end
    // No record is longer than two paths and a few numbers.
    readRecord(said.toString('latin1', at, Math.min(until, at + longestRecord)), records)
    at = until + 1
    yield
  }
  return records
}

const longestRecord = 16_384

function readRecord(record: string, { lacks, has, others }: Records): void {
  const text = record.slice(1)
  if (record.startsWith('#')) others.add(text.slice(text.indexOf('  ./') + 4))
  if (!record.startsWith('-') && !record.startsWith('+')) return
  const at = text.indexOf(' ./')
  if (at < 0) return
  const mark = text.indexOf('\u0001', at)
  const path = text.slice(at + 3, mark < 0 ? undefined : mark)
  ;(record.startsWith('-') ? lacks : has).set(path.replace(/^\/+/, ''), fieldsOf(text.slice(0, at), text))
}

/** Type, mode, owner, group, then size and time of a file; the target of a symlink. */
function fieldsOf(head: string, text: string): readonly string[] {
  const [type = '', ...rest] = head.split(' ', 8)
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
