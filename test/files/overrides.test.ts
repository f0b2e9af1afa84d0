import { execFileSync } from 'node:child_process'
import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { overridesOf, type Override } from '../../src/files/overrides.ts'
import { overridesTar } from '../../src/files/overrides-tar.ts'
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

test('the tar holds what won, with templates rendered, permissions kept, and root as the owner', async () => {
  using house = openHouse({ ...layers, 'overrides/all/big': 'x'.repeat(1_500_000) })
  chmodSync(join(house.directory, 'overrides/strong/usr/bin/tool'), 0o4755)
  symlinkSync('../usr/bin/tool', join(house.directory, 'overrides/all/etc/ünïcode'))
  const machine = house.house.registry.named('duncan')!
  const tar = Buffer.concat(await overridesTar(house.house, machine, { machine }).toArray())
  const listed = execFileSync('tar', ['--list', '--verbose', '--numeric-owner'], {
    input: tar,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  expect(
    listed
      .split('\n')
      .filter((line) => !line.startsWith('d') && line !== '')
      .map(short),
  ).toEqual([
    '-rw-r--r-- 0/0 1500000 big',
    '-rw-r--r-- 0/0 17 etc/hostname',
    '-rw-r--r-- 0/0 6 etc/motd',
    '-rw-r--r-- 0/0 1 etc/only-all',
    'lrwxrwxrwx 0/0 0 etc/\\303\\274n\\303\\257code -> ../usr/bin/tool',
    '-rwsr-xr-x 0/0 10 usr/bin/tool',
  ])
  const hostname = execFileSync('tar', ['--extract', '--to-stdout', 'etc/hostname'], {
    input: tar,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  expect(hostname).toBe('king.example.org\n')
})

function short(line: string): string {
  const [mode, owner, size, , , ...name] = line.split(/\s+/)
  return [mode, owner, size, ...name].join(' ')
}

test('an override whose template has no value is told with its line, before a byte goes out', () => {
  using house = openHouse({ ...layers, 'overrides/all/etc/bad.hbs': '\n{{vars.nothing}}' })
  const machine = house.house.registry.named('duncan')!
  expect(() => overridesTar(house.house, machine, { machine })).toThrow('vars.nothing has no value, for duncan')
})
