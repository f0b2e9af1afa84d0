import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../../fault.ts'
import { cannotOpen, makeDirectory, makeFile } from './database.ts'

/** SQLITE_BUSY: https://sqlite.org/rescode.html#busy */
const busy = 5

/**
 * The data directory for one process alone, until the lock is disposed of or the process ends, however it ends. Two processes that each
 * hold the permits in memory could wipe a machine twice, or one whose permit the other has taken back. `wait` is in milliseconds.
 * Throws Fault `config-invalid`.
 */
export function lockData(directory: string, wait = 0): Disposable {
  makeDirectory(directory)
  const path = join(directory, 'birnam.lock')
  try {
    makeFile(path)
    return { [Symbol.dispose]: held(path, wait) }
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== busy) throw cannotOpen(path, error)
    throw new Fault('config-invalid', `another Birnam works with the data directory ${directory}`, {
      hint: 'stop it first, or give each server a data directory of its own with --data DIR',
      cause: error,
    })
  }
}

/** A lock of the file system, through SQLite: the system itself lets go of it when the process is killed. */
function held(path: string, timeout: number): () => void {
  const lock = new DatabaseSync(path, { timeout })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return () => lock.close()
  } catch (error) {
    lock.close()
    throw error
  }
}
