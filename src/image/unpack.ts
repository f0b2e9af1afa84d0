import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { execa } from 'execa'
import { Fault } from '../fault.ts'
import { digestOf } from './digest.ts'
import { diskFault } from './durable.ts'
import { extractWords } from './extract-words.ts'
import { readTar, unpacked } from './layer-read.ts'
import { makeWayWords, placesOf } from './make-way.ts'
import type { Descriptor } from './oci.ts'
import type { ImageStore, ImageVersion } from './store.ts'
import { invalid, parentOf, printable, type TarEntry } from './tar-entry.ts'
import { isMarkOfOthers, isUnder, LayerTree, markOf } from './tree.ts'

export interface UnpackOptions {
  readonly signal?: AbortSignal
  /** Bytes of layers so far, and of all. */
  readonly onBytes?: (read: number, of: number) => void
}

/**
 * Makes the tree of a version on this host, for programs that serve trees. Nobody sees it before it is whole: it is made beside and moved. Each
 * layer's digest is checked while it is unpacked. Throws `request-invalid` unless the directory is empty or not there, `image-invalid`,
 * `digest-mismatch`, `not-permitted` without root.
 */
export async function unpackImage(
  store: ImageStore,
  { manifest }: ImageVersion,
  directory: string,
  { signal, onBytes }: UnpackOptions = {},
): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Fault('not-permitted', 'owners and devices can only be unpacked by root', { hint: 'run it as root' })
  const isNew = await mayFill(directory)
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 })
  const stage = await mkdtemp(join(dirname(directory), `.${basename(directory)}.unpack-`))
  try {
    const links = new Links()
    const of = manifest.layers.reduce((sum, { size }) => sum + size, 0)
    let before = 0
    for (const layer of manifest.layers) {
      // GNU tar lets no link of the same archive lead it astray; of those below it knows nothing.
      if (manifest.layers.length > 1) await prepare(store, layer, stage, links)
      await lay(store, layer, stage, signal, (read) => onBytes?.(before + read, of))
      before += layer.size
    }
    signal?.throwIfAborted()
    if (!isNew) await rmdir(directory)
    await rename(stage, directory)
  } catch (error) {
    await rm(stage, { recursive: true, force: true })
    throw diskFault(error, directory)
  }
}

async function mayFill(directory: string): Promise<boolean> {
  try {
    if ((await readdir(directory)).length === 0) return false
    const hint = 'name an empty directory, or one that is not there yet'
    throw new Fault('request-invalid', `${directory} is not empty`, { hint })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'ENOTDIR') throw new Fault('request-invalid', `${directory} is no directory`, { cause: error })
    throw error
  }
}

/** Symbolic links that are on the disk already: a path that goes through one could leave the tree. */
class Links {
  readonly #paths = new Set<string>()

  enter({ path, type, target }: Named): void {
    this.refuse(path, false)
    if (type === 'link') this.refuse(target, false)
    if (type === 'symlink') this.#paths.add(path)
    else this.#paths.delete(path)
  }

  /** `replaced`: what the layer has put something else in the place of. */
  refuse(path: string, self: boolean, replaced: ReadonlySet<string> = new Set()): void {
    for (let at = self ? path : parentOf(path); at !== ''; at = parentOf(at))
      if (this.#paths.has(at) && !replaced.has(at))
        throw invalid(`${printable(path)} goes through a link`, 'such an image is not unpacked on a server')
  }

  forget(gone: ReadonlySet<string>, emptied: ReadonlySet<string>): void {
    for (const path of this.#paths)
      if (isUnder(path, gone, true) || isUnder(path, emptied, false)) this.#paths.delete(path)
  }
}

type Named = Pick<TarEntry, 'path' | 'type' | 'target'>

/** What makes way for the layer and what it takes away goes first; and no path of it may lead out of the tree. */
async function prepare(store: ImageStore, { digest }: Descriptor, stage: string, links: Links): Promise<void> {
  const layer = new LayerTree()
  const entries: Named[] = []
  const replaced = new Set<string>()
  await readTar(await unpacked(await store.open(digest)), {
    entry: (entry) => {
      const { path, type, target } = entry
      layer.add(entry)
      const mark = markOf(path)
      if (mark) return links.refuse(mark.path, mark.isOpaque, replaced)
      if (isMarkOfOthers(path)) return undefined
      replaced.add(path)
      entries.push({ path, type, target })
    },
  })
  links.forget(layer.removed, layer.emptied)
  for (const entry of entries) links.enter(entry)
  await each(stage, placesOf(layer), makeWayWords)
  await each(stage, layer.removed, ['xargs', '-0', '-r', 'rm', '-rf', '--'])
  const empty = '[ -L "./$0" ] || [ ! -d "./$0" ] || find "./$0" -mindepth 1 -delete'
  await each(stage, layer.emptied, ['xargs', '-0', '-r', '-n', '1', 'sh', '-c', empty])
}

/** Names may hold anything but NUL. */
async function each(stage: string, paths: Iterable<string>, [program, ...words]: readonly string[]): Promise<void> {
  const input = Buffer.from([...paths].map((path) => `${path}\0`).join(''), 'latin1')
  if (input.length > 0) await execa(program!, words, { cwd: stage, input })
}

async function lay(
  store: ImageStore,
  { digest, size }: Descriptor,
  stage: string,
  signal: AbortSignal | undefined,
  onBytes: (read: number) => void,
): Promise<void> {
  const hash = createHash('sha256')
  let read = 0
  const blob = await store.open(digest)
  async function* counted(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of blob) {
      signal?.throwIfAborted()
      const bytes: Uint8Array = chunk
      hash.update(bytes)
      onBytes((read += bytes.length))
      yield bytes
    }
  }
  await tar(stage, await unpacked(Readable.from(counted(), { objectMode: false })), signal)
  const actual = digestOf(hash.digest('hex'))
  if (actual === digest && read === size) return
  throw new Fault('digest-mismatch', `layer ${digest} is ${actual} on the disk`, {
    hint: 'birnam image verify tells which images need it',
  })
}

/** What stands behind the archive's end is read as well, so that the digest is of all. */
async function tar(stage: string, bytes: Readable, signal: AbortSignal | undefined): Promise<void> {
  const [program, ...words] = extractWords(stage)
  const child = spawn(program!, words, {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    ...(signal && { signal }),
  })
  const ended = once(child, 'close') as Promise<[number | null]>
  ended.catch(() => {})
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4000)))
  child.stdin.on('error', () => {})
  try {
    for await (const chunk of bytes)
      if (child.stdin.writable && !child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain'), ended])
  } finally {
    child.stdin.end()
  }
  const [code] = await ended
  if (/No space left/.test(said))
    throw new Fault('disk-failed', 'the disk is full', { hint: 'make room, or name a directory elsewhere' })
  if (code !== 0) throw invalid(`tar could not unpack it: ${reasonIn(said)}`)
}

/** tar ends with a line that says no more than that there were others. */
function reasonIn(said: string): string {
  const lines = said.split('\n').filter((line) => line !== '' && !line.includes('Exiting with failure status'))
  return printable(lines[0] ?? 'it did not say why', 300)
}
