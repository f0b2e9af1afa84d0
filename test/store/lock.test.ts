import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockData } from '../../src/store/sqlite/lock.ts'

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'birnam-lock-'))))
afterEach(() => rmSync(directory, { recursive: true }))

test('a data directory belongs to one at a time', () => {
  const data = join(directory, 'data')
  const first = lockData(data)
  expect(() => lockData(data)).toThrow('another Birnam works with the data directory')
  first[Symbol.dispose]()
  lockData(data)[Symbol.dispose]()
})

test('under /proc, too, where a directory can never be made', () => {
  expect(() => lockData('/proc/birnam/data')).toThrow('the data directory /proc/birnam/data cannot be made: ENOENT')
})

test('a data directory that cannot be made is told by its name', () => {
  writeFileSync(join(directory, 'file'), '')
  expect(() => lockData(join(directory, 'file/data'))).toThrow(/file\/data cannot be made: a file stands in its way/)
})
