import { Fault } from '../fault.ts'
import { judgeTar } from './capture-complaints.ts'
import { ListReader } from './capture-listing.ts'
import { rootsOf } from './capture-mounts.ts'
import { localShell, Shell, sshShell, type SshOptions } from './capture-shell.ts'
import type { CaptureSource, Listing, PackedTar } from './capture-source.ts'
import { listLine, nameList, packLine, probeLine, readProbe, sumLine, type Probe } from './capture-words.ts'
import { printable } from './tar-entry.ts'
import { isUnder, type TreeNode } from './tree.ts'

/** A running machine, over ssh, with nothing there but sh, find and tar. */
export function openSsh(options: SshOptions & { readonly root?: string }, signal?: AbortSignal): CaptureSource {
  return new ShellSource(`ssh:${options.host}`, sshShell(options), options.root ?? '/', signal)
}

/** A directory of this host, with the local file systems that are mounted in it. */
export function openDirectory(path: string, signal?: AbortSignal): CaptureSource {
  return new ShellSource(path, localShell(), path, signal)
}

/** One shell for all: it is asked what is there, what the files are, what is in them, and last to pack. */
class ShellSource implements CaptureSource {
  readonly name: string
  readonly #base: string
  readonly #shell: Shell
  #probe: Probe | undefined

  constructor(name: string, words: readonly string[], base: string, signal?: AbortSignal) {
    this.name = name
    this.#base = base
    this.#shell = new Shell(words, signal)
  }

  async list(): Promise<Listing> {
    const probe = (this.#probe = await this.#ask())
    const roots = rootsOf(probe.mountinfo, this.#base)
    const reader = new ListReader(this.#base)
    const notes = [...roots.notes]
    const known = new Set(roots.start)
    for (let start = roots.start; start.length > 0;) {
      const before = reader.paths.length
      this.#shell.say(listLine(start))
      await this.#readList(reader)
      start = subvolumes(reader, before, this.#base, roots.not).filter((path) => !known.has(path))
      for (const path of start) known.add(path)
    }
    return listingOf(reader, {
      name: this.name,
      base: this.#base,
      probe,
      not: roots.not,
      notes: [...notes, ...findNotes(this.#shell.complaints)],
    })
  }

  async sums(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const sums = new Map<string, string>()
    if (paths.length === 0) return sums
    const names = nameList(paths)
    this.#shell.say(sumLine(this.#base, names.length))
    this.#shell.say(names)
    let rest = ''
    for (;;) {
      const chunk = await this.#shell.next()
      if (!chunk) throw await this.#shell.failure(`${this.name} did not sum its files`)
      const parts = (rest + Buffer.from(chunk).toString('latin1')).split('\0')
      rest = parts.pop()!
      for (const part of parts) {
        if (part === '=') {
          this.#shell.unread(Buffer.from(rest, 'latin1'))
          return sums
        }
        sums.set(part.slice(66).replace(/^\.\//, ''), part.slice(0, 64))
      }
    }
  }

  pack(paths: readonly string[]): Promise<PackedTar> {
    this.#shell.say(packLine(this.#base, this.#probe!.tarHelp))
    this.#shell.done(nameList(paths))
    const shell = this.#shell
    return Promise.resolve({
      bytes: chunksOf(shell),
      end: async () => judgeTar(await shell.ended, shell.complaints.filter(isTars), this.name),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shell[Symbol.asyncDispose]()
  }

  async #ask(): Promise<Probe> {
    this.#shell.say(probeLine)
    let text = ''
    for (;;) {
      const chunk = await this.#shell.next()
      if (!chunk || text.length > 4_000_000) throw await this.#shell.failure(`${this.name} does not answer`)
      text += Buffer.from(chunk).toString('latin1')
      const read = readProbe(text)
      if (!read) continue
      this.#shell.unread(Buffer.from(read.rest, 'latin1'))
      return read.probe
    }
  }

  async #readList(reader: ListReader): Promise<void> {
    for (;;) {
      const chunk = await this.#shell.next()
      if (!chunk) throw await this.#shell.failure(`${this.name} did not list its files`)
      const rest = reader.read(chunk)
      if (!rest) continue
      return this.#shell.unread(rest)
    }
  }
}

async function* chunksOf(shell: Shell): AsyncGenerator<Uint8Array, void, void> {
  for (let chunk = await shell.next(); chunk; chunk = await shell.next()) yield chunk
}

/** A find that is still heard after tar has begun is not tar's complaint. */
function isTars(line: string): boolean {
  return !line.startsWith('find: ')
}

/** Directories on another device that nothing is mounted on: nested btrfs subvolumes, where `-xdev` stops. */
function subvolumes(reader: ListReader, from: number, base: string, not: ReadonlySet<string>): string[] {
  const devices = new Map<string, string>()
  for (const { path, device, node } of reader.paths) if (node.type === 'directory') devices.set(path, device)
  const top = base === '/' ? '' : base
  return reader.paths
    .slice(from)
    .filter(({ path, device, node }) => {
      if (node.type !== 'directory' || path === '' || node.inode !== `${device}:256`) return false
      return devices.get(path.slice(0, Math.max(0, path.lastIndexOf('/')))) !== device
    })
    .map(({ path }) => `${top}/${path}`)
    .filter((path) => !not.has(path))
}

interface Found {
  readonly name: string
  readonly base: string
  readonly probe: Probe
  readonly not: ReadonlySet<string>
  readonly notes: readonly string[]
}

export function listingOf(reader: ListReader, { name, base, probe, not, notes }: Found): Listing {
  const top = base === '/' ? '' : Buffer.from(base).toString('latin1')
  const foreign = new Set([...not].map((path) => path.slice(top.length + 1)))
  const nodes = new Map<string, TreeNode>()
  for (const { path, node } of reader.paths) if (!isUnder(path, foreign, false)) nodes.set(path, node)
  const root = nodes.get('')
  if (root?.type !== 'directory')
    throw new Fault('capture-failed', `${name}: ${base} is no directory`, {
      hint: 'name a directory, a tarball or a host',
    })
  if (probe.uid !== 0 && base === '/')
    throw new Fault('capture-failed', `${name}: only root can read every file`, {
      hint: 'log in as root@, or add --sudo',
    })
  const sockets = reader.sockets
    .filter((path) => !isUnder(path, foreign, false))
    .map((path) => `${printable(path)} is a socket: left out`)
  return { nodes, source: `${name} ${probe.machine} ${root.inode}`, xattrs: false, notes: [...notes, ...sockets] }
}

function findNotes(complaints: readonly string[]): string[] {
  return complaints
    .filter((line) => line.startsWith('find: ') && !line.includes('No such file'))
    .map((line) => printable(line))
}
