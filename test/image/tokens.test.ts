import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { allows, TokenBook, type TokenWish } from '../../src/image/tokens.ts'

const now = Date.UTC(2026, 0, 1)
const day = 86_400_000
const ci: TokenWish = { name: 'ci', may: 'push', images: [], by: 'macbeth' }

function openBook(): Disposable & { readonly book: TokenBook; readonly directory: string; again(): TokenBook } {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-tokens-'))
  const again = (): TokenBook => new TokenBook(join(directory, 'tokens'))
  return { book: again(), again, directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}

test.each<[string, Partial<TokenWish>, 'pull' | 'push', string, number, boolean]>([
  ['a puller pulls', { may: 'pull' }, 'pull', 'porter', now, true],
  ['a puller does not push', { may: 'pull' }, 'push', 'porter', now, false],
  ['a pusher pulls', {}, 'pull', 'porter', now, true],
  ['its images only', { images: ['porter'] }, 'push', 'king', now, false],
  ['not what only begins so', { images: ['porter'] }, 'push', 'porter/gate', now, false],
  ['all below', { images: ['team/*'] }, 'push', 'team/a/b', now, true],
  ['below is not beside', { images: ['team/*'] }, 'push', 'teams', now, false],
  ['until its end', { expiresAt: now + 1 }, 'pull', 'porter', now, true],
  ['not from its end on', { expiresAt: now }, 'pull', 'porter', now, false],
])('%s', (_title, change, what, name, at, may) => {
  expect(allows({ ...ci, hash: '', createdAt: now, ...change }, what, name, at)).toBe(may)
})

test('a token is found by itself alone; its file holds nothing that opens anything, and is its owner’s', () => {
  using open = openBook()
  const token = open.book.add(ci, now)
  expect(token).toMatch(/^birnam_[\w-]{43}$/)
  expect(open.again().find(token, now)).toMatchObject({ name: 'ci', may: 'push', by: 'macbeth', createdAt: now })
  expect(open.again().find(`${token}x`, now)).toBeUndefined()
  const file = join(open.directory, 'tokens', 'ci.json')
  expect(readFileSync(file, 'utf8')).not.toContain(token.slice(7))
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(open.again().find(JSON.parse(readFileSync(file, 'utf8')).hash, now)).toBeUndefined()
})

test('one book sees at once what another adds and takes away', () => {
  using open = openBook()
  const server = open.again()
  expect(server.list()).toEqual([])
  for (let round = 0; round < 20; round += 1) {
    const token = open.book.add(ci, now)
    expect(server.find(token, now)).toMatchObject({ name: 'ci' })
    open.book.remove('ci')
    expect(server.find(token, now)).toBeUndefined()
  }
})

test('it says when a token was used last, by the hour', () => {
  using open = openBook()
  const token = open.book.add(ci, now)
  expect(open.again().list()[0]!.usedAt).toBeUndefined()
  const server = open.again()
  server.find(token, now + day)
  server.find(token, now + day + 1000)
  expect(open.again().list()[0]!.usedAt).toBe(now + day)
  server.find(token, now + 2 * day)
  expect(open.again().list()[0]!.usedAt).toBe(now + 2 * day)
})

test('a name is given once, and the first token stays', () => {
  using open = openBook()
  const token = open.book.add(ci, now)
  expect(() => open.book.add(ci, now)).toThrow('there is a token ci already')
  expect(open.book.find(token, now)).toBeDefined()
  expect(readdirSync(join(open.directory, 'tokens'))).toEqual(['ci.json'])
})

test.each(['', '../ci', 'CI', 'a b', 'a.b', '-a', 'x'.repeat(64), 'a\0'])('%j is no name', (name) => {
  using open = openBook()
  expect(() => open.book.add({ ...ci, name }, now)).toThrow('is no name for a token')
  expect(() => open.book.remove(name)).toThrow('is no name for a token')
})

test('what is not there cannot be taken away', () => {
  using open = openBook()
  expect(() => open.book.remove('ci')).toThrow('no token is named ci')
})

test.each(['', 'nonsense', '{}', '{"hash":"x"}', '[]'])('a file that holds %j shuts out nobody else', (text) => {
  using open = openBook()
  const token = open.book.add(ci, now)
  writeFileSync(join(open.directory, 'tokens', 'bad.json'), text)
  expect(open.again().find(token, now)).toBeDefined()
  expect(() => open.again().list()).toThrow(/the file holds no token/)
})

test('a directory that is a file is a sentence', () => {
  using open = openBook()
  writeFileSync(join(open.directory, 'tokens'), '')
  chmodSync(join(open.directory, 'tokens'), 0o600)
  expect(() => open.book.add(ci, now)).toThrow(/a file stands in its way/)
})
