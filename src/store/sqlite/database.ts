import { randomBytes } from 'node:crypto'
import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../../fault.ts'
import { createLeaseTables } from './leases.ts'

const schema = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS permits (
    id TEXT PRIMARY KEY, machine TEXT NOT NULL, target TEXT NOT NULL, kind TEXT, content TEXT, image TEXT, hardware TEXT, disks TEXT, by TEXT NOT NULL, createdAt INTEGER NOT NULL,
    expiresAt INTEGER NOT NULL, state TEXT NOT NULL, session TEXT, address TEXT, claimedAt INTEGER, lastSeen TEXT,
    endedAt INTEGER, why TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS disks (machine TEXT PRIMARY KEY, names TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS permits_machine ON permits (machine, createdAt);
  CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, machine TEXT, mac TEXT, session TEXT, detail TEXT) STRICT;
  CREATE INDEX IF NOT EXISTS events_session ON events (session, id) WHERE session IS NOT NULL;
  CREATE INDEX IF NOT EXISTS events_machine ON events (machine, id) WHERE machine IS NOT NULL;
`
export const version = 4

/** A database that is gone with the process: for `check` and for tests. */
export const inMemory = ':memory:'

/**
 * Opens (or makes) the one SQLite file in the data directory. WAL with synchronous=FULL: what a commit said is on disk.
 * The file is for its owner alone: it holds the server's key.
 */
export function openDatabase(directory: string): DatabaseSync {
  const path = directory === inMemory ? inMemory : join(directory, 'birnam.sqlite')
  try {
    if (path !== inMemory) makeDirectory(directory)
    if (path !== inMemory) makeFile(path)
    const database = new DatabaseSync(path, { timeout: 5000 })
    database.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=16777216',
    )
    checkVersion(database, path)
    upgrade(database)
    database.exec(schema)
    createLeaseTables(database)
    database.exec(`PRAGMA user_version=${version}`)
    return database
  } catch (error) {
    if (error instanceof Fault) throw error
    throw cannotOpen(path, error)
  }
}

/** For its owner alone before anything is in it; SQLite gives `-wal` and `-shm` the mode of the file. */
export function makeFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  for (const end of ['', '-wal', '-shm', '-journal'])
    if (statSync(path + end, { throwIfNoEntry: false })) chmodSync(path + end, 0o600)
}

/** Makes the data directory, for its owner alone. Throws Fault `config-invalid` or `not-permitted`. */
export function makeDirectory(directory: string): void {
  try {
    makeEach(directory)
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'a file stands in its way' : code
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
    throw new Fault(
      denied ? 'not-permitted' : 'config-invalid',
      `the data directory ${directory} ${denied ? 'may not be written by this user' : 'cannot be made'}: ${why}`,
      { hint: 'name a directory that this user may write with --data DIR or BIRNAM_DATA', cause: error },
    )
  }
}

// Not `recursive`: under /proc that never returns (Node 26).
function makeEach(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return
  if (dirname(directory) !== directory) makeEach(dirname(directory))
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    // Another process may have been quicker.
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

export function cannotOpen(path: string, error: unknown): Fault {
  return new Fault('config-invalid', `cannot open the database: ${(error as Error).message}`, {
    file: path,
    hint: 'give a data directory that this user may write with --data DIR, or birnam restore a backup',
    cause: error,
  })
}

/** The server's secret key, made once. Session ids and tokens are signed with it. */
export function serverKey(database: DatabaseSync): Buffer {
  database.prepare("INSERT OR IGNORE INTO meta (key, value) VALUES ('server-key', ?)").run(randomBytes(32))
  const row = database.prepare("SELECT value FROM meta WHERE key = 'server-key'").get() as { value: Uint8Array }
  return Buffer.from(row.value)
}

/** Columns of permits that came later. */
const added = ['image', 'hardware', 'disks', 'kind', 'content']

/** Brings an older file forward, by what it has: a new one has everything from `schema`. */
function upgrade(database: DatabaseSync): void {
  const columns = database.prepare("SELECT name FROM pragma_table_info('permits')").all() as { name: string }[]
  if (columns.length === 0) return
  const missing = added.filter((name) => !columns.some((column) => column.name === name))
  for (const name of missing) database.exec(`ALTER TABLE permits ADD COLUMN ${name} TEXT`)
}

function checkVersion(database: DatabaseSync, path: string): void {
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (row.user_version <= version) return
  throw new Fault(
    'config-invalid',
    `the database is of a newer Birnam (schema ${row.user_version}, this one knows ${version})`,
    {
      file: path,
      hint: 'start the newer Birnam again, or give another data directory with --data DIR',
    },
  )
}
