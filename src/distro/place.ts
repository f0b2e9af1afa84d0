import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { Fault } from '../fault.ts'
import { diskFault, replaceFile, syncDirectory } from '../image/durable.ts'
import { lock } from '../image/locks.ts'
import { lifeOf, readOwner, self } from '../image/owner.ts'
import { isName } from './distros.ts'
import { readManifest, type Manifest } from './manifest.ts'

/**
 * `<data>/distros`: per name a directory with `manifest.json`, which makes a distro visible, and one directory for each generation. Everything else there is
 * being written, under a name that carries its process, and is swept up when that process is gone.
 */
export class Place {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
    try {
      mkdirSync(directory, { recursive: true })
    } catch (error) {
      throw diskFault(error, directory)
    }
  }

  /** A directory that nobody else uses; gone when it is disposed of, unless it was landed. */
  async staging(): Promise<Staging> {
    const path = join(this.directory, `${self()}-${randomUUID()}`)
    try {
      await mkdir(path)
    } catch (error) {
      throw diskFault(error, path)
    }
    return new Staging(path)
  }

  /** One command at a time works on a name. Throws `distro-busy` at once. */
  async lock(name: string): Promise<AsyncDisposable> {
    return await lockAt(join(this.directory, `.${name}.lock`), `another command works on ${name}`)
  }

  /** Makes what was staged the distro of that name: before this nothing of it is visible, after it all is. Needs the lock. */
  async land(staging: Staging, manifest: Manifest): Promise<void> {
    const home = join(this.directory, manifest.name)
    try {
      await sync(staging.path)
      await mkdir(home, { recursive: true })
      await rm(join(home, String(manifest.generation)), { recursive: true, force: true })
      await rename(staging.path, join(home, String(manifest.generation)))
      await syncDirectory(home)
      await syncDirectory(this.directory)
    } catch (error) {
      throw diskFault(error, home)
    }
    const text = `${JSON.stringify(manifest, null, 2)}\n`
    await replaceFile(join(home, 'manifest.json'), join(home, `${self()}-${randomUUID()}`), text)
  }

  /** Needs the lock. */
  async remove(name: string): Promise<void> {
    const home = join(this.directory, name)
    // First what makes it visible.
    await rm(join(home, 'manifest.json'), { force: true })
    await syncDirectory(home)
    await rm(home, { recursive: true, force: true })
  }

  /** Removes what dead commands left, and generations that nothing installs from any more. `now` in milliseconds since 1970. */
  async sweep(now: number): Promise<void> {
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name)
      const isOwned = readOwner(name.split('-')[0]!) !== undefined
      if (isOwned && isOrphan(path, name.split('-')[0]!, now)) await rm(path, { recursive: true, force: true })
      else if (name.endsWith('.lock')) await breakStale(path)
      else if (name.endsWith('.part')) await this.#sweepPart(path, now)
      else if (isName(name) && !isOwned) await this.#sweepOne(name, now)
    }
  }

  async #sweepPart(path: string, now: number): Promise<void> {
    const found = await stat(path).catch(() => undefined)
    if (found && now - found.mtimeMs > keptPart) await rm(path, { force: true })
  }

  async #sweepOne(name: string, now: number): Promise<void> {
    const home = join(this.directory, name)
    if (!statSync(home, { throwIfNoEntry: false })?.isDirectory()) return
    const old = (): readonly string[] => garbageIn(home, now)
    if (old().length === 0) return
    try {
      await using _ = await this.lock(name)
      for (const one of old()) await rm(join(home, one), { recursive: true, force: true })
      if (readdirSync(home).length === 0) await rm(home, { recursive: true })
    } catch (error) {
      // Whoever works on it sweeps it as well.
      if (!(error instanceof Fault) || error.code !== 'distro-busy') throw error
    }
  }
}

/** At the start of a server: what was killed before is gone, or is being written by somebody who lives. */
export async function sweepDistros(directory: string, now: number): Promise<void> {
  if (existsSync(directory)) await new Place(directory).sweep(now)
}

/** Only of a process that is gone: taking the lock breaks it, and giving it back removes it. */
async function breakStale(path: string): Promise<void> {
  const owner = readOwner(await readFile(path, 'latin1').catch(() => ''))
  if (!owner || lifeOf(owner) !== 'dead') return
  try {
    await (await lockAt(path, 'busy'))[Symbol.asyncDispose]()
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'distro-busy') throw error
  }
}

/** A process that died gives way after this many milliseconds of looking. */
const patience = 200

export async function lockAt(path: string, message: string): Promise<AsyncDisposable> {
  try {
    return await lock(path, patience)
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'image-busy') throw error
    throw new Fault('distro-busy', message, { hint: 'wait until it has ended', cause: error })
  }
}

/** What was landed a day ago is not being installed from. */
const keptGeneration = 86_400_000
const keptPart = 86_400_000

/** What is not the current generation: at once when there is none, else when its installs had a day to end. */
function garbageIn(home: string, now: number): readonly string[] {
  const current = readManifest(home)
  const keep = new Set(['manifest.json', String(current?.generation)])
  if (current && now - current.importedAt < keptGeneration) keep.add(String(current.generation - 1))
  return readdirSync(home).filter((name) => !keep.has(name))
}

function isOrphan(path: string, prefix: string, now: number): boolean {
  const owner = readOwner(prefix)
  const life = owner ? lifeOf(owner) : 'alive'
  if (life !== 'unknown') return life === 'dead'
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && now - found.mtimeMs > 3_600_000
}

export class Staging implements AsyncDisposable {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Where it was landed there is nothing left here. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

/** Thousands of files: syncfs(2) once is a second, fsync(2) of each are minutes. Where `sync` knows no -f, everything is synced. */
async function sync(directory: string): Promise<void> {
  const { failed } = await execa('sync', ['-f', directory], { stdin: 'ignore', reject: false })
  if (failed) await execa('sync', [], { stdin: 'ignore' })
}
