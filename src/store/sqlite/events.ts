import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Bounds, Event, EventStore, StoredEvent } from '../../journal/journal.ts'
import type { Mac } from '../../net/mac.ts'

interface Row {
  id: number
  at: number
  type: string
  machine: string | null
  mac: string | null
  session: string | null
  detail: string | null
}

export class SqliteEvents implements EventStore {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync

  readonly #ends: StatementSync
  readonly #used: StatementSync
  readonly #remove: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#ends = database.prepare('SELECT (SELECT min(id) FROM events) AS first, (SELECT max(id) FROM events) AS last')
    this.#used = database.prepare(
      'SELECT (page_count - freelist_count) * page_size AS used FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    )
    this.#remove = database.prepare('DELETE FROM events WHERE id < ? AND id < ?')
    this.#insert = database.prepare(
      'INSERT INTO events (at, type, machine, mac, session, detail) VALUES (?, ?, ?, ?, ?, ?)',
    )
  }

  append(events: readonly Event[]): void {
    this.#database.exec('BEGIN')
    try {
      for (const { at, type, machine, mac, session, detail } of events) {
        this.#insert.run(
          at,
          type,
          machine ?? null,
          mac ?? null,
          session ?? null,
          detail ? JSON.stringify(detail) : null,
        )
      }
      this.#database.exec('COMMIT')
    } catch (error) {
      // A full disk has ended the transaction already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  ofSession(session: string): readonly StoredEvent[] {
    const rows = this.#database.prepare('SELECT * FROM events WHERE session = ? ORDER BY id').all(session)
    return (rows as unknown as Row[]).map(eventOf)
  }

  ofMachine(machine: string, limit: number): readonly StoredEvent[] {
    const rows = this.#database
      .prepare('SELECT * FROM events WHERE machine = ? ORDER BY id DESC LIMIT ?')
      .all(machine, limit)
    return (rows as unknown as Row[]).map(eventOf)
  }

  lastSession(machine: string): string | undefined {
    const row = this.#database
      .prepare('SELECT session FROM events WHERE machine = ? AND session IS NOT NULL ORDER BY id DESC LIMIT 1')
      .get(machine)
    return (row as { session: string } | undefined)?.session
  }

  lastSessionOf(mac: Mac): string | undefined {
    // The ids of a card's sessions begin with it and go on with the time: the index of sessions has the newest last.
    const own = mac.replaceAll(':', '')
    const row = this.#database
      .prepare('SELECT max(session) AS session FROM events WHERE session > ? AND session < ?')
      .get(`${own}-`, `${own}.`)
    return (row as { session: string | null }).session ?? undefined
  }

  since(machine: string, session: string, limit: number): readonly StoredEvent[] {
    const first = 'SELECT id FROM events WHERE session = ? AND machine = ? ORDER BY id LIMIT 1'
    const rows = this.#database
      .prepare(`SELECT * FROM events WHERE machine = ? AND id >= (${first}) ORDER BY id LIMIT ?`)
      .all(machine, session, machine, limit)
    return (rows as unknown as Row[]).map(eventOf)
  }

  trim({ rows, bytes }: Bounds, step: number): void {
    const { first, last } = this.#ends.get() as { first: number | null; last: number }
    if (first === null) return
    const tooMany = last - first + 1 - rows
    if (tooMany <= 0 && this.#bytes() <= bytes) return
    // Ids are given one after the other, and the oldest go first.
    this.#remove.run(first + (tooMany > 0 ? Math.min(tooMany, step) : step), last)
  }

  /** Of the pages that hold something: what is free in the file is used again. */
  #bytes(): number {
    const { used } = this.#used.get() as { used: number }
    return used
  }
}

function eventOf({ id, at, type, machine, mac, session, detail }: Row): StoredEvent {
  return {
    id,
    at,
    type,
    ...(machine !== null && { machine }),
    ...(mac !== null && { mac }),
    ...(session !== null && { session }),
    ...(detail !== null && { detail: JSON.parse(detail) as NonNullable<Event['detail']> }),
  }
}
