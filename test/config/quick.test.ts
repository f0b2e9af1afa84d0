import * as fc from 'fast-check'
import { stringify } from 'yaml'
import { expect, test } from 'vitest'
import { readQuick } from '../../src/config/quick.ts'
import { Source } from '../../src/config/source.ts'
import { YamlTree } from '../../src/config/yaml.ts'
import { readSite } from '../../src/config/read.ts'
import { birnamYaml, fleetYaml } from './design.ts'
import { siteOf } from './fixture.ts'

const slow = (text: string): unknown => YamlTree.parse(text).toValue()

/** What the whole parser says, or that it refuses. */
function slowly(text: string): unknown {
  try {
    return slow(text)
  } catch {
    return 'refused'
  }
}

test('the files of the design are read the same by both readers', () => {
  for (const text of [birnamYaml, fleetYaml]) expect(readQuick(text)?.value).toEqual(slow(text))
})

test('a fleet as programs write it is read by the quick reader, with the lines of its items', () => {
  const text =
    '---\nmachines:\n- name: a\n  mac: [52:54:00:00:00:01]\n\n# two\n- name: b\n  vars:\n    n: 007\n    list:\n    - x\n'
  const quick = readQuick(text)
  expect(quick?.value).toEqual(slow(text))
  expect(quick?.items.get('machines')).toEqual([
    { start: 3, end: 7 },
    { start: 7, end: 12 },
  ])
})

test.each([
  'a: &x 1\nb: *x\n',
  'a: |\n  text\n',
  'a: one\n  two\n',
  'a: "one\n  two"\n',
  'a: "\\u0041"\n',
  'a:\n\t- b\n',
  'a: 1\na: 2\n',
  '__proto__: 1\n',
  'a: b: c\n',
  'a: 1\n---\nb: 2\n',
  '? a\n: b\n',
  'a: !!str 1\n',
  'a: [b\n]\n',
  'a:\n  b: 1\n c: 2\n',
  '- a\n',
  'a: 1\n  b: 2\n',
  'a: [b: c]\n',
  'a: {b}\n',
  'a: \u00a0b\n',
])('%j is left to the whole parser', (text) => {
  expect(readQuick(text)).toBe(undefined)
})

// prettier-ignore
const pieces = [
  'machines:', 'vars:', 'a:', 'b:', ' ', '  ', '    ', '\n', '\n', '\n  ', '\n    ', '- ', '-', 'x', 'no', '~', '007', '5', '1.5',
  '"q"', "'s'", "'it''s'", '[', ']', '{', '}', ', ', ',', ': ', ':', ' #c', '#', '52:54:00:00:00:01', '&a', '*a', '|', '>', '!', '%', '@',
  '---', '...', '?', '"', "'", '\\', '\t', '\r\n', 'null', '<<', '__proto__', 'é', '-1', '.5',
]

test('whatever the quick reader reads, the whole parser reads the same', () => {
  const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(texts, (text) => {
      const quick = readQuick(text)
      if (quick) expect(quick.value).toEqual(slowly(text))
    }),
    { numRuns: 20_000 },
  )
})

test('fleets that were mutated in one place are read the same, or not at all', () => {
  const change = fc.tuple(fc.nat(fleetYaml.length), fc.nat(3), fc.constantFrom(...pieces))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const text = changes.reduce(
        (old, [at, gone, piece]) => old.slice(0, at) + piece + old.slice(at + gone),
        fleetYaml,
      )
      const quick = readQuick(text)
      if (quick) expect(quick.value).toEqual(slowly(text))
    }),
    { numRuns: 2000 },
  )
})

test('what a YAML writer makes of any values, both read the same', () => {
  const word = fc.oneof(fc.string(), fc.constantFrom('no', '~', '1.10', 'a: b', '- x', '#', "it's"), fc.integer())
  const noun = fc.dictionary(fc.constantFrom('name', 'mac', 'args'), fc.oneof(word, fc.array(word, { maxLength: 3 })))
  fc.assert(
    fc.property(fc.record({ machines: fc.array(noun, { maxLength: 4 }) }), (site) => {
      const text = stringify(site)
      const quick = readQuick(text)
      if (quick) expect(quick.value).toEqual(slowly(text))
    }),
  )
})

/** Longer than what is read by the whole parser anyway. */
function bigFleet(odd: string): string {
  const machine = (i: number): string =>
    `  - name: m${i}\n    mac: 52:54:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}\n`
  return `machines:\n${Array.from({ length: 1000 }, (_, i) => (i === 900 ? odd : machine(i))).join('')}`
}

test('in a big file problems have the same places as in a small one', () => {
  const odd = '  - name: odd\n    # a comment\n    mac:\n      - 52:54:00:77:00:01\n      - zz\n    rofile: x\n'
  const { problems } = readSite(siteOf({ 'fleet.yaml': bigFleet(odd) }))
  expect(problems.map(({ line, column, field }) => [line, column, field])).toEqual([
    [1806, 9, 'machines[900].mac[1]'],
    [1807, 5, 'machines[900].rofile'],
  ])
})

test('a file of megabytes that only the whole parser reads is worth a warning', () => {
  const text = `vars:\n  a: &a 1\n  text: |\n${'    line\n'.repeat(150_000)}`
  const { site, problems } = readSite(siteOf({ 'birnam.yaml': text }))
  expect(site?.vars['a']).toBe(1)
  expect(problems.map(({ message }) => message)).toEqual(['this large file is in a style that takes long to read'])
})

test('a big file that only the whole parser reads gives the same site', () => {
  const fleet = bigFleet('  - name: odd\n    mac: 52:54:00:77:00:01\n')
  const [quick, whole] = [fleet, `${fleet}groups: &none []\n`].map(
    (text) => readSite(siteOf({ 'fleet.yaml': text })).site,
  )
  expect(readQuick(`${fleet}groups: &none []\n`)).toBe(undefined)
  expect(quick?.machines).toEqual(whole?.machines)
  expect(new Source('fleet.yaml', fleet).lineOf('machines', 900)).toBe(1802)
})
