import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Paths } from '../../src/config/paths.ts'
import { readSite } from '../../src/config/read.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const examples = readdirSync(join(checkout, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.endsWith('.data'))
  .map(({ name }) => name)

test.each(examples)('examples/%s is a site without errors or warnings, and its answers are there', (name) => {
  const directory = join(checkout, 'examples', name)
  const { site, problems } = readSite(directory)
  expect(problems).toEqual([])
  const paths = new Paths(directory, checkout)
  for (const profile of site!.profiles) {
    if ('answer' in profile && profile.answer !== undefined) expect(paths.find(profile.answer)).toBeDefined()
  }
})

test('the site that npm start serves needs no root and answers no DHCP', () => {
  const { server, machines } = readSite(join(checkout, 'examples/first-boot')).site!
  expect([server.http.port, server.tftp.port, server.dhcp.mode]).toEqual([8080, 6969, 'off'])
  expect(machines.map(({ name, profile }) => [name, profile])).toEqual([
    ['duncan', 'probe'],
    ['malcolm', 'disk'],
  ])
})

test('no example holds a file of more than 64 KiB in git', () => {
  const listed = execFileSync('git', ['ls-tree', '-r', '-l', 'HEAD', 'examples'], { cwd: checkout, encoding: 'utf8' })
  const large = listed.split('\n').filter((line) => Number(line.split(/\s+/)[3]) > 65_536)
  expect(large).toEqual([])
})
