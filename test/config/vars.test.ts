import { expect, test } from 'vitest'
import { mergeVars } from '../../src/config/vars.ts'
import { good } from './fixture.ts'

const read = () =>
  good({
    'birnam.yaml': 'loader: auto\nvars: { a: site, b: site, c: site, d: site, e: site, map: { x: 1, y: 2 } }\n',
    'fleet.yaml': `machines:
  - { name: duncan, serial: A1, vars: { e: machine, map: { x: 3 } } }
groups:
  - { name: strong, priority: 10, vars: { b: strong, c: strong } }
  - { name: weak, priority: 20, vars: { b: weak, c: weak, d: weak } }
profiles:
  - { name: probe, kind: local, vars: { c: profile } }
`,
  })

test('vars merge site, group, profile, machine: the later wins, and a map replaces a map whole', () => {
  const site = read()
  expect(mergeVars(site, site.groups, site.profiles[0], site.machines[0]).vars).toEqual({
    a: 'site',
    b: 'strong',
    c: 'profile',
    d: 'weak',
    e: 'machine',
    map: { x: 3 },
  })
})

test('each variable knows which noun had the last word, and where that is written', () => {
  const site = read()
  expect(mergeVars(site, site.groups.toReversed(), site.profiles[0], site.machines[0]).origins).toEqual([
    { name: 'a', value: 'site', from: 'site', file: 'birnam.yaml', line: 2 },
    { name: 'b', value: 'strong', from: 'group strong', file: 'fleet.yaml', line: 4 },
    { name: 'c', value: 'profile', from: 'profile probe', file: 'fleet.yaml', line: 7 },
    { name: 'd', value: 'weak', from: 'group weak', file: 'fleet.yaml', line: 5 },
    { name: 'e', value: 'machine', from: 'machine duncan', file: 'fleet.yaml', line: 2 },
    { name: 'map', value: { x: 3 }, from: 'machine duncan', file: 'fleet.yaml', line: 2 },
  ])
})

test('without groups, profile and machine the vars of the site are left', () => {
  expect(mergeVars({ vars: { a: 1 } }, [])).toEqual({
    vars: { a: 1 },
    origins: [{ name: 'a', value: 1, from: 'site' }],
  })
})
