import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { readTarget } from '../../src/http/target.ts'

const names: readonly (readonly [url: string, name: string])[] = [
  ['/grubx64.efi', 'grubx64.efi'],
  ['//grubx64.efi', 'grubx64.efi'],
  ['/', ''],
  ['/s/id//boot.ipxe?mac=52%3A54', 's/id/boot.ipxe'],
  ['/pxelinux.cfg/01-52-54-00-77-00-01', 'pxelinux.cfg/01-52-54-00-77-00-01'],
  ['/a%20b', 'a b'],
  ['/%252e%252e/x', '%2e%2e/x'],
  ['/caf%C3%A9', 'café'],
  ['/caf\xc3\xa9', 'café'],
  ['http://evil.example/kernel', 'kernel'],
  ['HTTP://evil.example:99999', ''],
  ['http://evil.example?x', ''],
]

test.each(names)('%s is the name %j', (url, name) => {
  expect(readTarget(url)).toMatchObject({ ok: true, name })
})

const hostile: readonly string[] = [
  '/../etc/passwd',
  '/a/../b',
  '/a/..',
  '/a/.',
  '/./a',
  '/..;/api',
  '/%2e%2e/x',
  '/%2e%2e%2fx',
  '/a%5c..%5cb',
  '/a\\b',
  '/a%00.efi',
  '/a%0d%0ab',
  '/a%7f',
  '/%',
  '/%zz',
  '/%c0%ae%c0%ae/x',
  '/\xff',
  '*',
  'grubx64.efi',
  'ftp://host/x',
  'javascript:alert(1)',
  '',
]

test.each(hostile)('%j is refused as no clear name', (url) => {
  expect(readTarget(url)).toMatchObject({ ok: false, status: 400 })
})

test('a name of 10 kB is too long, and so is a URL of 9 kB', () => {
  expect(readTarget(`/${'a'.repeat(10_000)}`)).toMatchObject({ ok: false, status: 414 })
  expect(readTarget(`/${'a'.repeat(2000)}`)).toMatchObject({ ok: false, status: 414 })
  expect(readTarget(`/x?${'a'.repeat(9000)}`)).toMatchObject({ ok: false, status: 414 })
})

test.each(['//api/x', '/api//x', '/%61pi/x', '/api/a%2fb', '/a%70i'])('%s is not written plainly', (url) => {
  expect(readTarget(url)).toMatchObject({ ok: true, plain: false })
})

test.each(['/api/machines', '/api/machines/', '/api/machines/a%20b', '/r/token'])('%s is written plainly', (url) => {
  expect(readTarget(url)).toMatchObject({ ok: true, plain: true })
})

test('whatever is asked, a name never climbs, never is absolute and never holds a control character', () => {
  const pieces = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '\\',
    '%00',
    'a',
    '%',
    '%25',
    ';',
    '?',
    '#',
    '\xc3',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 12 }), (parts) => {
      const target = readTarget(`/${parts.join('')}`)
      if (!target.ok) return
      const segments = target.name.split('/')
      expect(segments).not.toContain('..')
      expect(segments).not.toContain('.')
      expect(target.name.startsWith('/')).toBe(false)
      // oxlint-disable-next-line no-control-regex -- what must not be there
      expect(target.name).not.toMatch(/[\0-\x1f\x7f\\]/)
    }),
  )
})
