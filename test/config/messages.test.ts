import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { said, siteOf, write } from './fixture.ts'

const inProfile = (rest: string) => `profiles:\n  - { name: p, kind: local, ${rest} }\n`

/** What people write, and all that they are told. */
test.each<[string, string, string]>([
  [
    'a key in the wrong column',
    'machines:\n  - name: a\n   mac: 52:54:00:77:00:01\n',
    'fleet.yaml:3:1: this line begins in another column than the item that it belongs to (keys of one item begin in the same column, that of the key behind the dash)',
  ],
  [
    'a key without its colon',
    'machines:\n  - name a\n    mac: 52:54:00:77:00:01\n',
    'fleet.yaml:2:5: a key must stand on one line with its colon (write key: value, with the colon and a blank; a text that holds ": " needs quotes)',
  ],
  [
    'a map where a list is wanted',
    'machines:\n  a: { mac: 52:54:00:77:00:01 }\n',
    'fleet.yaml:2:3: machines: must be a list, not a map (begin each item with a dash: - name: …)',
  ],
  [
    "Cobbler's kickstart",
    inProfile('kickstart: a.ks'),
    'fleet.yaml:2:29: profiles[0].kickstart: unknown key kickstart (this is a key of Cobbler; here it is answer:, with the path of a template)',
  ],
  [
    "Cobbler's ksmeta",
    inProfile('ksmeta: a=b'),
    'fleet.yaml:2:29: profiles[0].ksmeta: unknown key ksmeta (this is a key of Cobbler; here it is vars:, a map)',
  ],
  [
    "Cobbler's keys for guests",
    inProfile('virt_ram: 512'),
    'fleet.yaml:2:29: profiles[0].virt_ram: unknown key virt_ram (this is a key of Cobbler, for koan, which makes guests; birnam makes none: take it out)',
  ],
  [
    "Cobbler's systems",
    'systems:\n  - name: a\n',
    'fleet.yaml:1:1: systems: unknown key systems (this is a key of Cobbler; here it is machines:)',
  ],
])('%s', (_, text, sentence) => expect(said({ 'fleet.yaml': text })).toEqual([sentence]))

test('a Node that is too old is told in one sentence, and so is none', () => {
  const home = siteOf({ 'old/node': '#!/bin/sh\necho v20.19.0\n' })
  mkdirSync(join(home, 'tools'))
  for (const name of ['birnam', 'with-node']) copyFileSync(join('tools', name), join(home, 'tools', name))
  chmodSync(join(home, 'old/node'), 0o755)
  const run = (path: string) => {
    const { status, stdout, stderr } = spawnSync('/bin/sh', [join(home, 'tools/birnam')], {
      env: { PATH: path },
      encoding: 'utf8',
    })
    return [status, stdout, stderr.replaceAll(home, 'HOME')]
  }
  const told = (what: string) => [
    1,
    '',
    `birnam: it needs Node 24 or newer, and here is ${what} (npm ci in HOME brings the one that it runs on)\n`,
  ]
  expect(run(`${home}/old:/usr/bin:/bin`)).toEqual(told('20.19.0'))
  write(home, 'old/node', '#!/bin/sh\nexit 127\n')
  expect(run(`${home}/old:/usr/bin:/bin`)).toEqual(told('none'))
})
