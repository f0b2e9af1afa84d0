import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Lease, LeaseStore } from '../../dhcp/lease.ts'

/** Makes the lease table of a database, when it is not there. */
export function createLeaseTables(database: DatabaseSync): void {
  database.exec(`CREATE TABLE IF NOT EXISTS leases (
    id INTEGER PRIMARY KEY, mac TEXT NOT NULL, address TEXT NOT NULL, subnet TEXT, expiresAt INTEGER NOT NULL, hostname TEXT,
    state TEXT NOT NULL, circuit TEXT, remote TEXT) STRICT`)
  // A table from before there were ports.
  const columns = database.prepare('PRAGMA table_info(leases)').all()
  if (columns.some(({ name }) => name === 'circuit')) return
  database.exec('ALTER TABLE leases ADD COLUMN circuit TEXT; ALTER TABLE leases ADD COLUMN remote TEXT')
}

/** Rows more than twice the living leases before the oldest are cleaned, and how many at a time. */
const slack = 8192
const cleanAtOnce = 256

/**
 * Leases as a log in a table: a commit appends rows, and the last row of a machine or an address is the true one. Replacing rows in place
 * would write two pages for every lease of a batch, appending fills a few pages for all of them (four times as many leases a second).
 * The oldest rows are cleaned out as new ones come, so the table stays within about twice the leases there are.
 *
 * How durable a commit is, is the caller's choice at the connection: WAL with synchronous=FULL survives a power cut,
 * NORMAL survives `kill -9`.
 */
export class SqliteLeases implements LeaseStore {
  readonly #database: DatabaseSync
  readonly #begin: StatementSync
  readonly #insert: StatementSync
  readonly #commit: StatementSync
  readonly #clean: StatementSync
  #log: Log | undefined

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#insert = database.prepare(
      'INSERT INTO leases (id, mac, address, subnet, expiresAt, hostname, state, circuit, remote) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#commit = database.prepare('COMMIT')
    this.#clean = database.prepare('DELETE FROM leases WHERE id < ?')
  }

  load(): readonly Lease[] {
    this.#log = this.#read()
    return this.#log.living()
  }

  async commit(batch: readonly Lease[]): Promise<void> {
    const log = (this.#log ??= this.#read())
    this.#begin.run()
    try {
      for (const lease of batch) this.#append(log, lease)
      this.#tidy(log)
      this.#commit.run()
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      // What the log believes was written is not there: it is read again.
      this.#log = undefined
      throw error
    }
  }

  #append(log: Log, lease: Lease): void {
    const { mac, address, subnet, expiresAt, hostname, state, relay } = lease
    const end = Math.round(expiresAt)
    const port = [relay?.circuit ?? null, relay?.remote ?? null] as const
    this.#insert.run(log.append(lease), mac, address, subnet ?? null, end, hostname ?? null, state, ...port)
  }

  #tidy(log: Log): void {
    if (log.rows <= log.size * 2 + slack) return
    const end = log.first + cleanAtOnce
    for (const lease of log.livingBefore(end)) this.#append(log, lease)
    this.#clean.run(end)
    log.first = end
  }

  #read(): Log {
    const rows = this.#database
      .prepare('SELECT id, mac, address, subnet, expiresAt, hostname, state, circuit, remote FROM leases ORDER BY id')
      .all()
    const log = new Log()
    for (const row of rows) log.restore(Number(row['id']), leaseOf(row))
    return log
  }
}

/** Which rows still count: those that no later row of the same machine or address has overtaken. */
class Log {
  readonly #living = new Map<number, Lease>()
  readonly #byAddress = new Map<string, number>()
  readonly #byMac = new Map<string, number>()
  #next = 1
  first = 1

  get rows(): number {
    return this.#next - this.first
  }

  get size(): number {
    return this.#living.size
  }

  living(): readonly Lease[] {
    return [...this.#living.values()]
  }

  livingBefore(end: number): readonly Lease[] {
    const leases: Lease[] = []
    for (let id = this.first; id < end; id++) {
      const lease = this.#living.get(id)
      if (lease) leases.push(lease)
    }
    return leases
  }

  append(lease: Lease): number {
    const id = this.#next++
    this.#overtake(this.#byAddress.get(lease.address))
    this.#byAddress.set(lease.address, id)
    if (lease.state !== 'declined') {
      this.#overtake(this.#byMac.get(lease.mac))
      this.#byMac.set(lease.mac, id)
    }
    this.#living.set(id, lease)
    return id
  }

  restore(id: number, lease: Lease): void {
    if (this.#next === 1) this.first = id
    this.#next = id
    this.append(lease)
  }

  /** Entries of an overtaken row that point nowhere else go with it, so a machine that is never seen again leaves nothing. */
  #overtake(id: number | undefined): void {
    const lease = id === undefined ? undefined : this.#living.get(id)
    if (!lease) return
    this.#living.delete(id!)
    if (this.#byAddress.get(lease.address) === id) this.#byAddress.delete(lease.address)
    if (this.#byMac.get(lease.mac) === id) this.#byMac.delete(lease.mac)
  }
}

/** As stored: whoever reads it looks whether it makes sense. */
function leaseOf(row: Record<string, SQLOutputValue>): Lease {
  const { mac, address, subnet, expiresAt, hostname, state, circuit, remote } = row
  const relay = { ...(circuit !== null && { circuit }), ...(remote !== null && { remote }) }
  const optional = {
    ...(subnet !== null && { subnet }),
    ...(hostname !== null && { hostname }),
    ...(Object.keys(relay).length > 0 && { relay }),
  }
  return { mac, address, expiresAt, state, ...optional } as unknown as Lease
}
