import fc from 'fast-check'
import { expect, test } from 'vitest'
import { discoverOf } from '../../src/dhcp/forecast.ts'
import { clientOf } from '../../src/dhcp/pxe.ts'
import { formatAgentId, readAgentId } from '../../src/net/relay-port.ts'
import { message } from './packets.ts'
import { lease, Lobby, noon } from './site.ts'

const port = Buffer.concat([Buffer.from([1, 8]), Buffer.from('Gi1/0/17'), Buffer.from([2, 6]), Buffer.from('rack-4')])
const told = { circuit: '4769312f302f3137', remote: '7261636b2d34' }
const with82 = (bytes: Buffer) => ({ more: [[82, bytes] as const] })

test('option 82 tells the port and the switch of a client', () => {
  expect(clientOf(message(1, with82(port))).relay).toEqual(told)
  expect(clientOf(message(1, with82(Buffer.from([1, 1, 7])))).relay).toEqual({ circuit: '07' })
})

test.each([
  ['nothing', []],
  ['a circuit of no bytes', [1, 0]],
  ['a circuit that is longer than the option', [1, 200, 1]],
  ['only other sub-options', [5, 4, 10, 0, 0, 1]],
  ['a code without its length', [1]],
])('option 82 of %s names no port', (_, bytes) => {
  expect(clientOf(message(1, with82(Buffer.from(bytes)))).relay).toBeUndefined()
})

test('option 82 of any bytes is read without harm, and goes back as it came or not at all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 255 }), (bytes) => {
      const value = Buffer.from(bytes)
      const reply = new Lobby().reply(message(1, with82(value)))
      const back = reply?.options.get(82)
      expect(back === undefined || back.equals(value)).toBe(true)
    }),
  )
})

test('an id reads as text or as hex, and is written so that it reads back', () => {
  expect(readAgentId('Gi1/0/17')).toBe(told.circuit)
  expect(readAgentId('0x4769312F302F3137')).toBe(told.circuit)
  expect(['', '0x', '0x1', '0xzz', 'a\n', 'ä', 'x'.repeat(254)].map((text) => readAgentId(text))).toEqual(
    Array.from({ length: 7 }, () => undefined),
  )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 253 }), (bytes) => {
      const hex = Buffer.from(bytes).toString('hex')
      expect(readAgentId(formatAgentId(hex))).toBe(hex)
    }),
  )
})

test('a lease remembers the port; a renewal by unicast keeps it, a lease without a relay does not', () => {
  const lobby = new Lobby()
  const mac = '52:54:00:77:00:01'
  const us = '10.77.0.1'
  lobby.say(message(3, { mac, server: us, requested: '10.77.0.100', ...with82(port) }))
  expect(lobby.book.leaseOf(lease(mac, us).mac)?.relay).toEqual(told)
  lobby.now = noon + 1000
  lobby.say(message(3, { mac, ciaddr: '10.77.0.100' }))
  expect(lobby.book.leaseOf(lease(mac, us).mac)).toMatchObject({ relay: told, expiresAt: lobby.now + 3_600_000 })
  lobby.say(message(3, { mac, server: us, requested: '10.77.0.100' }))
  expect(lobby.book.leaseOf(lease(mac, us).mac)?.relay).toBeUndefined()
})

test('the imagined DISCOVER of a machine that is known by its port says that port', () => {
  const { mac } = lease('52:54:00:77:00:01', '10.77.0.1')
  const discover = discoverOf({ door: 'explain', asker: 'firmware', arch: 0, mac, relay: told })
  expect(clientOf(discover!).relay).toEqual(told)
})
