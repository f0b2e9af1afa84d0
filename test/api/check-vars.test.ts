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
  expect(await said({ ...probe, 'birnam.yaml': 'address: 10.77.0.1\nvars:\n  other: 1\n  quiet: no\n' })).toEqual([
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
