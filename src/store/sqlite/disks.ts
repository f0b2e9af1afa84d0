import type { DatabaseSync } from 'node:sqlite'
import type { DiskBook } from '../../machine/disks.ts'

export class SqliteDisks implements DiskBook {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  known(machine: string): readonly string[] {
    const row = this.#database.prepare('SELECT names FROM disks WHERE machine = ?').get(machine)
    return row === undefined ? [] : String(row['names']).split(' ')
  }

  remember(machine: string, names: readonly string[], at: number): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO disks (machine, names, at) VALUES (?, ?, ?)')
      .run(machine, names.join(' '), at)
  }
}
