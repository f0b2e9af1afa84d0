import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileLog } from '../../src/app/log.ts'

test('a log keeps the order of its lines, and what a full device does not take is given up', () => {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-log-'))
  const [file, full] = [openSync(join(directory, 'log'), 'a'), openSync('/dev/full', 'w')]
  onTestFinished(() => {
    closeSync(file)
    closeSync(full)
    rmSync(directory, { recursive: true })
  })
  for (const log of [fileLog(file), fileLog(full)]) {
    log.write('one\n')
    log.write('two\n')
    log.flush()
    log.write('three\n')
    log.flush()
  }
  expect(readFileSync(join(directory, 'log'), 'utf8')).toBe('one\ntwo\nthree\n')
})
