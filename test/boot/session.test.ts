import { describe, expect, test } from 'vitest'
import { reach, Sessions, whyNotClaim } from '../../src/boot/session.ts'
import { parseMac } from '../../src/net/mac.ts'

const mac = parseMac('52:54:00:77:00:01')
const key = Buffer.alloc(32, 7)
const now = 1_700_000_000_000

test('a boot from before a restart goes on, but a ROM never begins with it: somebody may have kept its token', () => {
  const old = new Sessions(key).arriving(mac, now)
  const after = new Sessions(key)
  expect(after.find(old.id, now + 1000)?.id).toBe(old.id)
  expect(after.current(mac)?.id).toBe(old.id)
  expect(after.arriving(mac, now + 2000).id).not.toBe(old.id)
})

test('a forecast of a boot is not remembered as one', () => {
  const sessions = new Sessions(key)
  const real = sessions.arriving(mac, now)
  const imagined = sessions.imagined(mac, now + 1000)
  expect(sessions.byToken(sessions.tokenOf(imagined), now + 1000, true)?.id).toBe(imagined.id)
  expect(sessions.current(mac)).toBe(real)
})

test('ROM, chained loader and retries of one boot share a session', () => {
  const sessions = new Sessions(key)
  const first = sessions.arriving(mac, now)
  expect(sessions.arriving(mac, now + 3_000)).toBe(first)
  expect(sessions.arriving(mac, now + 60_000)).toBe(first)
})

test('a ROM that comes back after its menu has booted again', () => {
  const sessions = new Sessions(key)
  const first = sessions.arriving(mac, now)
  reach(first, 'menu', now + 2_000)
  const second = sessions.arriving(mac, now + 2_000)
  expect(second.id).not.toBe(first.id)
  expect(sessions.find(first.id, now + 3_000)?.id).toBe(first.id)
})

test('a restart knows the ids and tokens it gave, and no others', () => {
  const before = new Sessions(key)
  const session = before.arriving(mac, now)
  const token = before.tokenOf(session)
  const after = new Sessions(key)
  expect(after.find(session.id, now + 1000)?.mac).toBe(mac)
  expect(after.byToken(token, now + 1000)?.id).toBe(session.id)
  expect(new Sessions(Buffer.alloc(32, 8)).find(session.id, now)).toBeUndefined()
  expect(new Sessions(Buffer.alloc(32, 8)).byToken(token, now)).toBeUndefined()
})

test('after a restart, a machine whose session had claimed a permit has booted again', () => {
  const session = new Sessions(key).arriving(mac, now)
  const after = new Sessions(key)
  after.find(session.id, now + 10_000)
  const claim = { session: session.id }
  expect(after.arriving(mac, now + 60_000, claim).id).not.toBe(session.id)
})

test.each([
  '',
  '.',
  'x',
  '525400770001-t5x2k1ab-00000000000000000000',
  '525400770001-t5x2k1',
  '../etc/passwd',
  'a'.repeat(5000),
  `525400770001-t5x2k1ab-${'0'.repeat(19)}\u00e9`,
])('a forged id or token is nobody: %#', (text) => {
  const sessions = new Sessions(key)
  expect(sessions.find(text, now)).toBeUndefined()
  expect(sessions.byToken(text, now)).toBeUndefined()
  expect(sessions.byToken(`${text}.${'0'.repeat(32)}`, now)).toBeUndefined()
})

test('the id that travels in the open does not give the token', () => {
  const sessions = new Sessions(key)
  const session = sessions.arriving(mac, now)
  expect(sessions.byToken(session.id, now)).toBeUndefined()
  expect(sessions.tokenOf(session)).not.toContain(session.id.split('-')[2]! + session.id.split('-')[2]!)
})

test('an id is good for a day', () => {
  const session = new Sessions(key).arriving(mac, now)
  expect(new Sessions(key).find(session.id, now + 25 * 3600_000)).toBeUndefined()
})

test('a token of as many characters but more bytes is nobody', () => {
  const sessions = new Sessions(key)
  const token = sessions.tokenOf(sessions.arriving(mac, now))
  expect(sessions.byToken(`${token.slice(0, -1)}\u00e9`, now)).toBeUndefined()
  expect(sessions.byToken(`${token}.0.11`, now), 'with something behind it').toBeUndefined()
})

test('two boots within a millisecond have two ids', () => {
  const sessions = new Sessions(key)
  const first = sessions.arriving(mac, now)
  reach(first, 'menu', now)
  expect(sessions.arriving(mac, now).id).not.toBe(first.id)
})

test('a boot from before a restart claims a permit that it came after, and none that came after it', () => {
  const old = new Sessions(key).arriving(mac, now)
  const found = new Sessions(key).find(old.id, now + 5000)!
  expect(whyNotClaim(found, now - 1000, now + 5000)).toBeUndefined()
  expect(whyNotClaim(found, now + 1000, now + 5000)).toMatch(/began before the permit/)
  expect(whyNotClaim(found, now - 1000, now + 3_600_001)).toMatch(/nothing was heard/)
})

describe('another try is another boot', () => {
  const rom = (arch: number): { asker: 'firmware'; arch: number } => ({ asker: 'firmware', arch })

  test('as another architecture', () => {
    const sessions = new Sessions(Buffer.alloc(32))
    const first = sessions.arriving(mac, 0, undefined, rom(7))
    expect(sessions.arriving(mac, 5000, undefined, rom(7))).toBe(first)
    expect(sessions.arriving(mac, 5000, undefined, rom(0))).not.toBe(first)
  })

  test('not of a loader that its ROM started, whatever it calls itself', () => {
    const sessions = new Sessions(Buffer.alloc(32))
    const first = sessions.arriving(mac, 0, undefined, rom(9))
    expect(sessions.arriving(mac, 5000, undefined, { asker: 'ipxe', arch: 7 })).toBe(first)
  })

  test('a minute behind its loader', () => {
    const sessions = new Sessions(Buffer.alloc(32))
    const first = sessions.arriving(mac, 0, undefined, rom(7))
    reach(first, 'loader', 1000)
    expect(sessions.arriving(mac, 30_000, undefined, rom(7))).toBe(first)
    expect(sessions.arriving(mac, 62_000, undefined, rom(7))).not.toBe(first)
  })
})
