import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, open, statfs, symlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createZstdDecompress } from 'node:zlib'
import { Fault } from '../fault.ts'
import { diskFault } from '../image/durable.ts'
import { printable, type TarEntry } from '../image/tar-entry.ts'
import { TarReader, type TarPiece } from '../image/tar-read.ts'
import { backupInvalid, databaseName, firstName, lastName, parseEnd, parseManifest, type Manifest } from './manifest.ts'
import { staysInside } from './members.ts'

/** Empty directories of this process alone, where the parts of a backup are laid down. */
export interface Stages {
  readonly data: string
  /** Undefined: the site is left out. */
  readonly site?: string
  /** The database, beside and not in the place of the one that is made of it. */
  readonly database: string
}

const limits = { entries: 2_000_000, head: 256 << 10 }
/** Bytes of what a backup says of itself. */
const longestNote = 64 << 20
/** Bytes that a disk keeps free. */
const reserve = 64 << 20

/**
 * Lays down what is in a backup, whoever wrote it: only names that a backup has, true files and directories, and links that stay in the site,
 * made when nothing is written any more. Throws `backup-invalid` for everything else; what was laid down by then is for the caller to remove.
 */
export async function readBackup(file: string, stages: Stages): Promise<Manifest> {
  await using reading = new Reading(stages)
  try {
    const tar = new TarReader(limits)
    const bytes = createReadStream(file, { highWaterMark: 1 << 20 }).on('error', (error) => unpacked.destroy(error))
    const unpacked = bytes.pipe(createZstdDecompress())
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      for (const piece of tar.read(chunk)) await reading.take(piece)
      if (tar.ended) break
    }
    bytes.destroy()
    tar.finish()
    return await reading.finish()
  } catch (error) {
    throw sentence(error, file)
  }
}

function sentence(error: unknown, file: string): unknown {
  if (error instanceof Fault && error.code !== 'image-invalid' && error.code !== 'backup-invalid') return error
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return new Fault('request-invalid', `${file} is not there`, {
      hint: 'name the file that birnam backup wrote',
      cause: error,
    })
  const why = error instanceof Fault ? message : whyOf(code)
  return why === undefined
    ? diskFault(error, file)
    : backupInvalid(`${file} is no whole backup of Birnam: ${why}`, error)
}

/** What zlib, the file system and the language say of bytes that nobody wrote with Birnam. */
function whyOf(code: string): string | undefined {
  if (/^ZSTD_|^Z_|^ERR_/.test(code)) return 'it is cut short, damaged or another file'
  return /^E(?:EXIST|ISDIR|NOTDIR|NAMETOOLONG|INVAL|LOOP)$/.test(code)
    ? 'it holds a name twice, or one that no file can have'
    : undefined
}

type Target =
  | { readonly kind: 'note'; readonly size: number; readonly chunks: Buffer[]; readonly take: (bytes: Buffer) => void }
  | {
      readonly kind: 'file'
      readonly handle: FileHandle
      readonly sum?: { readonly hash: Hash; readonly digest: string }
    }
  | { readonly kind: 'nothing' }

class Reading implements AsyncDisposable {
  readonly #stages: Stages
  readonly #sum = createHash('sha256')
  readonly #links: { readonly path: string; readonly target: string }[] = []
  readonly #modes: { readonly path: string; readonly mode: number }[] = []
  #manifest: Manifest | undefined
  #hasDatabase = false
  #isWhole = false
  #entries = 0
  #total = 0
  #room: number | undefined
  #target: Target = { kind: 'nothing' }
  #left = 0

  constructor(stages: Stages) {
    this.#stages = stages
  }

  async take(piece: TarPiece): Promise<void> {
    if (piece.kind === 'end') return
    if (this.#isWhole && piece.kind === 'entry') throw backupInvalid('something follows its end')
    if (piece.kind === 'entry') return await this.#begin(piece.entry, piece.head)
    this.#sum.update(piece.bytes)
    if (piece.kind === 'data') await this.#data(piece.bytes)
  }

  async finish(): Promise<Manifest> {
    if (!this.#manifest || !this.#isWhole) throw backupInvalid('its end is missing')
    if (!this.#hasDatabase) throw backupInvalid('it holds no database')
    for (const { path, target } of this.#links) await symlink(target, path)
    for (const { path, mode } of this.#modes.toReversed()) await chmod(path, mode)
    return this.#manifest
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#target.kind === 'file') await this.#target.handle.close()
  }

  async #begin(entry: TarEntry, head: Uint8Array): Promise<void> {
    const path = textOf(entry.path)
    if (path === lastName) return this.#beginEnd(entry)
    this.#sum.update(head)
    if (!this.#manifest && path !== firstName) throw backupInvalid(`it does not begin with ${firstName}`)
    await this.#makeRoom(entry)
    this.#target = await this.#targetOf(entry, path)
    this.#left = entry.stored
    if (this.#left === 0) await this.#close()
  }

  #beginEnd(entry: TarEntry): void {
    const sha256 = this.#sum.copy().digest('hex')
    this.#target = this.#note(entry, (bytes) => {
      const said = parseEnd(bytes)
      if (said.sha256 !== sha256 || said.entries !== this.#entries - 1)
        throw backupInvalid('its bytes are not those that were written')
      this.#isWhole = true
    })
    this.#left = entry.stored
  }

  /** Before anything of it is written: a small file may say that it holds more than any disk. */
  async #makeRoom(entry: TarEntry): Promise<void> {
    this.#entries++
    this.#total += entry.stored
    const { bavail, bsize } = this.#room === undefined ? await statfs(this.#stages.data) : { bavail: 0, bsize: 0 }
    this.#room ??= bavail * bsize - reserve
    if (this.#total > this.#room)
      throw new Fault('disk-failed', `the backup holds more than ${this.#stages.data} has room for`, {
        hint: 'make room, then try again; nothing was changed',
      })
  }

  async #targetOf(entry: TarEntry, path: string): Promise<Target> {
    if (entry.sparse || !['file', 'directory', 'symlink'].includes(entry.type)) throw odd(path)
    if (path === firstName && !this.#manifest)
      return this.#note(entry, (bytes) => (this.#manifest = parseManifest(bytes)))
    const [below, ...rest] = path.split('/')
    if (below === 'site' && rest.length > 0) return await this.#siteTarget(entry, rest.join('/'))
    const form = below === 'data' && entry.type === 'file' && dataNames.exec(path)
    if (!form) throw odd(path)
    if (path === databaseName) this.#hasDatabase = true
    const to = path === databaseName ? this.#stages.database : join(this.#stages.data, ...rest)
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    const digest = form[1]
    const sum = digest === undefined ? {} : { sum: { hash: createHash('sha256'), digest } }
    return { kind: 'file', handle: await open(to, 'wx', 0o600), ...sum }
  }

  async #siteTarget(entry: TarEntry, path: string): Promise<Target> {
    const { site } = this.#stages
    if (path.split('/').some((part) => part === '.git')) throw odd(path)
    if (entry.type === 'symlink' && !staysInside(path, textOf(entry.target))) throw odd(path)
    if (site === undefined) return { kind: 'nothing' }
    const to = join(site, path)
    await mkdir(entry.type === 'directory' ? to : dirname(to), { recursive: true, mode: 0o755 })
    if (entry.type === 'directory') this.#modes.push({ path: to, mode: (entry.mode & 0o777) | 0o700 })
    if (entry.type === 'symlink') this.#links.push({ path: to, target: textOf(entry.target) })
    if (entry.type !== 'file') return { kind: 'nothing' }
    const handle = await open(to, 'wx', 0o600)
    await handle.chmod((entry.mode & 0o777) | 0o400)
    return { kind: 'file', handle }
  }

  #note({ stored, type }: TarEntry, take: (bytes: Buffer) => void): Target {
    if (type !== 'file' || stored === 0 || stored > longestNote)
      throw backupInvalid('what it says of itself is nothing that Birnam wrote')
    return { kind: 'note', size: stored, chunks: [], take }
  }

  async #data(bytes: Uint8Array): Promise<void> {
    const target = this.#target
    this.#left -= bytes.length
    if (target.kind === 'note') target.chunks.push(Buffer.from(bytes))
    if (target.kind === 'file') {
      target.sum?.hash.update(bytes)
      for (let at = 0; at < bytes.length;) at += (await target.handle.write(bytes, at)).bytesWritten
    }
    if (this.#left === 0) await this.#close()
  }

  async #close(): Promise<void> {
    const target = this.#target
    this.#target = { kind: 'nothing' }
    if (target.kind === 'note') target.take(Buffer.concat(target.chunks))
    if (target.kind !== 'file') return
    await target.handle.sync()
    await target.handle.close()
    if (target.sum && target.sum.hash.digest('hex') !== target.sum.digest)
      throw backupInvalid('a part of an image is not what its name says')
  }
}

/** All that a backup has of a data directory. */
const dataNames =
  /^data\/(?:birnam\.sqlite|image-key\.pem|registry-token|tokens\/[a-z0-9][a-z0-9_-]{0,62}\.json|images\/(?:oci-layout|index\.json|blobs\/sha256\/([0-9a-f]{64})))$/

function textOf(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1')
  const text = bytes.toString('utf8')
  if (!bytes.equals(Buffer.from(text))) throw odd(latin1)
  return text
}

function odd(path: string): Fault {
  return backupInvalid(`it holds ${printable(path)}, which is in no backup of Birnam`)
}
