import type { DatabaseSync } from 'node:sqlite'
import type { ClockStore } from '../../machine/clock.ts'

export class SqliteClock implements ClockStore {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  load(): { readonly latest: number; readonly era: number } | undefined {
    const row = this.#database.prepare("SELECT value FROM meta WHERE key = 'clock'").get()
    if (row === undefined) return undefined
    const [latest, era] = Buffer.from(row['value'] as Uint8Array)
      .toString()
      .split(' ')
      .map(Number)
    return { latest: latest!, era: era! }
  }

  save(latest: number, era: number): void {
    this.#database
      .prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('clock', ?)")
      .run(Buffer.from(`${Math.floor(latest)} ${era}`))
  }
}
