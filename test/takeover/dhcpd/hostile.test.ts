import { execFileSync } from 'node:child_process'
import { existsSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Fault } from '../../../src/fault.ts'
import { importDhcpd } from '../../../src/takeover/dhcpd/import.ts'
import { openOld, sentences, type OldPlace } from '../place.ts'

const subnet = 'subnet 10.77.0.0 netmask 255.255.255.0 { }\n'

function refused(old: OldPlace): Fault {
  try {
    importDhcpd(old.at('dhcpd.conf'), { site: old.site, dryRun: false })
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('it was taken')
}

test.each([
  [
    'a block that is never closed',
    'subnet 10.77.0.0 netmask 255.255.255.0 {\n range 10.77.0.1;\n',
    1,
    /the block that begins here \(subnet\) is never closed/,
  ],
  ['a text without its end', '\n\noption domain-name "example.org;\n}\n', 3, /has no closing quote/],
  ['a brace too many', `${subnet}}\n`, 2, /a } closes nothing/],
  ['a brace without a word', '{ }', 1, /a { stands without a word/],
  ['a statement without an end', `${subnet}authoritative`, 2, /\(authoritative\) has no ;/],
  [
    'a statement that ends with its block',
    'subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.1 }',
    1,
    /\(range\) has no ;/,
  ],
  ['ten thousand braces', 'group {'.repeat(10_000), 1, /nested more than 100 deep/],
  ['a value in braces that is not closed', 'option x code 100 = { integer 8;\n', 1, /a ; stands inside/],
  ['host bits in a subnet', 'subnet 10.77.0.7 netmask 255.255.255.0 { }', 1, /not the first address of a network/],
  ['a mask with holes', 'subnet 10.77.0.0 netmask 255.0.255.0 { }', 1, /this is no subnet/],
  ['a NUL in the third line', '#\n#\n#\0\n', 3, /holds a NUL byte/],
])('%s is one sentence with its line, and nothing is written', (_, text, line, message) => {
  using old = openOld({ 'dhcpd.conf': text })
  const { code, detail, message: said } = refused(old)
  expect([code, detail.file, detail.line]).toEqual(['config-invalid', old.at('dhcpd.conf'), line])
  expect(said).toMatch(message)
  expect(existsSync(old.site)).toBe(false)
})

test('a secret in a broken file is not repeated', () => {
  using old = openOld({ 'dhcpd.conf': 'key k { algorithm hmac-md5; secret c2VjcmV0LXNlY3JldA==' })
  expect(refused(old).toString()).not.toContain('c2Vj')
})

test.each([
  ['of itself', { 'dhcpd.conf': 'include "dhcpd.conf";\n' }],
  [
    'of each other',
    { 'dhcpd.conf': 'include "a.conf";\n', 'a.conf': 'include "b.conf";\n', 'b.conf': 'include "a.conf";\n' },
  ],
])('an include %s is refused with its line', (_, files) => {
  using old = openOld(files)
  const fault = refused(old)
  expect(fault.message).toMatch(/includes itself|include each other/)
  expect(fault.detail.line).toBe(1)
})

test('files that double with each include end at 32 MiB, not at the end of the memory', () => {
  const files = Object.fromEntries(
    Array.from({ length: 14 }, (_, number) => [`${number}.conf`, `include "${number + 1}.conf";\n`.repeat(8)]),
  )
  using old = openOld({ ...files, 'dhcpd.conf': 'include "0.conf";\n', '14.conf': `#${'x'.repeat(100_000)}\n` })
  expect(refused(old).message).toMatch(/more than 32 MiB/)
})

test('50 MiB are refused before they are read', () => {
  using old = openOld({ 'dhcpd.conf': subnet })
  truncateSync(old.at('dhcpd.conf'), 50 * 1024 ** 2)
  expect(refused(old).message).toMatch(/more than 32 MiB to read/)
})

test('random bytes, a directory, and a file of nothing are no dhcpd.conf', () => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, at) => ((at * 7919) % 251) + 1))
  using old = openOld({ 'dhcpd.conf': bytes })
  expect(refused(old).code).toBe('config-invalid')
  writeFileSync(old.at('dhcpd.conf'), '# nothing\n')
  expect(refused(old).message).toMatch(/names no subnet and no host/)
  expect(() => importDhcpd(old.directory, { site: old.site, dryRun: false })).toThrow(/is no file/)
})

test('a pipe and a device that are included are not read', () => {
  using old = openOld({ 'dhcpd.conf': `${subnet}include "pipe";\ninclude "/dev/zero";\n` })
  execFileSync('mkfifo', [old.at('pipe')])
  const { left } = importDhcpd(old.at('dhcpd.conf'), { site: old.site, dryRun: true })
  expect(sentences(left)).toEqual(['2 include pipe: it is not there', '3 include /dev/zero: it is not there'])
})

test('a hundred thousand lines of what is not taken are told in one', () => {
  using old = openOld({ 'dhcpd.conf': subnet + 'option x-y 1;\n'.repeat(100_000) })
  const { left } = importDhcpd(old.at('dhcpd.conf'), { site: old.site, dryRun: true })
  expect(sentences(left)).toEqual(['2 option x-y, and 99999 more of it: it is not taken: write it under options:'])
})

test('names that no machine can have are made fit, and control characters reach no comment', async () => {
  using old = openOld({
    'dhcpd.conf\n- evil': `${subnet}host -../../x { hardware ethernet 52:54:00:77:00:01; }\nhost "\\n" { }\nhost { }\n`,
  })
  const { left } = importDhcpd(old.at('dhcpd.conf\n- evil'), { site: old.site, dryRun: false })
  expect(old.load().machines.map(({ name }) => name)).toEqual(['x'])
  expect(sentences(left)).toHaveLength(3)
  expect(old.text('dhcpd.yaml').split('\n')[0]).toMatch(/^# What ISC dhcpd had/)
  expect(await old.errors()).toEqual([])
})
