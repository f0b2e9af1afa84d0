import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const birnam = join(import.meta.dirname, '../../tools/birnam')
const data = mkdtempSync(join(tmpdir(), 'birnam-output-'))
afterAll(() => rmSync(data, { recursive: true }))

/** In a shell, from a directory without a site. */
function shell(script: string): { readonly code: number | null; readonly out: string; readonly err: string } {
  const env = { ...process.env, BIRNAM_DATA: data, birnam }
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { env, cwd: '/', encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

const lines = [
  'machine list',
  '--json machine list',
  '--help',
  'explain duncan',
  'export',
  '--version',
  'nonsense --json',
]

test.each(lines)('birnam %s into a pipe that nobody reads ends without a word', (words) => {
  const { err: said } = shell(`{ sleep 0.2; "$birnam" ${words}; echo "rc $?" >&2; } | true`)
  expect(said).toMatch(/^rc [02]\n$/)
})

test.each(lines)('birnam %s onto a full device is one sentence and exit code 1', (words) => {
  const { code, err } = shell(`"$birnam" ${words} >/dev/full`)
  expect(err).toBe(
    'birnam: what this command prints could not be written: no space is left where it goes (what it does was done all the same)\n',
  )
  expect(code).toBe(words.startsWith('nonsense') ? 2 : 1)
})

test('standard error that takes nothing hides no exit code', () => {
  expect(shell('"$birnam" machine show nobody 2>/dev/full').code).toBe(1)
  expect(shell('"$birnam" machine list 2>/dev/full >/dev/null').code).toBe(0)
})

test('a token that could not be told is taken back', () => {
  const { code, err } = shell('"$birnam" token create macduff >/dev/full')
  expect([code, err]).toEqual([1, expect.stringContaining('no token was made') as string])
  expect(shell('"$birnam" token ls').out).not.toContain('macduff')
})
