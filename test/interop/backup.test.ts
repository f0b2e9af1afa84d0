import { execa } from 'execa'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files } from '../house.ts'
import { openServed } from './served.ts'

const { 'birnam.yaml': _, ...site } = files
const birnam = join(import.meta.dirname, '../../tools/birnam')

test('a backup beside a running server becomes another one, whose machines boot their disks', async () => {
  await using served = await openServed(site)
  await served.start()
  await served.birnam('reinstall', 'duncan')
  const file = join(served.directory, 'birnam.backup')
  const made = await served.birnam('backup', file)
  expect([made.code, made.out]).toEqual([0, expect.stringContaining('Its permits are withdrawn in the backup')])
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
  expect((await served.birnam('machine', 'show', 'duncan')).out).toContain('armed')
  const running = await served.birnam('restore', file, '--replace')
  expect([running.code, running.err]).toEqual([
    1,
    expect.stringContaining('another Birnam works with the data directory'),
  ])
  await served.stop()
  const refused = await served.birnam('restore', file)
  expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/is not empty \(.*--replace/)])
  const restored = await served.birnam('restore', file, '--replace')
  expect([restored.code, restored.out]).toEqual([0, expect.stringContaining('Withdrawn: duncan.')])
  await served.start()
  const shown = await served.birnam('machine', 'show', 'duncan')
  expect(shown.out).toMatch(
    /state {4}idle\n[^]*why {6}this state is from a backup of .* UTC, and a backup allows nothing/,
  )
  expect((await served.birnam('reinstall', 'duncan')).out).toContain('Boot it from the network now.')
})

test('a command with another data directory than the running server of its site is refused, with both paths', async () => {
  await using served = await openServed(site)
  await served.start()
  const other = join(served.directory, 'other')
  const words = ['--site', join(served.directory, 'site'), '--data', other, 'reinstall', 'duncan']
  const { exitCode, stderr } = await execa(birnam, words, { reject: false, stdin: 'ignore' })
  expect(exitCode).toBe(1)
  expect(stderr).toContain(`no server runs with the data directory ${other}; the one of the site`)
  expect(stderr).toContain(`runs with ${join(served.directory, 'data')}`)
  expect((await served.birnam('machine', 'show', 'duncan')).out).toContain('permit   none')
  expect(existsSync(join(served.directory, 'data/birnam.sock'))).toBe(true)
})
