import { spawnSync } from 'node:child_process'

/** What must hold before any test runs; each is a command of the pinned development dependencies. */
const checks = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '.'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
] as const

/** Runs the checks one after the other, tells each, and returns how many held and how many did not. */
export function runChecks(): { passed: number; failed: number } {
  const failed = checks.filter(({ name, command: [program, ...words] }) => !holds(name, program, words))
  return { passed: checks.length - failed.length, failed: failed.length }
}

function holds(name: string, program: string, words: readonly string[]): boolean {
  const start = Date.now()
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8' })
  const seconds = ((Date.now() - start) / 1000).toFixed(1)
  console.log(` ${status === 0 ? '✓' : '×'} ${name} (${seconds} s)`)
  if (status !== 0) console.log(error ? String(error) : `${stdout}${stderr}`)
  return status === 0
}

if (import.meta.main) process.exitCode = runChecks().failed === 0 ? 0 : 1
