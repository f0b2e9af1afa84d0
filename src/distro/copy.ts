import { mkdir, open, statfs, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault } from '../fault.ts'
import { diskFault } from '../image/durable.ts'
import type { List } from './recognised.ts'
import { Digests, type Sum } from './sums.ts'
import { find, invalid, type Tree, type TreeEntry } from './tree.ts'

export interface Progress {
  readonly step: 'fetch' | 'check' | 'copy'
  readonly bytes: number
  /** Undefined where a server did not say it. */
  readonly ofBytes: number | undefined
  readonly files?: number
  readonly ofFiles?: number
  readonly path: string
}

export interface CopyOptions {
  readonly expected: Expected
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface Copied {
  readonly files: number
  readonly bytes: number
}

/** Copies a whole tree into `into`, and holds each file against every list that names it. Throws `distro-untrusted` at the first that differs. */
export async function copyTree(tree: Tree, into: string, options: CopyOptions): Promise<Copied> {
  const entries = [...tree.entries!.values()]
  const files = entries.filter(({ kind }) => kind === 'file')
  const ofBytes = files.reduce((sum, { size }) => sum + size, 0)
  await needRoom(into, ofBytes, tree.name)
  try {
    await mkdir(into, { recursive: true })
    for (const { path, kind } of entries) if (kind === 'directory') await mkdir(join(into, path), { recursive: true })
    await copyFiles(tree, files, into, ofBytes, options)
    for (const { path, kind, target } of entries) if (kind === 'link') await symlink(target!, join(into, path))
  } catch (error) {
    throw diskFault(error, into)
  }
  return { files: files.length, bytes: ofBytes }
}

async function copyFiles(
  tree: Tree,
  files: readonly TreeEntry[],
  into: string,
  ofBytes: number,
  options: CopyOptions,
): Promise<void> {
  let bytes = 0
  for (const [index, { path }] of files.entries()) {
    const onBytes = (count: number): void => {
      bytes += count
      options.onProgress?.({ step: 'copy', bytes, ofBytes, files: index, ofFiles: files.length, path })
    }
    await copyFile(tree, path, join(into, path), { ...options, onBytes })
  }
}

interface FileOptions extends CopyOptions {
  readonly onBytes?: (count: number) => void
  /** Also these, whatever the lists hold. */
  readonly digests?: readonly Sum['algorithm'][]
}

/** One file; what was asked for of its digests. Throws `distro-invalid` when it is not there or not as long as it was said to be. */
export async function copyFile(
  tree: Tree,
  path: string,
  to: string,
  { expected, signal, onBytes, digests = [] }: FileOptions,
): Promise<ReadonlyMap<Sum['algorithm'], string>> {
  const opened = await tree.open(path)
  if (!opened) throw invalid(`there is no ${path} in ${tree.name}`)
  const sums = expected.of(path)
  const digest = new Digests([...digests, ...sums.map(({ sum }) => sum.algorithm)])
  let size = 0
  await mkdir(dirname(to), { recursive: true })
  await using handle = await open(to, 'wx', 0o644)
  for await (const piece of opened.pieces) {
    signal?.throwIfAborted()
    digest.add(piece)
    await handle.writev([piece])
    size += piece.length
    onBytes?.(piece.length)
  }
  if (opened.size !== undefined && size !== opened.size)
    throw invalid(`${path} in ${tree.name} ended after ${size} of ${opened.size} bytes`)
  const found = digest.end()
  expected.hold(path, found)
  return found
}

/** Throws `disk-failed` when the file system has less than this many bytes left. */
export async function needRoom(directory: string, bytes: number, what: string): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(directory))
  const left = bavail * bsize
  if (left >= bytes) return
  const mega = (count: number): string => `${Math.ceil(count / 1_000_000)} MB`
  throw new Fault('disk-failed', `${what} needs ${mega(bytes)}, and ${mega(left)} are left in ${dirname(directory)}`, {
    hint: 'make room, or name another data directory with --data',
  })
}

/** El Torito and isolinux change these after the lists were written (mkisofs -boot-info-table). */
const patched = /(?:^|\/)(?:isolinux\.bin|boot\.cat(?:alog)?|eltorito\.img|bios\.img|efiboot\.img)$/

/** What the lists of a tree say of its files, and how many were held against each. */
export class Expected {
  readonly #sums = new Map<string, { readonly sum: Sum; readonly list: List }[]>()
  readonly #held = new Map<List, number>()
  readonly #name: string

  constructor(tree: Tree, lists: readonly List[]) {
    this.#name = tree.name
    for (const list of lists) {
      for (const [path, sum] of list.sums) {
        const real = tree.entries ? find(tree.entries, path)?.path : path
        if (real === undefined || patched.test(real)) continue
        const known = this.#sums.get(real)
        if (known) known.push({ sum, list })
        else this.#sums.set(real, [{ sum, list }])
      }
    }
  }

  of(path: string): readonly { readonly sum: Sum; readonly list: List }[] {
    return this.#sums.get(path) ?? []
  }

  /** Throws `distro-untrusted`. */
  hold(path: string, found: ReadonlyMap<Sum['algorithm'], string>): void {
    for (const { sum, list } of this.of(path)) {
      if (found.get(sum.algorithm) !== sum.hex) {
        const hint = 'nothing was kept; the medium is damaged, or somebody changed it: get it again'
        throw new Fault('distro-untrusted', `${path} in ${this.#name} is not the one that ${list.file} names`, { hint })
      }
      this.#held.set(list, (this.#held.get(list) ?? 0) + 1)
    }
  }

  /** How many files were as this list says. */
  held(list: List): number {
    return this.#held.get(list) ?? 0
  }
}
