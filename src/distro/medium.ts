import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Fault } from '../fault.ts'
import { diskFault, isAbsent } from '../image/durable.ts'
import { besideSum, checkMedium, directoryBeside, usualLists, type Beside } from './beside.ts'
import type { Progress } from './copy.ts'
import { openDirectory } from './directory.ts'
import { openIso } from './iso9660.ts'
import type { Check, Source } from './manifest.ts'
import { lockAt } from './place.ts'
import type { Verify } from './recognised.ts'
import { Digests, type Algorithm } from './sums.ts'
import { openTarball } from './tarball.ts'
import { invalid, type Tree } from './tree.ts'
import { download, fetchSmall, WebTree } from './web.ts'

/** What an import reads: the tree, and of an ISO or archive the file that it is. */
export interface Medium extends AsyncDisposable {
  readonly kind: Source['kind']
  readonly tree: Tree
  /** The ISO as a file here. */
  readonly file?: string
  readonly digest?: string
  readonly checks: readonly Check[]
  /** Of a mirror whose URL said it. */
  readonly suite?: string
  /** Called when the import is done: nothing has to be fetched again. */
  forget(): Promise<void>
}

export interface Opening {
  readonly verify: Verify
  /** Where downloads lie while they come. */
  readonly downloads: string
  /** An empty directory name for what must be unpacked to be looked at. */
  readonly unpackInto: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** Opens an ISO, a directory, a netboot archive, or the URL of one of them or of a mirror. */
export async function openMedium(from: string, opening: Opening): Promise<Medium> {
  if (/^https?:\/\//.test(from)) return isFile(from) ? openUrl(from, opening) : openMirror(from, opening)
  const kind = await kindOf(from)
  if (kind === 'directory')
    return { kind, tree: await openDirectory(from), checks: [], forget: nothing, [Symbol.asyncDispose]: nothing }
  return openFile(from, kind, basename(from), directoryBeside(from), opening)
}

const nothing = (): Promise<void> => Promise.resolve()

function isFile(url: string): boolean {
  return /\.(?:iso|tar|tgz|tar\.(?:gz|xz|zst))$/i.test(new URL(url).pathname)
}

async function openFile(
  path: string,
  kind: 'iso' | 'tarball',
  name: string,
  beside: Beside,
  opening: Opening,
): Promise<Medium> {
  const listed = await besideSum(name, beside, opening.verify)
  const digests = await digestsOf(path, name, ['sha256', ...(listed ? [listed.sum.algorithm] : [])], opening)
  const check = checkMedium(name, listed && digests.get(listed.sum.algorithm), listed)
  const tree = kind === 'iso' ? await openIso(path) : await openTarball(path, opening.unpackInto)
  return {
    kind,
    tree,
    ...(kind === 'iso' && { file: path }),
    digest: digests.get('sha256')!,
    checks: [check],
    forget: nothing,
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  }
}

async function openUrl(url: string, opening: Opening): Promise<Medium> {
  const { signal } = opening
  const part = join(opening.downloads, `.${createHash('sha256').update(url).digest('hex').slice(0, 32)}.part`)
  const lock = await lockAt(`${part}.lock`, `another command fetches ${url}`)
  try {
    await download(url, part, opening)
    const folder = url.slice(0, url.lastIndexOf('/') + 1)
    const name = decodeURIComponent(url.slice(folder.length))
    const beside: Beside = {
      names: () => Promise.resolve(usualLists(name)),
      read: (file) => fetchSmall(folder + encodeURIComponent(file), signal),
    }
    const medium = await openFile(part, await fileKind(part, name), name, beside, opening)
    const forget = async (): Promise<void> => {
      for (const file of [part, `${part}.tag.part`]) await rm(file, { force: true })
    }
    return {
      ...medium,
      forget,
      async [Symbol.asyncDispose]() {
        await medium[Symbol.asyncDispose]()
        await lock[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await lock[Symbol.asyncDispose]()
    // What is wrong with it would be wrong with it again.
    if (error instanceof Fault && error.code === 'distro-untrusted') await rm(part, { force: true })
    throw error
  }
}

function openMirror(url: string, { signal }: Opening): Promise<Medium> {
  const debian = /^(.*)\/dists\/([^/]+)(?:\/.*)?$/.exec(url.replace(/\/+$/, ''))
  const tree = new WebTree(debian?.[1] ?? url, signal)
  const suite = debian?.[2]
  return Promise.resolve({
    kind: 'mirror',
    tree,
    checks: [],
    ...(suite !== undefined && { suite }),
    forget: nothing,
    [Symbol.asyncDispose]: nothing,
  })
}

/** Told by its bytes, not by its name. Throws `distro-invalid`, `file-missing`. */
async function kindOf(path: string): Promise<'iso' | 'tarball' | 'directory'> {
  const found = await stat(path).catch((error: unknown) => {
    if (isAbsent(error))
      throw new Fault('file-missing', `there is no ${path}`, {
        hint: 'name an ISO, a directory, a netboot archive or a URL',
      })
    throw diskFault(error, path)
  })
  return found.isDirectory() ? 'directory' : fileKind(path, basename(path))
}

async function fileKind(path: string, name: string): Promise<'iso' | 'tarball'> {
  await using handle = await open(path).catch((error: unknown) => Promise.reject(diskFault(error, path)))
  const head = Buffer.alloc(40_960)
  const { bytesRead } = await handle.read(head, 0, head.length, 0)
  if (head.toString('latin1', 32_769, 32_774) === 'CD001') return 'iso'
  const isPacked = [
    [0x1f, 0x8b],
    [0xfd, 0x37, 0x7a],
    [0x28, 0xb5, 0x2f],
  ].some((magic) => magic.every((byte, at) => head[at] === byte))
  if (isPacked || head.toString('latin1', 257, 262) === 'ustar') return 'tarball'
  const isUdf = /NSR0[23]|BEA01/.test(head.toString('latin1', 32_768))
  if (isUdf)
    throw invalid(
      `${name} is a UDF image without ISO 9660, which Birnam does not read`,
      'mount it, and import the directory',
    )
  const why = bytesRead < head.length ? ': it is cut short, or it never was one' : ''
  throw invalid(
    `${name} is neither an ISO image nor a netboot archive${why}`,
    'name an ISO, a directory, a netboot archive or a URL',
  )
}

async function digestsOf(
  path: string,
  name: string,
  wanted: readonly Algorithm[],
  { signal, onProgress }: Opening,
): Promise<ReadonlyMap<Algorithm, string>> {
  const { size } = await stat(path)
  const digests = new Digests(wanted)
  let bytes = 0
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20, ...(signal && { signal }) })) {
      digests.add(piece as Buffer)
      bytes += (piece as Buffer).length
      onProgress?.({ step: 'check', bytes, ofBytes: size, path: name })
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw diskFault(error, path)
  }
  return digests.end()
}
