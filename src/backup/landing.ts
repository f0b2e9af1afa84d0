import { chown, lchown, lstat, mkdir, mkdtemp, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../fault.ts'
import { diskFault, isAbsent, syncDirectory } from '../image/durable.ts'

/** What a directory may hold and still be empty: the lock, what a server left, what a file system or git has for itself. */
const nobody = new Set(['birnam.lock', 'birnam.lock-journal', 'birnam.sock', 'lost+found', '.git'])

/**
 * A directory that gets new contents in one go: they are laid down in `stage` inside of it, which may be a mount point of its own, and
 * moved into their places when they are whole. What was there before is moved aside, never removed.
 */
export class Landing implements AsyncDisposable {
  readonly stage: string
  readonly #target: string
  readonly #isNew: boolean

  private constructor(target: string, stage: string, isNew: boolean) {
    this.#target = target
    this.stage = stage
    this.#isNew = isNew
  }

  /** Throws `request-invalid` for a directory that is not empty, unless its contents may be `replaced`. */
  static async prepare(
    target: string,
    { replace, isNew }: { readonly replace: boolean; readonly isNew: boolean },
  ): Promise<Landing> {
    try {
      await mkdir(target, { recursive: true, mode: 0o700 })
      if (!replace && (await contentsOf(target)).length > 0) throw notEmpty(target)
      return new Landing(target, await mkdtemp(join(target, '.restore-')), isNew)
    } catch (error) {
      throw diskFault(error, target)
    }
  }

  /** The entries of the stage take their places, `last` after all others. Returns where the old ones are. */
  async land(now: number, last?: string): Promise<string | undefined> {
    await this.#giveAway(this.stage)
    const names = await readdir(this.stage)
    const aside = await this.#moveAside(now)
    for (const name of [...names.filter((one) => one !== last), ...names.filter((one) => one === last)])
      await rename(join(this.stage, name), join(this.#target, name))
    await rmdir(this.stage)
    await syncDirectory(this.#target)
    return aside
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.stage, { recursive: true, force: true })
    if (!this.#isNew || (await contentsOf(this.#target)).length > 0) return
    await rm(this.#target, { recursive: true, force: true })
  }

  async #moveAside(now: number): Promise<string | undefined> {
    const old = await contentsOf(this.#target)
    if (old.length === 0) return undefined
    const aside = join(
      this.#target,
      `before-restore-${new Date(now)
        .toISOString()
        .replaceAll(/[^\dT]/g, '')
        .slice(0, 15)}`,
    )
    await mkdir(aside, { mode: 0o700 })
    for (const name of old) await rename(join(this.#target, name), join(aside, name))
    return aside
  }

  /** Root restores for whoever owns the directory. */
  async #giveAway(path: string): Promise<void> {
    if (process.getuid?.() !== 0) return
    const { uid, gid } = await stat(this.#target)
    const give = async (entry: string): Promise<void> => {
      const found = await lstat(entry)
      if (found.isDirectory()) for (const name of await readdir(entry)) await give(join(entry, name))
      await (found.isSymbolicLink() ? lchown : chown)(entry, uid, gid)
    }
    if (uid !== 0 || gid !== 0) await give(path)
  }
}

async function contentsOf(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter(
      (name) => !nobody.has(name) && !name.startsWith('.restore-') && !name.startsWith('before-restore-'),
    )
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

function notEmpty(directory: string): Fault {
  return new Fault('request-invalid', `${directory} is not empty`, {
    hint: 'name an empty directory, or say --replace: what is in it is then moved aside',
  })
}
