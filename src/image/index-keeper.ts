import { readFile, stat } from 'node:fs/promises'
import { diskFault, isAbsent, replaceFile } from './durable.ts'
import { emptyIndex, formatIndex, parseIndex, type IndexFile } from './index-file.ts'
import { lock } from './locks.ts'

interface KeeperOptions {
  /** `index.json`. */
  readonly file: string
  readonly lockFile: string
  /** A path on the same file system that nobody else uses. */
  readonly temporary: () => string
}

/** The index on the disk: read anew whenever its file is another one, changed by one process at a time. */
export class IndexKeeper {
  readonly #options: KeeperOptions
  #known: { readonly identity: string; readonly index: IndexFile } | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** The same object as long as nothing changed. Throws `image-invalid`. */
  async read(): Promise<IndexFile> {
    const identity = await this.#identity()
    if (identity === undefined) return emptyIndex
    if (this.#known?.identity === identity) return this.#known.index
    const { file } = this.#options
    const bytes = await readFile(file).catch((error: unknown) => Promise.reject(diskFault(error, file) as Error))
    const index = parseIndex(bytes, file)
    // The identity was taken before the bytes: a change in between is found at the next reading.
    this.#known = { identity, index }
    return index
  }

  /** Changes the index; the new one is durable when this returns. `change` may wait, nobody else changes it meanwhile. */
  async update<T>(change: (index: IndexFile) => Promise<readonly [IndexFile, T]>): Promise<T> {
    return this.alone(async () => {
      const before = await this.read()
      const [after, result] = await change(before)
      if (after !== before) await replaceFile(this.#options.file, this.#options.temporary(), formatIndex(after))
      return result
    })
  }

  /** Works while nobody else, here or in another process, changes the layout. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      await using _ = await lock(this.#options.lockFile)
      // Awaited, or the lock would be let go before the work is done.
      return await work()
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #identity(): Promise<string | undefined> {
    const { file } = this.#options
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
      return `${ino}-${size}-${mtimeNs}-${ctimeNs}`
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw diskFault(error, file)
    }
  }
}
