import { posix } from 'node:path'
import { Fault } from '../fault.ts'

/** One thing in a tree; `path` has no leading slash and no `.` or `..`. */
export interface TreeEntry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link'
  /** Bytes; 0 for what is no file. */
  readonly size: number
  /** What a link says, as it says it. */
  readonly target?: string
}

/** Where a distribution lies: an ISO, a directory, or a server that cannot list. Links are followed inside of it only. */
export interface Tree extends AsyncDisposable {
  /** For messages. */
  readonly name: string
  /** Everything in it; undefined of a server that cannot list. */
  readonly entries: ReadonlyMap<string, TreeEntry> | undefined
  /** The whole file; undefined when there is none. Throws `distro-invalid` when it is larger than `most`. */
  read(path: string, most?: number): Promise<Buffer | undefined>
  /** The bytes of a file in pieces; undefined when there is none. */
  open(path: string): Promise<OpenedFile | undefined>
  has(path: string): Promise<boolean>
  /** Names in a directory, sorted; none when it is none. */
  list(directory: string): readonly string[]
}

export interface OpenedFile {
  /** Undefined where a server did not say it. */
  readonly size: number | undefined
  readonly pieces: AsyncIterable<Uint8Array>
}

/** Enough for every index and list that a distribution has. */
export const readLimit = 64 * 1024 * 1024

/** A tree that knows its entries. */
export abstract class ListedTree implements Tree {
  readonly name: string
  readonly entries: ReadonlyMap<string, TreeEntry>
  #names: ReadonlyMap<string, readonly string[]> | undefined

  constructor(name: string, entries: ReadonlyMap<string, TreeEntry>) {
    this.name = name
    this.entries = entries
    for (const entry of entries.values()) if (entry.kind === 'link') checkLink(name, entry)
  }

  async read(path: string, most: number = readLimit): Promise<Buffer | undefined> {
    const opened = await this.open(path)
    if (!opened) return undefined
    if (opened.size! > most) throw invalid(`${path} in ${this.name} is larger than such a file can be`)
    const pieces: Uint8Array[] = []
    for await (const piece of opened.pieces) pieces.push(Buffer.from(piece))
    return Buffer.concat(pieces)
  }

  open(path: string): Promise<OpenedFile | undefined> {
    const entry = find(this.entries, path)
    return Promise.resolve(entry?.kind === 'file' ? { size: entry.size, pieces: this.pieces(entry) } : undefined)
  }

  has(path: string): Promise<boolean> {
    return Promise.resolve(find(this.entries, path)?.kind === 'file')
  }

  list(directory: string): readonly string[] {
    const real = directory === '' ? '' : find(this.entries, directory)?.path
    this.#names ??= namesOf(this.entries)
    return (real === undefined ? undefined : this.#names.get(real)) ?? []
  }

  abstract [Symbol.asyncDispose](): Promise<void>
  protected abstract pieces(entry: TreeEntry): AsyncIterable<Uint8Array>
}

/** The entry behind a path, links followed. */
export function find(entries: ReadonlyMap<string, TreeEntry>, path: string, hops = 0): TreeEntry | undefined {
  const known = entries.get(path)
  if (known && known.kind !== 'link') return known
  if (hops > 40) return undefined
  const parts = path.split('/')
  for (let length = 1; length <= parts.length; length++) {
    const head = entries.get(parts.slice(0, length).join('/'))
    if (head?.kind !== 'link') continue
    const target = posix.join(posix.dirname(head.path), head.target!, ...parts.slice(length)).replace(/\/$/, '')
    return target === '.' ? { path: '', kind: 'directory', size: 0 } : find(entries, target, hops + 1)
  }
  return undefined
}

function namesOf(entries: ReadonlyMap<string, TreeEntry>): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  for (const path of [...entries.keys()].sort()) {
    const slash = path.lastIndexOf('/')
    const directory = slash < 0 ? '' : path.slice(0, slash)
    const known = names.get(directory)
    if (known) known.push(path.slice(slash + 1))
    else names.set(directory, [path.slice(slash + 1)])
  }
  return names
}

// Links are checked as they are written, because what is served later resolves them on the disk.
function checkLink(tree: string, { path, target = '' }: TreeEntry): void {
  const inside = !target.startsWith('/') && !/^\.\.(?:\/|$)/.test(posix.join(posix.dirname(path), target))
  if (inside && target !== '') return
  throw invalid(`${shown(path)} in ${tree} is a link that leads out of it: ${shown(target)}`)
}

/** Throws for a name that could be anything but one name in one directory. */
export function checkName(tree: string, name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (name !== '' && name !== '.' && name !== '..' && name.length <= 255 && !/[/\\\0-\x1f\x7f]/.test(name)) return name
  throw invalid(`${tree} holds a name that no file may have: ${shown(name)}`)
}

/** A name from a tree, for a message: short and without control characters. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 99)}…` : name)
}

export function invalid(message: string, hint = 'nothing was kept; get it again, or from elsewhere'): Fault {
  return new Fault('distro-invalid', message, { hint })
}
