import { randomBytes } from 'node:crypto'
import pino from 'pino'
import { expect, test } from 'vitest'
import { tokenless } from '../../src/app/log.ts'
import { Sessions } from '../../src/boot/session.ts'
import { bootedToken, updateToken } from '../../src/files/update-token.ts'
import type { Digest } from '../../src/image/digest.ts'
import { Journal } from '../../src/journal/journal.ts'
import { withoutTokens } from '../../src/journal/without-tokens.ts'
import type { Mac } from '../../src/net/mac.ts'
import { MemoryEvents } from '../../src/store/memory/events.ts'

const sessions = new Sessions(Buffer.alloc(32, 7))
const session = sessions.arriving('52:54:00:77:00:01' as Mac, 1_700_000_000_000)
const right = {
  machine: 'duncan',
  image: 'porter:2',
  digest: `sha256:${'a'.repeat(64)}` as Digest,
  address: '10.77.0.15',
  until: 1,
}
const capture = randomBytes(20).toString('hex')
const registry = `birnam_${randomBytes(32).toString('base64url')}`
const operator = randomBytes(32).toString('base64url')
const ofSession = sessions.tokenOf(session)
const ofUpdate = updateToken(sessions, right)

const texts: readonly (readonly [string, string, string])[] = [
  ['an answer', ofSession, `a/${ofSession}`],
  ['a part of an answer', ofSession, `a/${ofSession}/user-data`],
  ['a report', ofSession, `http://10.77.0.1/r/${ofSession} cannot be fetched.`],
  ['the end of a sentence', ofSession, `it was ${ofSession}.`],
  ['an update', ofUpdate, `/u/${ofUpdate}/plan`],
  [
    'a boot after an update',
    bootedToken(sessions, 'duncan', 'porter:2'),
    `u/${bootedToken(sessions, 'duncan', 'porter:2')}`,
  ],
  ['a capture', capture, `c/${capture}`],
  ['a step of a capture', capture, `http://10.77.0.1/c/${capture}/probe`],
  ['a registry', registry, `x:${registry}`],
  ['a header', operator, `Authorization: Bearer ${operator}`],
  ['a header with Basic', operator, `authorization: basic ${operator}`],
  ['a URL of the site', 'dagger-of-the-mind', 'https://macbeth:dagger-of-the-mind@example.org/api: no answer'],
]

test.each(texts)('the token of %s is not told, and always told by the same short form', (_whose, token, text) => {
  const shown = withoutTokens(text)
  expect(shown).not.toContain(token)
  expect(shown).not.toContain(token.split('.').at(-1))
  expect(withoutTokens(text)).toBe(shown)
  expect(withoutTokens(shown)).toBe(shown)
})

test('two tokens are told apart, and a session is still named', () => {
  expect(withoutTokens(`c/${capture}`)).not.toBe(withoutTokens(`c/${capture.replace(/./, 'z')}`))
  expect(withoutTokens(`a/${ofSession}`)).toContain(session.id)
})

test.each([
  `sha256:${'a'.repeat(64)} is not here`,
  'pool/main/l/linux-signed-amd64/vmlinuz-6.1.0-18-amd64.deb',
  `v2/porter/blobs/sha256:${'0'.repeat(64)}`,
  `s/${session.id}/pxelinux.0`,
  `commit ${'a1'.repeat(20)}`,
  'http://10.77.0.1:8080/boot/vmlinuz',
])('%s is no token, and told as it is', (text) => {
  expect(withoutTokens(text)).toBe(text)
})

test('neither the journal nor any line of the log tells a token', () => {
  const store = new MemoryEvents()
  const said: unknown[] = []
  const journal = new Journal(store, { onEvent: (event) => said.push(event) })
  for (const [, , text] of texts) journal.record({ at: 1, type: 'file.sent', session: 's', detail: { name: text } })
  const lines: string[] = []
  const log = pino({ level: 'trace' }, tokenless({ write: (line) => lines.push(line), flush: () => {} }))
  for (const [, , text] of texts) {
    log.trace({ name: text, deep: { url: [text] } }, text)
    log.error({ err: new Error(text, { cause: new Error(text) }) })
  }
  const told = JSON.stringify([journal.ofSession('s'), said, lines])
  expect(lines.length).toBe(texts.length * 2)
  for (const [, token] of texts) expect(told).not.toContain(token.split('.').at(-1))
})

test('a text made against the search costs what any text of its length costs', () => {
  for (const piece of ['a.', 'a-', '://a:', 'c/', 'bearer ', `${'a'.repeat(31)}.`, `${'0'.repeat(32)}.`]) {
    const steps = [50_000, 500_000].map((length) => {
      const text = piece.repeat(length / piece.length)
      const before = process.cpuUsage().user
      withoutTokens(text)
      return process.cpuUsage().user - before
    })
    expect(steps[1]! / (steps[0]! + 5000), piece).toBeLessThan(60)
  }
})
