import { expect, test } from 'vitest'
import { conflict } from '../../src/dhcp/event-of.ts'
import { message } from './packets.ts'
import { Fleet, lease, Lobby, noon } from './site.ts'

const stranger = '52:54:00:77:00:99'
const squatter = '52:54:00:77:00:aa'
const us = '10.77.0.1'
const take = (address: string, mac = stranger) => message(3, { mac, requested: address, server: us })

test('an address of the range that a host uses is not granted: NAK, quarantine, and the next one is offered (RFC 2131 §4.3.1)', () => {
  const lobby = new Lobby({ squatters: { '10.77.0.100': squatter } })
  expect(lobby.probe(message(1, { mac: stranger }))).toBe('10.77.0.100')
  const decision = lobby.decide(take('10.77.0.100'))
  if (typeof decision === 'string') throw new Error(decision)
  expect(conflict(decision, 'eth0')?.why).toBe(
    `10.77.0.100 was offered to it, but ${squatter} uses it without a lease; nobody gets it for ten minutes`,
  )
  expect(lobby.say(take('10.77.0.100'))).toBe('nak: a host uses the address')
  expect(lobby.book.leaseAt(0x0a4d0064)).toMatchObject({ state: 'declined', expiresAt: noon + 600_000 })
  expect(lobby.say(message(1, { mac: stranger }))).toBe('offer 10.77.0.101')
  expect(lobby.say(take('10.77.0.101'))).toBe('ack 10.77.0.101')
})

test('a client that answers at the address itself has it', () => {
  const lobby = new Lobby({ squatters: { '10.77.0.100': stranger } })
  lobby.probe(message(1, { mac: stranger }))
  expect(lobby.say(take('10.77.0.100'))).toBe('ack 10.77.0.100')
})

test('nobody asks about a reservation, a lease that runs, or a client behind a relay', () => {
  const macduff = '52:54:00:77:00:02'
  const fleet = new Fleet({ [macduff]: { machine: 'macduff', address: '10.77.0.12', cards: [] } })
  const lobby = new Lobby({ fleet, leases: [lease(stranger, '10.77.0.150')], squatters: { '10.77.0.150': squatter } })
  expect(lobby.probe(message(1, { mac: macduff }))).toBeUndefined()
  expect(lobby.probe(message(1, { mac: stranger }))).toBeUndefined()
  expect(lobby.say(take('10.77.0.150'))).toBe('ack 10.77.0.150')
  expect(lobby.probe(message(1, { mac: squatter, giaddr: '10.77.0.254' }))).toBeUndefined()
})

test('in a storm nobody is asked about beyond fifty a second, and nobody waits', () => {
  const lobby = new Lobby({ squatters: {} })
  const probes = Array.from({ length: 80 }, (_, index) =>
    lobby.probe(message(1, { mac: `52:54:00:78:00:${index.toString(16).padStart(2, '0')}` })),
  )
  expect(probes.filter((address) => address !== undefined)).toHaveLength(50)
  lobby.now += 1000
  expect(lobby.probe(message(1, { mac: '52:54:00:79:00:01' }))).toBeDefined()
})

test('a card that answers for every address, as a router with proxy ARP does, empties no pool', () => {
  const everywhere = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`10.77.0.${100 + at}`, squatter]))
  const lobby = new Lobby({ squatters: everywhere })
  let tries = 0
  for (; tries < 20; tries++) {
    const address = lobby.probe(message(1, { mac: stranger }))
    if (address === undefined || lobby.say(take(address)).startsWith('ack')) break
  }
  expect(tries).toBeGreaterThan(0)
  expect(tries).toBeLessThan(10)
})
