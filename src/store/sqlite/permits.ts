import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { Fault } from '../../fault.ts'
import type { Permit, PermitStore } from '../../machine/permit.ts'

const columns = [
  'id',
  'machine',
  'target',
  'kind',
  'content',
  'image',
  'hardware',
  'disks',
  'by',
  'createdAt',
  'expiresAt',
  'state',
  'session',
  'address',
  'claimedAt',
  'lastSeen',
  'endedAt',
  'why',
] as const satisfies readonly (keyof Permit)[]

export class SqlitePermits implements PermitStore {
  readonly #database: DatabaseSync
  readonly #save: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#save = database.prepare(
      `INSERT OR REPLACE INTO permits (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    )
  }

  /** The newest permit of each machine. */
  load(): readonly Permit[] {
    // A row that is replaced goes to the end. Not by createdAt: a clock that was set back would bring an old permit back.
    const newest = 'SELECT max(rowid) FROM permits GROUP BY machine'
    const rows = this.#database.prepare(`SELECT * FROM permits WHERE rowid IN (${newest})`).all()
    return rows.map(
      (row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as Permit,
    )
  }

  save(permit: Permit): void {
    try {
      this.#save.run(...columns.map((column): SQLInputValue => permit[column] ?? null))
    } catch (error) {
      throw new Fault('internal', `the permit of ${permit.machine} cannot be written: ${(error as Error).message}`, {
        hint: 'is the disk of the data directory full?',
        cause: error,
      })
    }
  }
}
