import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Counts } from '../test/lab/reporter.ts'
import { runChecks } from './check.ts'

/** `npm test`: the checks, then every test but the slow ones (or those that the arguments name, as vitest takes them). The last line has the counts. */
function main(filters: readonly string[]): number {
  const checks = runChecks()
  const tests = runTests(filters)
  const passed = checks.passed + tests.passed
  const failed = checks.failed + tests.failed
  console.log(`${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`)
  return failed === 0 ? 0 : 1
}

function runTests(filters: readonly string[]): Counts {
  const place = mkdtempSync(join(tmpdir(), 'birnam-test-'))
  try {
    const file = join(place, 'counts.json')
    const env = { ...process.env, BIRNAM_TEST_COUNTS: file }
    const { status } = spawnSync('vitest', ['run', '--project=!slow', ...filters], { stdio: 'inherit', env })
    return honest(readCounts(file), status)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** vitest can fail without a failed test (no test found, its own crash); that is a failure too. */
function honest(counts: Counts, status: number | null): Counts {
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
}

function readCounts(file: string): Counts {
  try {
    const counts: Partial<Counts> = JSON.parse(readFileSync(file, 'utf8'))
    return { passed: counts.passed ?? 0, failed: counts.failed ?? 1, skipped: counts.skipped ?? 0 }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

process.exitCode = main(process.argv.slice(2))
