import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Permit, PermitStore } from '../../machine/permit.ts'

const columns = [
  'id',
  'machine',
  'target',
  'image',
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
    const newest = 'SELECT max(createdAt) FROM permits AS other WHERE other.machine = permits.machine'
    const rows = this.#database.prepare(`SELECT * FROM permits WHERE createdAt = (${newest}) ORDER BY rowid`).all()
    return rows.map(
      (row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as Permit,
    )
  }

  save(permit: Permit): void {
    this.#save.run(...columns.map((column): SQLInputValue => permit[column] ?? null))
  }
}
