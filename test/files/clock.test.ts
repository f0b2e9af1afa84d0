import { expect, test } from 'vitest'
import { reinstall } from '../../src/api/desk.ts'
import { advise } from '../../src/files/advise.ts'
import { readBootedToken, bootedToken, readUpdateToken, updateToken } from '../../src/files/update-token.ts'
import { mayPull } from '../../src/files/pull-right.ts'
import { digestOf } from '../../src/image/digest.ts'
import { mac, openHouse, own } from '../house.ts'

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
