import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { replaced } from '../../src/cobbler/known.ts'

const page = readFileSync('docs/from-cobbler.md', 'utf8')

test('docs/from-cobbler.md names every snippet whose work is done otherwise here', () => {
  expect([...replaced.keys()].filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

// Cobbler 3.3: the command line's reference.
const commands =
  'distro profile system repo sync import check replicate reposync buildiso mkloaders signature aclsetup hardlink validate-autoinstalls setting list'

test('docs/from-cobbler.md has a line for each of its commands', () => {
  const lines = page.split('\n').filter((line) => line.startsWith('|'))
  const isThere = (command: string): boolean =>
    lines.some((line) => new RegExp(`\`cobbler ${command}\\b[^|]*\\| .{5}`).test(line))
  expect(commands.split(' ').filter((command) => !isThere(command))).toEqual([])
})
