import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { overridesOf, type Override } from '../../src/files/overrides.ts'
import { openHouse, type TestHouse } from '../house.ts'

const fleet = `
machines:
  - { name: duncan, hostname: king.example.org, mac: "52:54:00:77:00:01", ip: 10.77.0.11 }
groups:
  - { name: weak, machines: ["d*"], priority: 200 }
  - { name: strong, machines: ["d*"], priority: 10 }
  - { name: others, machines: [macbeth] }
  - { name: macduffs, machines: [] }
`
const layers = {
  'fleet.yaml': fleet.replace('[macbeth]', '["m*"]'),
  'overrides/all/etc/motd': 'all',
  'overrides/all/etc/only-all': 'x',
  'overrides/weak/etc/motd.hbs': '{{machine.name}}',
  'overrides/strong/etc/motd': 'strong',
  'overrides/strong/usr/bin/tool': '#!/bin/sh\n',
  'overrides/king.example.org/etc/hostname.hbs': '{{machine.hostname}}\n',
  'overrides/others/etc/motd': 'not for duncan',
}

function of(house: TestHouse): readonly Override[] {
  return overridesOf(house.house, house.house.registry.named('duncan')!)
}

test('whatever is laid over later wins: all, groups from the weakest, the machine; and it is told what it hides', () => {
  using house = openHouse(layers)
  const told = of(house)
    .filter(({ kind }) => kind === 'file')
    .map(({ path, layer, hides, isTemplate }) => [path, layer, hides.join(' '), isTemplate])
  expect(told).toEqual([
    ['etc/hostname', 'king.example.org', '', true],
    ['etc/motd', 'strong', 'all weak', false],
    ['etc/only-all', 'all', '', false],
    ['usr/bin/tool', 'strong', '', false],
  ])
})

test('a directory comes before what is in it, and a link stays a link', () => {
  using house = openHouse(layers)
  symlinkSync('/usr/share/zoneinfo/UTC', join(house.directory, 'overrides/all/etc/localtime'))
  const found = of(house)
  expect(found.slice(0, 1)).toMatchObject([{ path: 'etc', kind: 'directory' }])
  expect(found.find(({ path }) => path === 'etc/localtime')).toMatchObject({
    kind: 'link',
    target: '/usr/share/zoneinfo/UTC',
  })
})

test('a pipe is refused by name', () => {
  using house = openHouse(layers)
  execFileSync('mkfifo', [join(house.directory, 'overrides/all/etc/pipe')])
  expect(() => of(house)).toThrow('overrides/all/etc/pipe is neither file, directory nor link')
})

test('a site without overrides has none', () => {
  using house = openHouse({ 'fleet.yaml': fleet.replace('[macbeth]', '["m*"]') })
  expect(of(house)).toEqual([])
})
