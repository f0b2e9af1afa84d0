import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { openSnapshot } from '../../src/store/sqlite/snapshot.ts'

test('what stands in a data directory is read into memory, and nothing of it is changed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'birnam snapshot%-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const types = 'SELECT type FROM events ORDER BY id'
  const insert = 'INSERT INTO events (at, type, machine) VALUES (1, ?, ?)'
  const written = openDatabase(directory)
  written.prepare(insert).run('permit.armed', 'duncan')
  const snapshot = openSnapshot(directory)
  snapshot.prepare(insert).run('dhcp.discover', 'duncan')
  expect(
    snapshot
      .prepare(types)
      .all()
      .map(({ type }) => type),
  ).toEqual(['permit.armed', 'dhcp.discover'])
  expect(written.prepare(types).all()).toHaveLength(1)
  snapshot.close()
  written.close()
})

test('of a directory without a database there is nothing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-snapshot-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  expect(openSnapshot(directory).prepare('SELECT * FROM permits').all()).toEqual([])
})
