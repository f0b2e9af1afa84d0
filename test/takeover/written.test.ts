import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aMachine } from '../site.ts'
import { writeDraft, type Draft } from '../../src/takeover/written.ts'
import { openOld } from './place.ts'

const draft: Draft = { file: 'old.yaml', head: 'Old things.', machines: [aMachine('duncan')] }

test('a draft is one file named after its source, and what it copies', () => {
  using old = openOld({ 'from/kernel': 'k', 'site/fleet.yaml': 'machines: []\n' })
  const files = [
    { path: 'files/a/kernel', from: old.at('from/kernel') },
    { path: 'answers/a.sh', text: '#!/bin/sh\n', mode: 0o755 },
    { path: 'files/b', bytes: Buffer.from([1, 0]) },
  ]
  const written = writeDraft(old.site, { ...draft, files }, { dryRun: false })
  expect(written).toEqual({ files: ['files/a/kernel', 'answers/a.sh', 'files/b', 'old.yaml'], server: false })
  expect(old.text('files/a/kernel')).toBe('k')
  expect(statSync(join(old.site, 'answers/a.sh')).mode & 0o777).toBe(0o755)
  expect(old.load().machines.map(({ name }) => name)).toEqual(['duncan'])
  expect(readdirSync(old.site).toSorted()).toEqual(['answers', 'files', 'fleet.yaml', 'old.yaml'])
})

test('when something cannot be copied, nothing is left of the others, not even the site', () => {
  using old = openOld({ 'from/kernel': 'k' })
  const files = [
    { path: 'files/a', from: old.at('from/kernel') },
    { path: 'files/b', from: old.at('from/gone') },
  ]
  expect(() => writeDraft(old.site, { ...draft, files }, { dryRun: false })).toThrow(/ENOENT/)
  expect(readdirSync(old.directory)).toEqual(['from'])
})

test('what is there is never replaced, and no link is written through', () => {
  using old = openOld({ 'site/files/a': 'mine', 'site/b': 'a file', 'elsewhere/x': '' })
  symlinkSync(old.at('elsewhere'), join(old.site, 'c'))
  const files = ['files/a', 'files/n', 'b/deep/er', 'c/y'].map((path) => ({ path, text: 'new' }))
  expect(() => writeDraft(old.site, { ...draft, files }, { dryRun: false })).toThrow(
    /these are in the site already: files\/a, b, c$/,
  )
  expect([old.text('files/a'), readdirSync(old.at('elsewhere')), existsSync(join(old.site, 'old.yaml'))]).toEqual([
    'mine',
    ['x'],
    false,
  ])
})

test('what does not fit to the site is told with its file and line, and nothing is written', () => {
  using old = openOld({ 'site/fleet.yaml': 'machines:\n  - { name: duncan, mac: "52:54:00:77:00:99" }\n' })
  expect(() => writeDraft(old.site, draft, { dryRun: true })).toThrow(
    /the name duncan belongs to duncan \(fleet\.yaml:2\)/,
  )
  expect(readdirSync(old.site)).toEqual(['fleet.yaml'])
})

test('a head is one line, whatever stands in it', () => {
  using old = openOld({})
  mkdirSync(old.site)
  writeFileSync(join(old.site, 'birnam.yaml'), 'address: 10.77.0.1\n')
  writeDraft(old.site, { ...draft, head: 'a\nmachines: []\r\u2028x' }, { dryRun: false })
  expect(old.text('old.yaml').split('\n')[0]).toBe('# a machines: []  x')
})
