import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { LeaseBook, type Lease, type LeaseStore } from '../../src/dhcp/lease.ts'
import { parseMac } from '../../src/net/mac.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'
import { SqliteLeases, createLeaseTables } from '../../src/store/sqlite/leases.ts'

function lease(machine: number, address: number, more: Partial<Lease> = {}): Lease {
  const mac = parseMac(`52:54:00:00:${pair(machine >> 8)}:${pair(machine & 255)}`)
  return {
    mac,
    address: `10.77.${address >> 8}.${address & 255}`,
    expiresAt: 1_800_000_000_000,
    state: 'leased',
    ...more,
  }
}

function pair(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

function openSqlite(): DatabaseSync {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-leases-'))
  const database = new DatabaseSync(join(directory, 'birnam.sqlite'))
  onTestFinished(() => {
    if (database.isOpen) database.close()
    rmSync(directory, { recursive: true })
  })
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL')
  createLeaseTables(database)
  return database
}

/** A store, and the same store after a restart. */
const engines: Readonly<Record<string, () => { store: LeaseStore; again: () => LeaseStore }>> = {
  memory() {
    const store = new MemoryLeases()
    return { store, again: () => store }
  },
  sqlite() {
    const database = openSqlite()
    return { store: new SqliteLeases(database), again: () => new SqliteLeases(database) }
  },
}

for (const [engine, open] of Object.entries(engines)) {
  test(`${engine}: a committed lease is there again, whole`, async () => {
    const { store, again } = open()
    const whole = lease(1, 10, { subnet: '10.77.0.0/24', hostname: 'duncan', relay: { circuit: '07', remote: 'ff00' } })
    await store.commit([whole, lease(2, 11, { state: 'released' })])
    expect(again().load()).toEqual([whole, lease(2, 11, { state: 'released' })])
  })

  test(`${engine}: a renewal replaces the lease`, async () => {
    const { store, again } = open()
    await store.commit([lease(1, 10)])
    await store.commit([lease(1, 10, { expiresAt: 1_900_000_000_000 })])
    expect(again().load()).toEqual([lease(1, 10, { expiresAt: 1_900_000_000_000 })])
  })

  test(`${engine}: a machine that moved has one lease, an address that went on has one machine`, async () => {
    const { store, again } = open()
    await store.commit([lease(1, 10), lease(2, 11)])
    await store.commit([lease(1, 12), lease(3, 11)])
    expect(again().load()).toEqual([lease(1, 12), lease(3, 11)])
  })

  test(`${engine}: a declined address stays declined when its finder gets another`, async () => {
    const { store, again } = open()
    await store.commit([lease(1, 10)])
    await store.commit([lease(1, 10, { state: 'declined' })])
    await store.commit([lease(1, 11)])
    expect(again().load()).toEqual([lease(1, 10, { state: 'declined' }), lease(1, 11)])
  })

  test(`${engine}: a book made from it knows machines and addresses`, async () => {
    const { store, again } = open()
    await store.commit([lease(1, 10), lease(2, 11, { state: 'declined' })])
    const book = new LeaseBook(again())
    expect(book.leaseOf(lease(1, 0).mac)).toEqual(lease(1, 10))
    expect(book.holderOf('10.77.0.10', 1_700_000_000_000)).toBe(lease(1, 0).mac)
    expect(book.holderOf('10.77.0.10', 1_800_000_000_000)).toBeUndefined()
    expect(book.holderOf('10.77.0.11', 1_700_000_000_000)).toBeUndefined()
    expect(book.list()).toHaveLength(2)
  })
}

test('sqlite: a hundred thousand renewals of a hundred leases leave a small table', async () => {
  const database = openSqlite()
  const store = new SqliteLeases(database)
  for (let round = 0; round < 500; round++) {
    const batch = Array.from({ length: 200 }, (_, at) =>
      lease(at % 100, at % 100, { expiresAt: 1_800_000_000_000 + round }),
    )
    await store.commit(batch)
  }
  const { rows } = database.prepare('SELECT count(*) AS rows FROM leases').get() as { rows: number }
  expect(rows).toBeLessThan(10_000)
  const found = new SqliteLeases(database).load()
  expect(found).toHaveLength(100)
  expect(found.every(({ expiresAt }) => expiresAt === 1_800_000_000_499)).toBe(true)
})

test('sqlite: a lease that was never renewed survives the cleaning', async () => {
  const database = openSqlite()
  const store = new SqliteLeases(database)
  await store.commit([lease(4000, 4000)])
  for (let round = 0; round < 200; round++) await store.commit(Array.from({ length: 100 }, (_, at) => lease(at, at)))
  expect(new SqliteLeases(database).load()).toContainEqual(lease(4000, 4000))
})

test('sqlite: a batch that cannot be written is refused whole, and the next one is not harmed', async () => {
  const database = openSqlite()
  const store = new SqliteLeases(database)
  await store.commit([lease(1, 10)])
  database.exec(
    "CREATE TRIGGER no_guests BEFORE INSERT ON leases WHEN new.hostname = 'guest' BEGIN SELECT RAISE(ABORT, 'full'); END",
  )
  await expect(store.commit([lease(2, 11), lease(3, 12, { hostname: 'guest' })])).rejects.toThrow('full')
  await store.commit([lease(4, 13)])
  expect(new SqliteLeases(database).load()).toEqual([lease(1, 10), lease(4, 13)])
})

test('stored rows that make no sense are counted and left out, and the others serve', async () => {
  const database = openSqlite()
  await new SqliteLeases(database).commit([lease(1, 10)])
  const insert = database.prepare('INSERT INTO leases (mac, address, expiresAt, state) VALUES (?, ?, ?, ?)')
  insert.run('52:54:00:00:00:zz', '10.77.0.11', 1, 'leased')
  insert.run('52:54:00:00:00:09', '10.77.0.999', 1, 'leased')
  insert.run('52:54:00:00:00:0a', '10.77.0.12', 1, 'stolen')
  const book = new LeaseBook(new SqliteLeases(database))
  expect(book.list()).toEqual([lease(1, 10)])
  expect(book.unreadable).toBe(3)
})

test('sqlite: a table from before leases had ports is widened, and keeps its leases', async () => {
  const database = openSqlite()
  database.exec(`DROP TABLE leases; CREATE TABLE leases (id INTEGER PRIMARY KEY, mac TEXT NOT NULL, address TEXT NOT NULL, subnet TEXT,
    expiresAt INTEGER NOT NULL, hostname TEXT, state TEXT NOT NULL) STRICT;
    INSERT INTO leases VALUES (1, '52:54:00:00:00:01', '10.77.0.10', NULL, 1800000000000, NULL, 'leased')`)
  createLeaseTables(database)
  createLeaseTables(database)
  const port = lease(2, 11, { relay: { circuit: '07' } })
  await new SqliteLeases(database).commit([port])
  expect(new SqliteLeases(database).load()).toEqual([lease(1, 10), port])
})
