import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DatabaseSync } from 'node:sqlite'
import { cannotOpen, inMemory, openDatabase } from './database.ts'

const tables = ['meta', 'permits', 'disks', 'events', 'leases']

/** What stands in a data directory, read into memory: for whoever only looks, where nothing can be written. Throws Fault `config-invalid`. */
export function openSnapshot(directory: string): DatabaseSync {
  const path = join(directory, 'birnam.sqlite')
  const database = openDatabase(inMemory)
  if (!existsSync(path)) return database
  try {
    attach(database, path)
    for (const table of tables) copy(database, table)
    database.exec('DETACH disk')
    return database
  } catch (error) {
    database.close()
    throw cannotOpen(path, error)
  }
}

/** Reading a WAL file takes a file of shared memory beside it; where that cannot be made, what is in the WAL is not seen. */
function attach(database: DatabaseSync, path: string): void {
  const { href } = pathToFileURL(path)
  const ways = [`${href}?mode=ro`, `${href}?mode=ro&immutable=1`]
  for (const [at, way] of ways.entries()) {
    try {
      database.prepare('ATTACH ? AS disk').run(way)
      database.prepare('SELECT count(*) FROM disk.sqlite_master').get()
      return
    } catch (error) {
      if (isAttached(database)) database.exec('DETACH disk')
      if (at === ways.length - 1) throw error
    }
  }
}

function isAttached(database: DatabaseSync): boolean {
  return database
    .prepare('PRAGMA database_list')
    .all()
    .some(({ name }) => name === 'disk')
}

/** The columns that both have: the file may be older. */
function copy(database: DatabaseSync, table: string): void {
  const columnsIn = (schema: string): readonly string[] =>
    database
      .prepare(`PRAGMA ${schema}.table_info(${table})`)
      .all()
      .map(({ name }) => String(name))
  const there = columnsIn('disk')
  const both = columnsIn('main').filter((name) => there.includes(name))
  if (both.length === 0) return
  const columns = both.map((name) => `"${name}"`).join(', ')
  database.exec(`INSERT OR REPLACE INTO main.${table} (${columns}) SELECT ${columns} FROM disk.${table}`)
}
