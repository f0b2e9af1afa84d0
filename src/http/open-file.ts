import { constants, fstatSync, readSync, type BigIntStats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { identityOf, type Identity } from './version.ts'

/** The bytes under a name became others while they were read. */
export class FileChanged extends Error {
  constructor(path: string) {
    super(`${path} was written to while it was being sent`)
    this.name = 'FileChanged'
  }
}

/**
 * One inode, held open: a file that is replaced by a rename goes on as the old one to its end. Each read is followed by a look at the
 * inode, so that a file overwritten in place breaks off (FileChanged) and old and new bytes never leave together.
 */
export class OpenFile implements AsyncDisposable {
  readonly path: string
  readonly identity: Identity
  readonly size: number
  readonly mtimeMs: number
  readonly #handle: FileHandle
  #seen: BigIntStats

  private constructor(path: string, handle: FileHandle, stat: BigIntStats) {
    this.path = path
    this.#handle = handle
    this.#seen = stat
    this.identity = identityOf(stat)
    this.size = Number(stat.size)
    this.mtimeMs = Number(stat.mtimeNs) / 1e6
  }

  /** For system calls, as long as this is open. */
  get fd(): number {
    return this.#handle.fd
  }

  /** Rejects with the system's error, and with ENOENT when the path is not an ordinary file. */
  static async open(path: string): Promise<OpenFile> {
    // Without O_NONBLOCK the opening of a FIFO would hold a thread of the pool until somebody writes to it.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await handle.stat({ bigint: true })
      if (stat.isFile()) return new OpenFile(path, handle, stat)
      throw Object.assign(new Error(`${path} is not an ordinary file`), { code: 'ENOENT' })
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Fills `into` from `at`; throws FileChanged when the file ended early or was written to since it was opened. */
  async read(into: Buffer, at: number): Promise<void> {
    for (let filled = 0; filled < into.length;) {
      const { bytesRead } = await this.#handle.read(into, filled, into.length - filled, at + filled)
      if (bytesRead === 0) throw new FileChanged(this.path)
      filled += bytesRead
    }
    this.#verify()
  }

  /** As `read`, without letting anything else go on: for bytes that are in memory already. */
  readNow(into: Buffer, at: number): void {
    for (let filled = 0; filled < into.length;) {
      const bytesRead = readSync(this.#handle.fd, into, filled, into.length - filled, at + filled)
      if (bytesRead === 0) throw new FileChanged(this.path)
      filled += bytesRead
    }
    this.#verify()
  }

  #verify(): void {
    // Synchronous on purpose: of an open inode it is a few microseconds, a trip through the thread pool costs a tenth of the whole transfer.
    const [before, after] = [this.#seen, fstatSync(this.#handle.fd, { bigint: true })]
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) throw new FileChanged(this.path)
    // Losing or gaining a name (a rename over it) moves ctime as well, and changes no byte.
    if (after.ctimeNs !== before.ctimeNs && after.nlink === before.nlink) throw new FileChanged(this.path)
    this.#seen = after
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}
