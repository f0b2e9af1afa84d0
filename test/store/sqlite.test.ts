import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EventStore } from '../../src/journal/journal.ts'
import { Journal } from '../../src/journal/journal.ts'
import type { Permit, PermitStore } from '../../src/machine/permit.ts'
import { MemoryEvents } from '../../src/store/memory/events.ts'
import { MemoryPermits } from '../../src/store/memory/permits.ts'
import { inMemory, openDatabase, serverKey } from '../../src/store/sqlite/database.ts'
import { faultOf } from '../../src/fault.ts'
import { parseMac } from '../../src/net/mac.ts'
import { SqliteLeases } from '../../src/store/sqlite/leases.ts'
import { SqliteEvents } from '../../src/store/sqlite/events.ts'
import { SqlitePermits } from '../../src/store/sqlite/permits.ts'

const permit: Permit = {
  id: 'p1',
  machine: 'duncan',
  target: 'web',
  by: 'mac',
  createdAt: 1,
  expiresAt: 2,
  state: 'armed',
}
let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'birnam-store-'))))
afterEach(() => rmSync(directory, { recursive: true }))

const permitStores: Record<string, () => PermitStore> = {
  memory: () => new MemoryPermits(),
  sqlite: () => new SqlitePermits(openDatabase(inMemory)),
}
const eventStores: Record<string, () => EventStore> = {
  memory: () => new MemoryEvents(),
  sqlite: () => new SqliteEvents(openDatabase(inMemory)),
}

test.each(Object.entries(permitStores))('%s keeps the newest permit of each machine, whole', (_, open) => {
  const store = open()
  store.save(permit)
  store.save({ ...permit, state: 'claimed', session: 's1', claimedAt: 5, address: '10.77.0.11', lastSeen: 'disks' })
  store.save({ ...permit, id: 'p2', createdAt: 9 })
  store.save({ ...permit, id: 'p3', machine: 'macduff' })
  expect(store.load().toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { ...permit, id: 'p2', createdAt: 9 },
    { ...permit, id: 'p3', machine: 'macduff' },
  ])
})

test.each(Object.entries(permitStores))('%s knows the newest permit although the clock was set back', (_, open) => {
  const store = open()
  store.save({ ...permit, createdAt: 900, state: 'withdrawn' })
  store.save({ ...permit, id: 'p2', createdAt: 5 })
  expect(store.load()).toEqual([{ ...permit, id: 'p2', createdAt: 5 }])
})

test('a full disk is told as such', () => {
  const database = openDatabase(inMemory)
  const [permits, events] = [new SqlitePermits(database), new SqliteEvents(database)]
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number }
  database.exec(`PRAGMA max_page_count=${pages}`)
  const long = 'x'.repeat(10_000)
  expect(() => permits.save({ ...permit, why: long })).toThrow(
    'the permit of duncan cannot be written: database or disk is full',
  )
  expect(() => events.append([{ at: 1, type: 'report.log', detail: { text: long } }])).toThrow(
    'database or disk is full',
  )
})

test.each(Object.entries(eventStores))(
  '%s tells the events of a boot in order and of a machine from the newest',
  (_, open) => {
    const store = open()
    const at = (time: number, session: string) => ({
      at: time,
      type: 'file.sent',
      machine: 'duncan',
      session,
      detail: { name: `f${time}` },
    })
    store.append([at(1, 's1'), at(2, 's2')])
    store.append([at(3, 's1')])
    expect(store.ofSession('s1').map(({ at: time }) => time)).toEqual([1, 3])
    expect(store.ofMachine('duncan', 2).map(({ detail }) => detail)).toEqual([{ name: 'f3' }, { name: 'f2' }])
    store.trim({ rows: 1, bytes: 1 << 30 }, 10)
    expect(store.ofMachine('duncan', 10)).toHaveLength(1)
  },
)

test.each(Object.entries(eventStores))(
  '%s tells all of a machine from the beginning of one of its boots',
  (_, open) => {
    const store = open()
    const at = (time: number, session?: string, machine = 'duncan') => ({
      at: time,
      type: 'file.sent',
      machine,
      ...(session !== undefined && { session }),
    })
    store.append([at(1), at(2, 's1'), at(3, 's9', 'macduff'), at(4), at(5, 's2'), at(6), at(7)])
    expect(store.lastSession('duncan')).toBe('s2')
    expect(store.lastSession('banquo')).toBeUndefined()
    expect(store.since('duncan', 's1', 10).map(({ at: time }) => time)).toEqual([2, 4, 5, 6, 7])
    expect(store.since('duncan', 's1', 2).map(({ at: time }) => time)).toEqual([2, 4])
    expect(store.since('duncan', 's9', 10)).toEqual([])
  },
)

test('the journal writes behind, and reads what it has not written yet', () => {
  const store = new MemoryEvents()
  const journal = new Journal(store)
  journal.record({ at: 1, type: 'menu.given', session: 's1' })
  expect(store.ofSession('s1')).toHaveLength(0)
  expect(journal.ofSession('s1')).toHaveLength(1)
})

test('the server key is made once and is for its owner alone', () => {
  const database = openDatabase(directory)
  const key = serverKey(database)
  database.close()
  const again = openDatabase(directory)
  expect(serverKey(again)).toEqual(key)
  again.close()
  expect(statSync(join(directory, 'birnam.sqlite')).mode & 0o077).toBe(0)
})

test('a database of a newer Birnam is not touched', () => {
  const database = new DatabaseSync(join(directory, 'birnam.sqlite'))
  database.exec('PRAGMA user_version=99')
  database.close()
  expect(() => openDatabase(directory)).toThrow('is of a newer Birnam (schema 99')
})

test('the journal keeps within its bytes and rows on the disk, and the file does not grow any more', () => {
  const database = openDatabase(directory)
  const store = new SqliteEvents(database)
  const journal = new Journal(store, {}, { bounds: { rows: 3000, bytes: 4 << 20 } })
  const size = (): number => statSync(join(directory, 'birnam.sqlite')).size
  const fill = (from: number, length: number): void => {
    for (let at = from; at < from + 2000; at++) {
      journal.record({ at, type: 'report.log', session: `s${at}`, detail: { text: 'x'.repeat(length) } })
      if (at % 50 === 0) journal.flush()
    }
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  for (let round = 0; round < 4; round++) fill(round * 2000, 5000)
  expect(size()).toBeLessThan(8 << 20)
  expect(journal.ofSession('s7999')).toHaveLength(1)
  for (let round = 4; round < 8; round++) fill(round * 2000, 10)
  const { rows } = database.prepare('SELECT count(*) AS rows FROM events').get() as { rows: number }
  expect(rows).toBeLessThanOrEqual(3050)
  database.close()
})

test('damaged pages are a sentence with what to do, and no stack', () => {
  const database = openDatabase(directory)
  const leases = new SqliteLeases(database)
  const mac = parseMac('52:54:00:77:00:01')
  const lease = { mac, address: '10.77.0.11', expiresAt: 1, state: 'leased' } as const
  void leases.commit(Array.from({ length: 500 }, () => lease))
  database.close()
  const path = join(directory, 'birnam.sqlite')
  const bytes = readFileSync(path)
  bytes.fill(0x77, 4096 * 3)
  writeFileSync(path, bytes)
  const fault = faultOf(thrownBy(() => new SqliteLeases(openDatabase(directory)).load()))
  expect(fault?.toString()).toMatch(/database is damaged|cannot open the database/)
  expect(fault?.toString()).toContain('backup')
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

test('a file that is no database is named, and stays as it is', () => {
  writeFileSync(join(directory, 'birnam.sqlite'), 'x'.repeat(5000))
  expect(() => openDatabase(directory)).toThrow('cannot open the database')
})

test.each([
  ['the first Birnam', 1, ''],
  ['one that knew which image a permit is for', 2, 'image TEXT,'],
  ['one that knew the disks as well', 3, 'image TEXT, disks TEXT,'],
  ['one that knew the hardware as well', 3, 'image TEXT, hardware TEXT, disks TEXT,'],
])('a database of %s keeps its permits, and learns what it lacks', (_whose, version, more) => {
  const old = new DatabaseSync(join(directory, 'birnam.sqlite'))
  old.exec(`CREATE TABLE permits (id TEXT PRIMARY KEY, machine TEXT NOT NULL, target TEXT NOT NULL, ${more} by TEXT NOT NULL,
    createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL, state TEXT NOT NULL, session TEXT, address TEXT,
    claimedAt INTEGER, lastSeen TEXT, endedAt INTEGER, why TEXT) STRICT;
    INSERT INTO permits (id, machine, target, by, createdAt, expiresAt, state) VALUES ('p1', 'duncan', 'web', 'mac', 1, 2, 'armed');
    PRAGMA user_version=${version}`)
  old.close()
  const database = openDatabase(directory)
  const store = new SqlitePermits(database)
  expect(store.load()).toEqual([permit])
  const bound = { ...permit, image: 'porter:1', kind: 'image', content: 'c1' } as const
  store.save(bound)
  expect(store.load()).toEqual([bound])
  database.close()
})
