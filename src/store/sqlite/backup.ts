import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { rm } from 'node:fs/promises'
import { Fault } from '../../fault.ts'
import { openDatabase, version } from './database.ts'

/** All pages in one step: in smaller ones a server that writes would make it begin again and again. */
const everyPage = 2 ** 31 - 1

/** A permit that was open. */
export interface Withdrawn {
  readonly id: string
  readonly machine: string
  readonly session: string | null
}

/**
 * A copy of the database of a data directory at one moment, beside a running server. Nothing in it is in force any more, so that not even
 * whoever puts the file back by hand arms anything. Returns the machines whose permits were open.
 */
export async function copyDatabase(directory: string, to: string, now: number): Promise<readonly string[]> {
  await copyPages(join(directory, 'birnam.sqlite'), to)
  const copy = new DatabaseSync(to)
  try {
    copy.exec('PRAGMA journal_mode=DELETE; PRAGMA secure_delete=ON')
    const open = disarm(copy, now, backupMade(now))
    // Nothing of the key stays in a page that is free now.
    copy.exec('VACUUM')
    return open.map(({ machine }) => machine)
  } finally {
    copy.close()
  }
}

async function copyPages(from: string, to: string): Promise<void> {
  try {
    const source = new DatabaseSync(from, { readOnly: true, timeout: 5000 })
    try {
      await backup(source, to, { rate: everyPage })
    } finally {
      source.close()
    }
  } catch (error) {
    throw new Fault('disk-failed', `the database cannot be copied: ${(error as Error).message}`, {
      file: from,
      hint: 'is it there, and is there room for the copy?',
      cause: error,
    })
  }
}

/**
 * Makes the database of a data directory out of one that came in a backup, whoever wrote it: its rows are copied into tables of ours,
 * and nothing else of it (a trigger, a view). Every permit that is still open is withdrawn, and the server gets a new key, so that no
 * session, token or URL of before opens anything. Throws `backup-invalid`.
 */
export function takeDatabase(
  from: string,
  directory: string,
  at: { readonly now: number; readonly made: number },
): readonly string[] {
  const database = openDatabase(directory)
  try {
    copyRows(database, from)
    const open = disarm(database, at.now, backupMade(at.made))
    database
      .prepare('INSERT INTO events (at, type, detail) VALUES (?, ?, ?)')
      .run(at.now, 'backup.restored', JSON.stringify({ made: new Date(at.made).toISOString(), withdrawn: open.length }))
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return open.map(({ machine }) => machine)
  } finally {
    database.close()
  }
}

function backupMade(at: number): string {
  return `this state is from a backup of ${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC, and a backup allows nothing`
}

/** Whatever its state says: only what is certainly over stays as it is. */
function disarm(database: DatabaseSync, now: number, why: string): readonly Withdrawn[] {
  database.exec('BEGIN IMMEDIATE')
  const open = database
    .prepare(
      `UPDATE permits SET state = 'withdrawn', endedAt = ?, why = ? WHERE state NOT IN ('used', 'failed', 'withdrawn', 'expired')
       RETURNING id, machine, session`,
    )
    .all(now, why) as unknown as Withdrawn[]
  const tell = database.prepare('INSERT INTO events (at, type, machine, session, detail) VALUES (?, ?, ?, ?, ?)')
  for (const { id, machine, session } of open)
    tell.run(now, 'permit.withdrawn', machine, session, JSON.stringify({ permit: id, by: 'backup', why }))
  database.exec("DELETE FROM meta WHERE key = 'server-key'")
  database.exec('COMMIT')
  return open
}

function copyRows(database: DatabaseSync, from: string): void {
  try {
    // A schema that somebody else wrote may hold functions and pages that lie about their cells (sqlite.org/security.html).
    database.exec('PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON')
    database.prepare('ATTACH ? AS old').run(from)
    checkFile(database)
    database.exec('BEGIN IMMEDIATE')
    for (const table of tablesOf(database, 'main')) copyTable(database, table)
    database.exec('DELETE FROM events WHERE detail IS NOT NULL AND NOT json_valid(detail)')
    database.exec('COMMIT')
    database.exec('DETACH old')
  } catch (error) {
    if (error instanceof Fault) throw error
    throw invalid(`its database is damaged: ${(error as Error).message}`, error)
  }
}

function checkFile(database: DatabaseSync): void {
  const { user_version: schema } = database.prepare('PRAGMA old.user_version').get() as { user_version: number }
  if (schema > version) throw invalid(`its database is of a newer Birnam (schema ${schema}, this one knows ${version})`)
  const [row] = database.prepare('PRAGMA old.integrity_check(1)').all()
  if (row?.['integrity_check'] !== 'ok')
    throw invalid(`its database is damaged: ${String(row?.['integrity_check']).slice(0, 200)}`)
  if (!tablesOf(database, 'old').includes('permits')) throw invalid('its database is none of Birnam')
}

function tablesOf(database: DatabaseSync, schema: 'main' | 'old'): readonly string[] {
  const rows = database
    .prepare(
      `SELECT name FROM ${schema}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql LIKE 'CREATE TABLE%'`,
    )
    .all()
  return rows.map(({ name }) => String(name))
}

/** In their order: of the permits of a machine the one that was written last is the newest. */
function copyTable(database: DatabaseSync, table: string): void {
  if (!tablesOf(database, 'old').includes(table)) return
  const [ours, theirs] = [columnsOf(database, 'main', table), columnsOf(database, 'old', table)]
  const columns = ours.filter((column) => theirs.includes(column)).map((column) => `"${column}"`)
  const order = hasRowId(database, table) ? ' ORDER BY rowid' : ''
  if (columns.length > 0)
    database.exec(
      `INSERT OR REPLACE INTO main."${table}" (${columns.join()}) SELECT ${columns.join()} FROM old."${table}"${order}`,
    )
}

function hasRowId(database: DatabaseSync, table: string): boolean {
  return (
    database.prepare("SELECT 1 FROM main.sqlite_schema WHERE name = ? AND sql LIKE '%WITHOUT ROWID%'").get(table) ===
    undefined
  )
}

function columnsOf(database: DatabaseSync, schema: 'main' | 'old', table: string): readonly string[] {
  return database
    .prepare('SELECT name FROM pragma_table_info(?, ?)')
    .all(table, schema)
    .map(({ name }) => String(name))
}

function invalid(why: string, cause?: unknown): Fault {
  return new Fault('backup-invalid', why.replaceAll(/\s+/g, ' ').slice(0, 300), {
    hint: 'take an older backup',
    ...(cause !== undefined && { cause }),
  })
}

/** Both files that a database may have beside it. */
export async function removeDatabase(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm', '-journal']) await rm(`${path}${end}`, { force: true })
}
