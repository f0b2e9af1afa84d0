import { createReadStream } from 'node:fs'
import { link, mkdir, open, symlink, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault } from '../fault.ts'
import { diskFault } from '../image/durable.ts'
import { unpacked } from '../image/layer-read.ts'
import type { TarEntry } from '../image/tar-entry.ts'
import { TarReader } from '../image/tar-read.ts'
import { openDirectory } from './directory.ts'
import { checkName, invalid, shown, type Tree } from './tree.ts'

/** A netboot archive, unpacked into `into`, which the caller removes. `most` bytes at most. */
export async function openTarball(path: string, into: string, most: number = 16 * 1024 ** 3): Promise<Tree> {
  await using unpacking = new Unpacking(basename(path), into, most)
  try {
    const reader = new TarReader({ entries: 1_000_000 })
    for await (const chunk of await unpacked(createReadStream(path, { highWaterMark: 1 << 20 }))) {
      for (const piece of reader.read(chunk as Uint8Array)) {
        if (piece.kind === 'entry') await unpacking.enter(piece.entry)
        else if (piece.kind === 'data') await unpacking.write(piece.bytes)
      }
    }
    reader.finish()
  } catch (error) {
    throw told(error, path, into)
  }
  await unpacking.close()
  return openDirectory(into)
}

class Unpacking implements AsyncDisposable {
  readonly #name: string
  readonly #into: string
  readonly #links = new Set<string>()
  #left: number
  #file: FileHandle | undefined

  constructor(name: string, into: string, most: number) {
    this.#name = name
    this.#into = into
    this.#left = most
  }

  async enter(entry: TarEntry): Promise<void> {
    await this.close()
    if (entry.path === '') return
    const path = this.#inside(entry.path)
    if (entry.type === 'directory') return void (await mkdir(path, { recursive: true }))
    await mkdir(dirname(path), { recursive: true })
    if (entry.type === 'file' && !entry.sparse) this.#file = await open(path, 'wx', 0o644)
    else if (entry.type === 'symlink') await this.#link(entry, path)
    else if (entry.type === 'link') await link(this.#inside(entry.target), path)
    else throw invalid(`${shown(entry.path)} in ${this.#name} is neither a file nor a directory nor a link`)
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#left -= bytes.length
    if (this.#left < 0) throw invalid(`${this.#name} unpacks to more than a netboot archive can hold`)
    await this.#file?.write(bytes)
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // Whether they lead out is looked at when all is there; until then nothing is written through one.
  async #link({ path, target }: TarEntry, at: string): Promise<void> {
    this.#links.add(path)
    await symlink(Buffer.from(target, 'latin1').toString(), at)
  }

  #inside(path: string): string {
    const parts = Buffer.from(path, 'latin1').toString().split('/')
    for (const [index, part] of parts.entries()) {
      checkName(this.#name, part)
      if (index > 0 && this.#links.has(parts.slice(0, index).join('/')))
        throw invalid(`${shown(path)} in ${this.#name} stands behind a link`)
    }
    return join(this.#into, ...parts)
  }
}

function told(error: unknown, path: string, into: string): unknown {
  if (error instanceof Fault)
    return error.code === 'image-invalid' ? invalid(`${basename(path)} is no sound archive: ${error.message}`) : error
  const { code = '', message } = error as NodeJS.ErrnoException
  if (/^(?:Z_|ZSTD_|ERR_|UNZIP)/.test(code)) return invalid(`${basename(path)} does not unpack: ${message}`)
  if (code === 'EEXIST') return invalid(`${basename(path)} holds two files of one name`)
  return diskFault(error, into)
}
