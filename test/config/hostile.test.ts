import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { readSite } from '../../src/config/read.ts'
import { good, said, siteOf } from './fixture.ts'

const vars = (text: string) => good({ 'birnam.yaml': `vars:\n  ${text}\n` }).vars
const yaml = (text: string | Buffer) => said({ 'fleet.yaml': text })

test.each([
  ['mac: 52:54:00:12:34:56', 'a MAC of decimal digits is no sexagesimal number'],
  ['mac: 525400123456', 'a MAC without colons is no number'],
  ['mac: 5254e0123456', 'a MAC is no number with an exponent'],
  ['mac: 52-54-00-12-34-56', 'a MAC with dashes'],
])('%s: %s', (text) => {
  const [machine] = good({ 'fleet.yaml': `machines:\n  - name: duncan\n    ${text}\n` }).machines
  expect(machine?.macs[0]).toMatch(/^52:54:[0e]0:12:34:56$/)
})

test('a MAC of digits keeps its leading zeros', () => {
  const [machine] = good({ 'fleet.yaml': 'machines:\n  - { name: duncan, mac: 001122334455 }\n' }).machines
  expect(machine?.macs).toEqual(['00:11:22:33:44:55'])
})

test('words outside of vars are text: a host called no, a serial number of digits, a version with a zero at its end', () => {
  const site = good({
    'fleet.yaml': `machines:
  - { name: no, mac: 52:54:00:77:00:01, serial: 0012345678901234567890 }
  - { name: 1e3, mac: 52:54:00:77:00:02, hostname: 0x10, serial: true }
distros:
  - { name: '9.10', family: redhat, version: 9.10, kernel: k }
`,
  })
  expect(site.machines.map(({ name, hostname, serial }) => [name, hostname, serial])).toEqual([
    ['no', 'no', '0012345678901234567890'],
    ['1e3', '0x10', 'true'],
  ])
  expect(site.distros[0]?.version).toBe('9.10')
})

test('vars follow YAML 1.2, and a number that would be printed differently stays as it was written', () => {
  expect(vars('{ a: no, b: on, c: true, d: ~, e: 5, f: -2.5, g: 007, h: 1.10, i: 1e3, j: 12:30:00, k: 0x1f }')).toEqual(
    {
      a: 'no',
      b: 'on',
      c: true,
      d: null,
      e: 5,
      f: -2.5,
      g: '007',
      h: '1.10',
      i: '1e3',
      j: '12:30:00',
      k: '0x1f',
    },
  )
  expect(vars('{ id: 12345678901234567890, day: 2026-11-23, tagged: !!str 5, quoted: "5" }')).toEqual({
    id: '12345678901234567890',
    day: '2026-11-23',
    tagged: '5',
    quoted: '5',
  })
})

test('an alias repeats its anchor', () => {
  expect(vars('a: &keys [one, two]\n  b: *keys')).toEqual({ a: ['one', 'two'], b: ['one', 'two'] })
})

test('a YAML bomb is refused before it is unfolded', () => {
  const lines = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]']
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  const [first = ''] = said({ 'birnam.yaml': `vars:\n  ${lines.join('\n  ')}\n` })
  expect(first).toMatch(/^birnam\.yaml:\d+:\d+: aliases stand for more than 10000 values \(use groups/)
})

test.each([
  ['an anchor that holds itself', 'vars:\n  a: &a [*a]', 'nested deeper than 60 levels'],
  ['an alias without an anchor', 'vars:\n  a: *nobody', 'nobody'],
  ['an alias before its anchor', 'vars:\n  a: *b\n  b: &b 1', '*b'],
  ['a merge key', 'vars:\n  a: &a { x: 1 }\n  b: { <<: *a }', 'merge keys (<<) are not part of YAML 1.2'],
  [
    'a key that is there twice',
    'vars:\n  a: 1\n  a: 2',
    'birnam.yaml:3:3: the key a is there twice (keep one of the two)',
  ],
  ['a key that is a list', 'vars:\n  ? [a]\n  : 1', 'a key must be one word of text'],
  ['a key that is nothing', 'vars:\n  : 1', 'a key must be one word of text'],
  ['the key __proto__', 'vars:\n  __proto__: { admin: true }', '__proto__ cannot be a key'],
  ['the key constructor, quoted', 'vars:\n  "constructor": 1', 'constructor cannot be a key'],
  ['a tab as indentation', 'vars:\n\ta: 1', 'birnam.yaml:2:1: Tabs are not allowed as indentation (indent with blanks'],
  [
    'two documents',
    'address: 10.0.0.1\n---\naddress: 10.0.0.2\n',
    'a second YAML document begins here (keep one document in a file)',
  ],
  ['a tag of JavaScript', 'vars:\n  a: !!js/function "x"', 'Unresolved tag'],
  ['bytes in base64', 'vars:\n  a: !!binary aGFsbG8=', 'values with the tag tag:yaml.org,2002:binary are not read'],
  ['a set', 'vars:\n  a: !!set { x }', 'tag'],
  ['a quote that does not end', 'vars:\n  a: "x\n  b: 1\n', 'birnam.yaml:2:6: the " is never closed (close it with ")'],
  ['a quote of the other kind', "vars:\n  a: 'x\n", "birnam.yaml:2:6: the ' is never closed (close it with ')"],
  [
    'a bracket that does not end',
    'vars:\n  a: [x, y\n  b: 1\n',
    'birnam.yaml:2:6: the [ is never closed (close it with ])',
  ],
  [
    'a bracket that does not end, with others after it',
    'vars:\n  a: [x, "y]"\n  b: [z]\n',
    'birnam.yaml:2:6: the [ is never closed (close it with ])',
  ],
  ['a brace that does not end', 'vars:\n  a: { x: 1\n', 'birnam.yaml:2:6: the { is never closed (close it with })'],
  ['a bracket that a brace ends', 'vars:\n  a: [x}\n', 'birnam.yaml:2:6: the [ is never closed (close it with ])'],
  ['a bracket inside a brace', 'vars:\n  a: { b: [1 }\n', 'birnam.yaml:2:11: the [ is never closed (close it with ])'],
  [
    'a list that goes on in the first column',
    'vars:\n  a: [x,\ny]\n',
    'birnam.yaml:3:1: the [ that is open here goes on too far to the left (write it on one line, or indent its lines deeper than the key)',
  ],
  ['a colon in a text without quotes', 'vars:\n  a: b: c', 'Nested mappings are not allowed'],
  ['brackets without end', `vars: ${'['.repeat(200_000)}`, 'nested deeper than 60 levels'],
  ['maps without end', `vars: ${'{a: '.repeat(200_000)}`, 'nested deeper than 60 levels'],
  ['dashes without end', `vars:\n  a: \n   ${'- '.repeat(200_000)}`, 'nested deeper than 60 levels'],
  [
    'stairs without end',
    Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}vars:`).join('\n'),
    'nested deeper',
  ],
])('%s is refused with one clear message', (_, text, wrong) => {
  const problems = said({ 'birnam.yaml': text })
  expect(problems.length).toBe(1)
  expect(problems[0]).toContain(wrong)
})

test('a %YAML 1.1 directive does not bring back its traps', () => {
  expect(good({ 'birnam.yaml': '%YAML 1.1\n---\nvars: { a: no, b: 12:30 }\n' }).vars).toEqual({ a: 'no', b: '12:30' })
})

test('nothing leaks into the prototype of objects', () => {
  said({ 'birnam.yaml': 'vars: { a: { __proto__: { admin: true } } }' })
  expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
})

test.each([
  [
    'bytes that are no UTF-8',
    Buffer.from([0x61, 0x3a, 0x0a, 0xff, 0xfe, 0x0a]),
    'fleet.yaml:2: is not UTF-8 (save it as UTF-8)',
  ],
  ['UTF-16', Buffer.from('\ufeffmachines: []', 'utf16le'), 'is UTF-16 (save it as UTF-8)'],
  ['a NUL', 'machines:\n  - name: a\0b\n', 'fleet.yaml:2: holds the control character \\u0000 (take it out)'],
  ['an escape sequence', '# \u001b[31m\n', 'fleet.yaml:1: holds the control character \\u001b'],
  ['a list instead of a map', '- a', 'fleet.yaml:1:1: must be a map of lists'],
  ['only a word', 'hello', 'fleet.yaml:1:1: must be a map of lists'],
])('%s is refused with its line', (_, text, wrong) => {
  expect(yaml(text)[0]).toContain(wrong)
})

test('a byte order mark, Windows line ends and U+FFFD written on purpose are read', () => {
  const text = '\ufeffvars:\r\n  a: one\r\n  b: "\ufffd"\r\n'
  expect(good({ 'birnam.yaml': text }).vars).toEqual({ a: 'one', b: '\ufffd' })
})

test('a file that is too large is not read', () => {
  const [first = ''] = said({ 'fleet.yaml': Buffer.alloc(16 * 1024 ** 2 + 1, '#') })
  expect(first).toBe('fleet.yaml: is larger than 16 MiB (spread the machines over several files)')
})

test('a site of more than 100 MiB is not read whole', () => {
  const comment = Buffer.alloc(15 * 1024 ** 2, '#')
  const files = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`f${i}.yaml`, comment]))
  expect(said(files)).toEqual(['f6.yaml: with this file the site holds more than 100 MiB (make two sites of it)'])
})

test('a link that leads out of the site is refused, one that stays inside is read', () => {
  const outside = siteOf({ 'secret.yaml': 'machines: []' })
  const directory = siteOf({ '..data/fleet.yaml': 'machines: [{ name: duncan, serial: A1 }]' })
  symlinkSync('..data/fleet.yaml', join(directory, 'fleet.yaml'))
  expect(readSite(directory).site?.machines.length).toBe(1)
  symlinkSync(join(outside, 'secret.yaml'), join(directory, 'z.yaml'))
  symlinkSync('/nowhere/at/all.yaml', join(directory, 'y.yaml'))
  symlinkSync('x.yaml', join(directory, 'x.yaml'))
  expect(readSite(directory).problems.map(({ file, message }) => `${file} ${message}`)).toEqual([
    'x.yaml cannot be read: its link leads in a circle',
    'y.yaml cannot be read: it is not there',
    'z.yaml is a link that leads out of the site directory',
  ])
})

test('a pipe or a directory called like a site file does not stop the server', () => {
  const directory = siteOf({})
  mkdirSync(join(directory, 'a.yaml'))
  execFileSync('mkfifo', [join(directory, 'b.yaml')])
  writeFileSync(join(directory, 'c.yml'), '')
  expect(readSite(directory).problems.map(({ file, message, severity }) => [file, message, severity])).toEqual([
    ['a.yaml', 'is not a regular file', 'error'],
    ['b.yaml', 'is not a regular file', 'error'],
    ['c.yml', 'is not read', 'warning'],
  ])
})

test('a directory that is not there is a problem, an empty one only a warning', () => {
  expect(readSite('/nowhere/at/all').problems).toEqual([
    {
      file: '/nowhere/at/all',
      line: 0,
      field: '',
      message: 'the site directory cannot be read: it is not there',
      hint: 'name the site directory with --site or BIRNAM_SITE',
      severity: 'error',
    },
  ])
  const { site, problems } = readSite(siteOf({}))
  expect([site?.machines, problems.map(({ severity }) => severity)]).toEqual([[], ['warning']])
})

test('of thousands of problems the first 200 are told, and how many there are', () => {
  const machines = Array.from({ length: 3000 }, (_, i) => `  - { name: m${i}, mac: zz }`)
  const problems = said({ 'fleet.yaml': `machines:\n${machines.join('\n')}\n` })
  expect(problems.length).toBe(201)
  expect(problems).toContain('fleet.yaml: 2800 more problems like these (mend the first ones and look again)')
})
