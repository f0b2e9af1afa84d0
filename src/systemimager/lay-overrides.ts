import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  type Stats,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Layer } from './layers.ts'
import type { OldFiles } from '../takeover/old-files.ts'
import type { LeftList } from '../takeover/told.ts'

/** A path that several overrides have: whose it is now. */
export interface Won {
  readonly layer: string
  readonly path: string
  readonly by: string
  readonly over: readonly string[]
}

const most = 100_000
const kept = 1000

/** What a layer will be: each path with the directory below overrides/ that it comes from. */
export interface Laid {
  readonly layer: string
  readonly from: readonly string[]
  readonly paths: ReadonlyMap<string, { readonly of: string; readonly stat: Stats }>
}

/**
 * Lays the directories of each layer into one, the weakest first. An image's own overrides are weaker than those of all machines, but
 * groups are not: what both have is taken out of the image's.
 */
export function layOverrides(
  files: OldFiles,
  layers: readonly Layer[],
  left: LeftList,
): { readonly laid: readonly Laid[]; readonly won: readonly Won[] } {
  const laid: Laid[] = []
  const won: Won[] = []
  for (const { name, from, isBelowAll } of layers) {
    const paths = new Map<string, { of: string; stat: Stats }>()
    const over = new Map<string, string[]>()
    for (const directory of from) {
      for (const [path, stat] of walk(files, `overrides/${directory}`, left)) {
        const before = paths.get(path)
        if (before && !(before.stat.isDirectory() && stat.isDirectory())) {
          over.set(path, [...(over.get(path) ?? []), before.of])
          if (before.stat.isDirectory()) dropBelow(paths, path)
        }
        paths.set(path, { of: directory, stat })
      }
    }
    const all = laid.find(({ layer }) => layer === 'all')
    if (isBelowAll && all) weaken(name, paths, all, won)
    for (const [path, losers] of over)
      if (won.length < kept) won.push({ layer: name, path, by: paths.get(path)!.of, over: losers })
    tellOwners(name, paths, left)
    laid.push({ layer: name, from, paths })
  }
  return { laid, won }
}

/** A file where a directory was: what was in that is gone. */
function dropBelow(paths: Map<string, unknown>, directory: string): void {
  for (const path of paths.keys()) if (path.startsWith(`${directory}/`)) paths.delete(path)
}

function weaken(layer: string, paths: Map<string, { of: string; stat: Stats }>, all: Laid, won: Won[]): void {
  for (const [path, { of, stat }] of paths) {
    const stronger = all.paths.get(path)
    if (!stronger || (stronger.stat.isDirectory() && stat.isDirectory())) continue
    paths.delete(path)
    if (won.length < kept) won.push({ layer, path, by: `all (${stronger.of})`, over: [of] })
  }
}

function tellOwners(layer: string, paths: Laid['paths'], left: LeftList): void {
  const foreign = [...paths].filter(([, { stat }]) => stat.uid !== 0 || stat.gid !== 0)
  if (foreign.length === 0) return
  const path = foreign[0]![0]
  left.add(
    `overrides/${layer}`,
    `overrides belong to root on the machine: ${foreign.length} paths had other owners (${path}); chown them in a post-install script`,
  )
}

/** Directories before what is in them. */
function walk(files: OldFiles, top: string, left: LeftList): ReadonlyMap<string, Stats> {
  const found = new Map<string, Stats>()
  const into = (below: string): void => {
    for (const name of files.names(below === '' ? top : `${top}/${below}`)) {
      const path = below === '' ? name : `${below}/${name}`
      const stat = files.stat(`${top}/${path}`)
      const why = refusal(path, stat)
      if (why !== undefined) left.add(`${top}/${path}`, why)
      else if (found.size >= most)
        return left.add(
          top,
          `has more than ${most} paths: those after ${path} are left out; what all machines have belongs into the image`,
        )
      else {
        found.set(path, stat!)
        if (stat!.isDirectory()) into(path)
      }
    }
  }
  into('')
  return found
}

function refusal(path: string, stat: Stats | undefined): string | undefined {
  if (path.includes('\uFFFD') || !stat) return 'its name is not UTF-8'
  if (!stat.isFile() && !stat.isDirectory() && !stat.isSymbolicLink())
    return 'is neither file, directory nor link: make it in a post-install script'
  return stat.isFile() && path.endsWith('.hbs') ? 'a file that ends with .hbs would be taken for a template' : undefined
}

/** Writes a layer into a new directory; owners are not kept, modes and times are. Unreadable files are told. */
export function writeLaid(files: OldFiles, { layer, paths }: Laid, to: string, left: LeftList): void {
  mkdirSync(to, { recursive: true, mode: 0o755 })
  const directories: [string, Stats][] = []
  for (const [path, { of, stat }] of paths) {
    const [source, target] = [join(files.base, 'overrides', of, path), join(to, path)]
    try {
      if (stat.isDirectory()) {
        mkdirSync(target)
        directories.push([target, stat])
      } else writeOne(source, target, stat)
    } catch (error) {
      const { code, path: where } = error as NodeJS.ErrnoException
      // What this host's own disk refuses is no matter of one file.
      if (code !== 'EACCES' && code !== 'ENOENT' && code !== 'EPERM' && code !== 'EIO') throw error
      if (where !== source) throw error
      left.add(`overrides/${of}/${path}`, `cannot be read (${code}): overrides/${layer} lacks it`)
      rmSync(target, { force: true })
    }
  }
  // Last: a directory that may not be written must be filled first, and its time is that of its last entry.
  for (const [target, { mode, atime, mtime }] of directories.toReversed()) {
    utimesSync(target, atime, mtime)
    chmodSync(target, mode & 0o7777)
  }
}

function writeOne(source: string, target: string, { mode, atime, mtime }: Stats): void {
  mkdirSync(dirname(target), { recursive: true })
  if ((mode & 0o170000) === 0o120000) {
    symlinkSync(readlinkSync(source), target)
    lutimesSync(target, atime, mtime)
    return
  }
  copyFileSync(source, target)
  chmodSync(target, mode & 0o7777)
  utimesSync(target, atime, mtime)
}
