import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reinstall } from '../../src/api/desk.ts'
import { advise } from '../../src/files/advise.ts'
import { readBootedToken, bootedToken, readUpdateToken, updateToken } from '../../src/files/update-token.ts'
import { mayPull } from '../../src/files/pull-right.ts'
import { digestOf } from '../../src/image/digest.ts'
import { allows, TokenBook, type TokenWish } from '../../src/image/tokens.ts'
import { mac, openHouse, own, type TestHouse } from '../house.ts'

const hour = 3_600_000
const rom = { door: 'dhcp', asker: 'ipxe', arch: 0, mac } as const
const digest = digestOf('0'.repeat(64))

test('a clock that is set back reopens nothing: no answer, no boot, no permit, no update', async () => {
  using house = openHouse()
  const { sessions, permits } = house.house
  await reinstall(house.house, 'duncan', { by: 'a test' })
  const path = advise(house.house, rom, '10.77.0.1')
    .boot!.file.replace(/^http:..[^/]*\//, '')
    .replace(/[^/]*$/, '')
  const menu = house.text(`${path}boot.ipxe`)
  const answer = /url=http:\/\/10\.77\.0\.1\/(a\/\S+)/.exec(menu)![1]!
  const right = { machine: 'duncan', image: 'porter:1', digest, address: own, until: house.now + hour }
  const token = updateToken(sessions, right)
  const booted = bootedToken(sessions, 'duncan', 'porter:1')
  const peer = { address: own, port: 1 }
  expect(mayPull(house.house, token, 'porter', peer)).toBe(true)
  house.now += 2 * hour
  expect(house.ask(answer)).toMatchObject({ kind: 'refused', status: 410 })
  expect(mayPull(house.house, token, 'porter', peer)).toBe(false)
  house.now -= 23 * hour
  expect(mayPull(house.house, token, 'porter', peer)).toBe(false)
  expect(readUpdateToken(sessions, token)).toBeUndefined()
  expect(readBootedToken(sessions, booted)).toMatchObject({ machine: 'duncan' })
  expect(house.ask(answer)).toMatchObject({ kind: 'refused', status: 403 })
  expect(house.text(`${path}boot.ipxe`)).not.toContain('vmlinuz')
  expect(permits.of('duncan')).toMatchObject({
    state: 'withdrawn',
    why: expect.stringContaining('clock was set back') as string,
  })
  expect(updateToken(sessions, right)).not.toBe(token)
})

test('nor by a little: what ran out stays so', async () => {
  using house = openHouse()
  const right = { machine: 'duncan', image: 'porter:1', digest, address: own, until: house.now + hour }
  const token = updateToken(house.house.sessions, right)
  house.now += hour + 1
  expect(mayPull(house.house, token, 'porter', { address: own, port: 1 })).toBe(false)
  house.now -= 10 * 60_000
  expect(mayPull(house.house, token, 'porter', { address: own, port: 1 })).toBe(false)
})

test('an update is for the address of its machine, and for its own image', () => {
  using house = openHouse()
  const right = { machine: 'duncan', image: 'porter:1', digest, address: own, until: house.now + hour }
  const token = updateToken(house.house.sessions, right)
  expect(mayPull(house.house, token, 'porter', { address: own, port: 1 })).toBe(true)
  expect(mayPull(house.house, token, 'porter', { address: '10.77.0.66', port: 1 })).toBe(false)
  expect(mayPull(house.house, token, 'other', { address: own, port: 1 })).toBe(false)
})

const wish: Omit<TokenWish, 'name'> = { may: 'pull', images: [], by: 'macbeth' }

/** A token that ran out, one that is still good, and one without an end; then the clock is set back by a day. */
function setBackWithTokens(house: TestHouse, between: () => void = () => {}) {
  const all = ['over', 'good', 'endless'].map((name, n) => {
    const ends = n < 2 && { expiresAt: house.now + (n === 0 ? hour : 90 * hour) }
    return house.tokens.add({ name, ...wish, ...ends }, house.now)
  })
  house.now += 2 * hour
  house.house.now()
  between()
  house.now -= 23 * hour
  house.house.now()
  const opens = (book: TokenBook): boolean[] =>
    all.map((token) => {
      const right = book.find(token, house.now)
      return right !== undefined && allows(right, 'pull', 'porter', house.now)
    })
  return { opens, again: () => new TokenBook(join(house.directory, 'tokens')) }
}

test('nor a token of the registry that had run out, now or after a restart; those that had not go on', () => {
  using house = openHouse()
  const { opens, again } = setBackWithTokens(house)
  expect([opens(house.tokens), opens(again())]).toEqual([
    [false, true, true],
    [false, true, true],
  ])
  expect(again().list()).toMatchObject([{ name: 'endless' }, { name: 'good' }, { name: 'over', shut: true }])
  expect(house.logged.filter(({ type }) => type === 'token.shut')).toMatchObject([{ detail: { token: 'over' } }])
})

test('a token whose end cannot be written is shut for as long as the server runs, and the journal says what the disk said', () => {
  using house = openHouse()
  const path = join(house.directory, 'tokens')
  // A directory stands where the new file is to be written.
  const { opens } = setBackWithTokens(house, () => mkdirSync(join(path, 'over.json.new')))
  expect(opens(house.tokens)).toEqual([false, true, true])
  expect(house.logged).toContainEqual(
    expect.objectContaining({
      type: 'clock.set-back',
      detail: { why: expect.stringContaining('over.json') as string },
    }),
  )
})

test('the hour of an answer begins with the claim, not with the permit', async () => {
  using house = openHouse()
  await reinstall(house.house, 'duncan', { by: 'a test' })
  house.now += 2 * hour
  const path = advise(house.house, rom, '10.77.0.1')
    .boot!.file.replace(/^http:..[^/]*\//, '')
    .replace(/[^/]*$/, '')
  const answer = /url=http:\/\/10\.77\.0\.1\/(a\/\S+)/.exec(house.text(`${path}boot.ipxe`))![1]!
  house.now += hour
  expect(house.text(answer)).toContain('rootpw')
  house.now += 1
  expect(house.ask(answer)).toMatchObject({ kind: 'refused', status: 410 })
})
