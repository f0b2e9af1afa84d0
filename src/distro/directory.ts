import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault } from '../fault.ts'
import { diskFault } from '../image/durable.ts'
import { checkName, invalid, ListedTree, shown, type Tree, type TreeEntry } from './tree.ts'

/** A directory of this host: a mirror, an unpacked ISO or netboot archive. Throws `distro-invalid`, `not-permitted`. */
export async function openDirectory(path: string): Promise<DirectoryTree> {
  return new DirectoryTree(path, await walk(path))
}

class DirectoryTree extends ListedTree {
  readonly #root: string

  constructor(path: string, entries: ReadonlyMap<string, TreeEntry>) {
    super(basename(path), entries)
    this.#root = path
  }

  protected override async *pieces({ path, size }: TreeEntry): AsyncIterable<Uint8Array> {
    // What grows while it is copied would never end.
    if (size === 0) return
    try {
      yield* createReadStream(join(this.#root, path), { end: size - 1, highWaterMark: 1 << 20 })
    } catch (error) {
      throw diskFault(error, join(this.#root, path))
    }
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

const most = 5_000_000

async function walk(root: string): Promise<ReadonlyMap<string, TreeEntry>> {
  const entries = new Map<string, TreeEntry>()
  const directories = ['']
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const name of await namesIn(join(root, directory))) {
      const path = directory === '' ? name : `${directory}/${name}`
      const entry = await entryAt(root, path, name)
      if (entries.size >= most)
        throw invalid(`${root} holds more than ${most} files`, 'name the directory of one distribution')
      entries.set(path, entry)
      if (entry.kind === 'directory') directories.push(path)
    }
  }
  return entries
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    throw diskFault(error, path)
  }
}

async function entryAt(root: string, path: string, name: string): Promise<TreeEntry> {
  checkName(basename(root), name)
  const found = await lstat(join(root, path))
  if (found.isFile()) return { path, kind: 'file', size: found.size }
  if (found.isDirectory()) return { path, kind: 'directory', size: 0 }
  if (found.isSymbolicLink()) return { path, kind: 'link', size: 0, target: await readlink(join(root, path)) }
  throw invalid(
    `${shown(path)} in ${basename(root)} is neither a file nor a directory nor a link`,
    'take it away, then import',
  )
}

/** One file of this host as a tree that holds nothing else. Throws `file-missing`. */
export async function hostFile(path: string): Promise<Tree> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile())
    throw new Fault('file-missing', `there is no ${path}, neither in what is imported nor on this host`)
  const name = basename(path)
  return new DirectoryTree(dirname(path), new Map([[name, { path: name, kind: 'file', size: found.size }]]))
}
