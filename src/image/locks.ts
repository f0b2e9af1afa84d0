import { randomUUID } from 'node:crypto'
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Fault } from '../fault.ts'
import { diskFault, isAbsent } from './durable.ts'
import { lifeOf, readOwner, self } from './owner.ts'

/** A holder of whom nothing can be known (another container or host) lets go within this time, or is gone. Milliseconds. */
const longestHold = 60_000
const pause = 10

/**
 * One process at a time, until it is disposed of. A holder that died is noticed by its pid and start time. Throws `image-busy` after
 * `patience` milliseconds.
 */
export async function lock(path: string, patience = 2 * longestHold): Promise<AsyncDisposable> {
  const until = performance.now() + patience
  while (!(await tryLock(path))) {
    if (performance.now() > until)
      throw new Fault('image-busy', `another process keeps ${path}`, { hint: 'wait for it, or stop it' })
    if (await isStale(path)) await breakLock(path, patience)
    else await wait(pause)
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
}

// By a link, so that the lock never stands there without its owner's name.
async function tryLock(path: string): Promise<boolean> {
  // Named as a file of `Ingest` is, so that one left by a kill is swept with the others.
  const temporary = join(dirname(path), `${self()}-${randomUUID()}`)
  try {
    await writeFile(temporary, self(), { flag: 'wx', mode: 0o600 })
    await link(temporary, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw diskFault(error, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Two that break the same lock could each remove the other's new one; so breaking has a lock of its own, and looks again under it. */
async function breakLock(path: string, patience: number): Promise<void> {
  await using _ = await lock(`${path}.break`, patience)
  if (await isStale(path)) await rm(path, { force: true })
}

async function isStale(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path)
    const owner = readOwner(await readFile(path, 'latin1'))
    const life = owner ? lifeOf(owner) : 'unknown'
    return life === 'dead' || (life === 'unknown' && Date.now() - mtimeMs > longestHold)
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}
