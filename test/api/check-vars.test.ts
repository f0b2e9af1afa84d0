import { expect, test } from 'vitest'
import { checkHouse } from '../../src/api/check.ts'
import { files, openHouse } from '../house.ts'

const fleet = files['fleet.yaml']!

/** What is said about a site, one line each; which loaders there are is the host's business. */
async function said(change: Readonly<Record<string, string>>): Promise<readonly string[]> {
  using house = openHouse(change)
  const found = await checkHouse(house.house, house.shelf, () => Promise.resolve([]))
  return found
    .filter(({ message }) => !message.startsWith('the loader '))
    .map(({ file, line, machine, message }) => `${file}:${line}: ${machine}: ${message}`)
}

const complaint = 'must be true or false, not the text "no", for macduff'

test('a text where a switch is wanted is told with the line of the template and the line of the variable', async () => {
  const probe = { 'answers/probe.hbs': 'a\n{{#if (flag vars.quiet)}}q{{/if}}\n' }
  expect(await said({ ...probe, 'birnam.yaml': 'address: 10.77.0.1\nvars:\n  # A switch.\n  quiet: no\n' })).toEqual([
    `answers/probe.hbs:2: macduff: vars.quiet (site, birnam.yaml:4) ${complaint}`,
  ])
  const grouped = `${fleet}groups:\n  - name: g\n    machines: [macduff]\n    vars:\n      quiet: no\n`
  expect(await said({ ...probe, 'fleet.yaml': grouped })).toEqual([
    `answers/probe.hbs:2: macduff: vars.quiet (group g, fleet.yaml:12) ${complaint}`,
  ])
})

test('a switch of an item of a list is told with the line of the list', async () => {
  const found = await said({
    'answers/probe.hbs': '{{#each vars.users as |user|}}{{#unless (eq (flag user.sudo) false)}}s{{/unless}}{{/each}}\n',
    'birnam.yaml': 'address: 10.77.0.1\nvars:\n  users:\n    - { name: macbeth, sudo: no }\n',
  })
  expect(found).toEqual([`answers/probe.hbs:1: macduff: user.sudo (site, birnam.yaml:3) ${complaint}`])
})

test('a variable that no template reads is told where it is set, with the one that was meant', async () => {
  const change = {
    'fleet.yaml': fleet.replace(
      'answer: answers/probe.hbs',
      'answer: answers/probe.hbs, vars: { pakages: [vim], seen: 1 }',
    ),
    'answers/probe.hbs': '{{#each (items vars.packages)}}{{this}}{{/each}}{{vars.seen}}\n',
  }
  expect(await said(change)).toEqual(['fleet.yaml:7: undefined: vars.pakages is read by no template of this site'])
  expect(await said({ ...change, 'answers/all.hbs': '{{json vars}}' })).toEqual([])
})

test('a password where its hash is wanted is told, and not shown', async () => {
  const change = (value: string) => ({
    'birnam.yaml': `address: 10.77.0.1\nvars:\n  users:\n    - { name: macbeth, password_hash: "${value}" }\n`,
    'answers/probe.hbs': '{{#each vars.users}}{{default password_hash "none"}}{{/each}}\n',
  })
  expect(await said(change('out, damned spot'))).toEqual([
    'birnam.yaml:3: undefined: vars.users.password_hash is no hash of a password',
  ])
  for (const hash of ['$6$salt$hash', '$y$j9T$salt$hash', '!', '*', '']) expect(await said(change(hash))).toEqual([])
})

test('a machine without an address of its own is checked with one that it would be leased', async () => {
  const pool = (mode: string) => ({
    'birnam.yaml': `address: 10.77.0.1\ndhcp:\n  mode: ${mode}\n  subnets: [{ cidr: 10.77.0.0/24, range: 10.77.0.100-10.77.0.199 }]\n`,
    'fleet.yaml': fleet
      .replace(', ip: 10.77.0.12', '')
      .replace('probe={{answer.url}}', 'probe={{answer.url}} {{machine.ip}}'),
    'answers/probe.hbs': '{{network.prefix}} {{machine.ip}}\n',
  })
  expect(await said(pool('server'))).toEqual([])
  expect(await said(pool('off'))).toContain('answers/probe.hbs:1: macduff: network.prefix has no value, for macduff')
})
