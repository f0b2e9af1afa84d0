import { expect, test } from 'vitest'
import type { Decision } from '../../src/dhcp/desk.ts'
import { conflict } from '../../src/dhcp/event-of.ts'
import type { Lease } from '../../src/dhcp/lease.ts'
import { parseIpv4 } from '../../src/net/ipv4.ts'
import { parseMac } from '../../src/net/mac.ts'
import { message } from './packets.ts'
import { Fleet, lease, Lobby, subnet } from './site.ts'

const duncan = '52:54:00:77:00:01'
const banquo = '52:54:00:77:00:02'
const us = '10.77.0.1'

test('a stranger gets the first free address', () => {
  expect(new Lobby().say(message(1, { mac: duncan }))).toBe('offer 10.77.0.100')
})

test('the same client is offered the same address again, and the next one another', () => {
  const lobby = new Lobby()
  const said = [duncan, duncan, banquo, duncan].map((mac) => lobby.say(message(1, { mac })))
  expect(said).toEqual(['offer 10.77.0.100', 'offer 10.77.0.100', 'offer 10.77.0.101', 'offer 10.77.0.100'])
})

test('a machine gets its reservation, inside or outside of the range', () => {
  const fleet = new Fleet({ [duncan]: { address: '10.77.0.11' }, [banquo]: { address: '10.77.0.150' } })
  const lobby = new Lobby({ fleet })
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.11')
  expect(lobby.say(message(1, { mac: banquo, requested: '10.77.0.120' }))).toBe('offer 10.77.0.150')
})

test('a reserved address is never given to another machine, not even when it asks for it', () => {
  const fleet = new Fleet({ [banquo]: { address: '10.77.0.100' } })
  const lobby = new Lobby({ fleet })
  expect(lobby.say(message(1, { mac: duncan, requested: '10.77.0.100' }))).toBe('offer 10.77.0.101')
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.100', server: us }))).toBe(
    'nak: address not available',
  )
})

test('the wish of a client is heard when the address is free', () => {
  expect(new Lobby().say(message(1, { requested: '10.77.0.140' }))).toBe('offer 10.77.0.140')
})

test.each([
  ['our own address', '10.77.0.1'],
  ['the network', '10.77.0.0'],
  ['the broadcast address', '10.77.0.255'],
  ['an address out of the range', '10.77.0.20'],
  ['an address of another network', '192.168.1.5'],
  ['the address of the router', '10.77.0.105'],
  ['the address of another machine', '10.77.0.110'],
  ['a declined address', '10.77.0.111'],
])('whoever asks for %s is offered another one', (_, requested) => {
  const lobby = new Lobby({
    subnets: [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199', { router: '10.77.0.105' })],
    leases: [lease(banquo, '10.77.0.110'), lease(banquo, '10.77.0.111', { state: 'declined' })],
  })
  expect(lobby.say(message(1, { mac: duncan, requested }))).toBe('offer 10.77.0.100')
  expect(lobby.say(message(3, { mac: duncan, requested, server: us }))).toMatch(/^nak/)
})

test('fields that a DISCOVER should not fill change nothing', () => {
  const packet = message(1, { mac: duncan, ciaddr: '10.77.0.150', fields: { yiaddr: 1, siaddr: 2, secs: 9 } })
  const reply = new Lobby().reply(packet)
  expect(reply).toMatchObject({ ciaddr: 0, yiaddr: 0x0a4d0064, siaddr: 0x0a4d0001 })
})

test('SELECTING: the offered address is acknowledged', () => {
  const lobby = new Lobby()
  lobby.say(message(1, { mac: duncan }))
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.100', server: us }))).toBe('ack 10.77.0.100')
  expect(lobby.book.holderOf('10.77.0.100', lobby.now)).toBe(duncan)
})

test('SELECTING after a restart: the offer is forgotten, the address is free, so it is acknowledged', () => {
  expect(new Lobby().say(message(3, { mac: duncan, requested: '10.77.0.133', server: us }))).toBe('ack 10.77.0.133')
})

test('SELECTING of another server: silence, and the offered address is free again', () => {
  const lobby = new Lobby()
  lobby.say(message(1, { mac: duncan }))
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.50', server: '10.77.0.9' }))).toBe('other server')
  expect(lobby.say(message(1, { mac: banquo, requested: '10.77.0.100' }))).toBe('offer 10.77.0.100')
})

test('SELECTING without an address is dropped', () => {
  expect(new Lobby().say(message(3, { server: us }))).toBe('drop: request without an address')
})

test.each([undefined, '0.0.0.0'])(
  'REQUEST of nothing (%s) means the offer that was made; without one it is dropped',
  (none) => {
    const lobby = new Lobby({ fleet: new Fleet({ [banquo]: { address: '10.77.0.11' } }) })
    const wish = none === undefined ? {} : { requested: none }
    expect(lobby.say(message(3, { mac: duncan, ...wish }))).toBe('drop: request without an address')
    lobby.say(message(1, { mac: duncan }))
    expect(lobby.say(message(3, { mac: duncan, ...wish }))).toBe('ack 10.77.0.100')
    expect(lobby.say(message(3, { mac: banquo, ...wish }))).toBe('ack 10.77.0.11')
  },
)

test('an offer is no promise for ever: a REQUEST of somebody else may take the address, and the late one is told', () => {
  const lobby = new Lobby({ subnets: [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.100')] })
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.100')
  expect(lobby.say(message(1, { mac: banquo }))).toBe('offer 10.77.0.100')
  expect(lobby.say(message(3, { mac: banquo, requested: '10.77.0.100', server: us }))).toBe('ack 10.77.0.100')
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.100', server: us }))).toBe(
    'nak: address not available',
  )
})

test('the same message a thousand times is one lease and one answer', () => {
  const lobby = new Lobby()
  const said = new Set(
    Array.from({ length: 1000 }, () => lobby.say(message(3, { mac: duncan, requested: '10.77.0.130', server: us }))),
  )
  expect([...said]).toEqual(['ack 10.77.0.130'])
  expect(lobby.book.list()).toHaveLength(1)
})

test.each([
  ['known, right address', [lease(duncan, '10.77.0.130')], '10.77.0.130', 'ack 10.77.0.130'],
  [
    'known, ended lease, address still free',
    [lease(duncan, '10.77.0.130', { expiresAt: 5 })],
    '10.77.0.130',
    'ack 10.77.0.130',
  ],
  ['known, another address', [lease(duncan, '10.77.0.130')], '10.77.0.131', 'nak: not the address of this client'],
  [
    'ended lease, address given on',
    [lease(duncan, '10.77.0.131', { expiresAt: 5 }), lease(banquo, '10.77.0.130')],
    '10.77.0.130',
    'nak: not the address of this client',
  ],
  ['known, wrong network', [lease(duncan, '10.77.0.130')], '192.168.1.7', 'nak: wrong network'],
  ['unknown, wrong network', [], '192.168.1.7', 'nak: wrong network'],
  ['unknown', [], '10.77.0.130', 'silent'],
  ['unknown, address of another', [lease(banquo, '10.77.0.130')], '10.77.0.130', 'silent'],
])('INIT-REBOOT, %s', (_, leases, requested, said) => {
  expect(new Lobby({ leases }).say(message(3, { mac: duncan, requested }))).toBe(said)
})

test('INIT-REBOOT of a machine with a reservation', () => {
  const lobby = new Lobby({ fleet: new Fleet({ [duncan]: { address: '10.77.0.11' } }) })
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.11' }))).toBe('ack 10.77.0.11')
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.130' }))).toMatch(/^nak/)
})

test.each([
  ['its own lease', [lease(duncan, '10.77.0.130')], '10.77.0.130', 'ack 10.77.0.130'],
  [
    'its own lease, a second too late',
    [lease(duncan, '10.77.0.130', { expiresAt: 5 })],
    '10.77.0.130',
    'ack 10.77.0.130',
  ],
  ['a lease that we lost, free', [], '10.77.0.130', 'ack 10.77.0.130'],
  ['the lease of another', [lease(banquo, '10.77.0.130')], '10.77.0.130', 'nak: not the address of this client'],
  ['an address of the subnet that we did not give', [], '10.77.0.20', 'silent'],
  ['an address of no subnet of ours', [], '192.168.1.7', 'silent'],
])('RENEWING and REBINDING, %s', (_, leases, ciaddr, said) => {
  expect(new Lobby({ leases }).say(message(3, { mac: duncan, ciaddr }))).toBe(said)
})

test('a renewal moves the end of the lease', () => {
  const lobby = new Lobby({ leases: [lease(duncan, '10.77.0.130')] })
  lobby.now += 1_800_000
  lobby.say(message(3, { mac: duncan, ciaddr: '10.77.0.130' }))
  expect(lobby.book.leaseOf(lease(duncan, '').mac)?.expiresAt).toBe(lobby.now + 3_600_000)
})

test('a machine that got a reservation while it runs keeps its address until it boots again', () => {
  const fleet = new Fleet({ [duncan]: { address: '10.77.0.11' } })
  const lobby = new Lobby({ fleet, leases: [lease(duncan, '10.77.0.130')] })
  expect(lobby.say(message(3, { mac: duncan, ciaddr: '10.77.0.130' }))).toBe('ack 10.77.0.130')
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.11')
})

test('a machine whose address was promised to another is moved at its next renewal', () => {
  const fleet = new Fleet({ [banquo]: { address: '10.77.0.130' } })
  const lobby = new Lobby({ fleet, leases: [lease(duncan, '10.77.0.130')] })
  expect(lobby.say(message(1, { mac: banquo }))).toBe('offer 10.77.0.100')
  expect(lobby.say(message(3, { mac: duncan, ciaddr: '10.77.0.130' }))).toMatch(/^nak/)
})

const cards = [parseMac(duncan), parseMac(banquo)]
const itsOwn = { machine: 'duncan', hostname: 'duncan', address: '10.77.0.11', cards }
const old = '52:54:00:77:00:99'

/** Duncan has two cards and one reservation; a third card says what the site does not know of it. */
function openTwoCards(leases: readonly Lease[] = []): Lobby {
  const fleet = new Fleet({ [duncan]: itsOwn, [banquo]: itsOwn, [old]: { address: '10.77.0.12', hostname: 'macbeth' } })
  return new Lobby({ fleet, leases })
}

test('a reservation belongs to the machine: whichever of its cards asks gets it, and each renews it', () => {
  const lobby = openTwoCards()
  for (const mac of [duncan, banquo, duncan]) {
    expect(lobby.say(message(1, { mac }))).toBe('offer 10.77.0.11')
    expect(lobby.say(message(3, { mac, requested: '10.77.0.11', server: us }))).toBe('ack 10.77.0.11')
    expect(lobby.book.holderOf('10.77.0.11', lobby.now)).toBe(mac)
    expect(lobby.say(message(3, { mac, requested: '10.77.0.11' }))).toBe('ack 10.77.0.11')
  }
  expect(lobby.say(message(3, { mac: banquo, ciaddr: '10.77.0.11' }))).toBe('ack 10.77.0.11')
  expect(lobby.book.list()).toHaveLength(1)
})

test('with its own address to be had, a card of the machine keeps or gets no other', () => {
  const lobby = openTwoCards([lease(banquo, '10.77.0.11'), lease(duncan, '10.77.0.130', { expiresAt: 5 })])
  for (const requested of ['10.77.0.130', '10.77.0.140']) {
    expect(lobby.say(message(1, { mac: duncan, requested }))).toBe('offer 10.77.0.11')
    expect(lobby.say(message(3, { mac: duncan, requested, server: us }))).toBe('nak: address not available')
  }
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.130' }))).toBe('nak: not the address of this client')
})

test('a lease of a card that the machine does not have any more does not hold its reservation', () => {
  const lobby = openTwoCards([lease('52:54:00:77:00:0f', '10.77.0.11', { hostname: 'duncan' })])
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.11')
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.11', server: us }))).toBe('ack 10.77.0.11')
  expect(lobby.say(message(3, { mac: '52:54:00:77:00:0f', ciaddr: '10.77.0.11' }))).toMatch(/^nak/)
  expect(lobby.book.holderOf('10.77.0.11', lobby.now)).toBe(duncan)
})

test.each([
  ['a stranger was given', {}],
  ['another machine was given', { hostname: 'macbeth' }],
])(
  'what %s while it was nobody’s is in use until that lease ends or is renewed, and only then is that said',
  (_, who) => {
    const lobby = openTwoCards([lease(old, '10.77.0.11', who)])
    const decision = lobby.decide(message(1, { mac: duncan })) as Decision
    expect(conflict(decision, 'eth0')?.why).toBe('10.77.0.11 is promised to it but in use; it gets 10.77.0.100')
    expect(lobby.say(message(3, { mac: old, ciaddr: '10.77.0.11' }))).toMatch(/^nak/)
    lobby.now += 3_600_000
    expect(conflict(lobby.decide(message(1, { mac: duncan })) as Decision, 'eth0')).toBeUndefined()
    expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.11')
  },
)

test('a card that only says the UUID of a machine takes nothing from its cards, and gives way to them', () => {
  const foreign = '02:66:66:66:66:66'
  const fleet = new Fleet({ [duncan]: itsOwn, [foreign]: itsOwn })
  const lobby = new Lobby({ fleet, leases: [lease(duncan, '10.77.0.11', { hostname: 'duncan' })] })
  expect(lobby.say(message(1, { mac: foreign }))).toBe('offer 10.77.0.100')
  expect(lobby.say(message(3, { mac: foreign, requested: '10.77.0.11', server: us }))).toMatch(/^nak/)
  lobby.now += 3_600_000
  expect(lobby.say(message(3, { mac: foreign, requested: '10.77.0.11', server: us }))).toBe('ack 10.77.0.11')
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.11')
})

test('a machine that names no card, being known by its port, is whichever computer hangs there', () => {
  const hangsThere = { ...itsOwn, cards: [] }
  const lobby = new Lobby({ fleet: new Fleet({ [duncan]: hangsThere, [banquo]: hangsThere }) })
  for (const mac of [duncan, banquo])
    expect(lobby.say(message(3, { mac, requested: '10.77.0.11', server: us }))).toBe('ack 10.77.0.11')
})

test('a declined reservation is out of use for its own machine too', () => {
  const lobby = openTwoCards([lease(duncan, '10.77.0.11')])
  expect(lobby.say(message(4, { mac: duncan, requested: '10.77.0.11', server: us }))).toBe('declined 10.77.0.11')
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.100')
  expect(lobby.say(message(1, { mac: banquo }))).toBe('offer 10.77.0.101')
})

test('an address that goes on to another card leaves no record with the one before', () => {
  const lobby = openTwoCards([lease(duncan, '10.77.0.11')])
  lobby.say(message(3, { mac: banquo, requested: '10.77.0.11', server: us }))
  expect(lobby.book.leaseOf(parseMac(duncan))).toBeUndefined()
  expect(lobby.book.addressOf(parseMac(duncan))).toBeUndefined()
  const [held] = lobby.book.list()
  lobby.book.put(parseIpv4('10.77.0.130'), lease(duncan, '10.77.0.130'))
  expect(lobby.book.list()).toEqual([held, lease(duncan, '10.77.0.130')])
})

test('a renewal by unicast from behind a router is answered although no such subnet is on the interface', () => {
  const subnets = [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199'), subnet('10.88.0.0/24', '10.88.0.100-10.88.0.199')]
  const lobby = new Lobby({ subnets, leases: [lease(duncan, '10.88.0.100')] })
  expect(lobby.say(message(3, { mac: duncan, ciaddr: '10.88.0.100' }))).toBe('ack 10.88.0.100')
})

test('one machine keeps one address whatever it calls itself', () => {
  const lobby = new Lobby()
  const asEdk2 = message(1, { mac: duncan })
  const asLinux = message(1, { mac: duncan, more: [[61, Buffer.from('ff0011223344', 'hex')]] })
  expect([lobby.say(asEdk2), lobby.say(asLinux)]).toEqual(['offer 10.77.0.100', 'offer 10.77.0.100'])
  lobby.say(message(3, { mac: duncan, requested: '10.77.0.100', server: us }))
  lobby.now += 86_400_000
  expect(lobby.say(asLinux)).toBe('offer 10.77.0.100')
})

test('DECLINE by the owner puts the address aside for a while, and the machine gets another', () => {
  const lobby = new Lobby()
  lobby.say(message(3, { mac: duncan, requested: '10.77.0.100', server: us }))
  expect(lobby.say(message(4, { mac: duncan, requested: '10.77.0.100', server: us }))).toBe('declined 10.77.0.100')
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.101')
  expect(lobby.say(message(1, { mac: banquo, requested: '10.77.0.100' }))).toBe('offer 10.77.0.102')
  lobby.now += 600_000
  expect(lobby.say(message(1, { mac: banquo, requested: '10.77.0.100' }))).toBe('offer 10.77.0.100')
})

test('DECLINE of an offered address counts too', () => {
  const lobby = new Lobby()
  lobby.say(message(1, { mac: duncan }))
  expect(lobby.say(message(4, { mac: duncan, requested: '10.77.0.100', server: us }))).toBe('declined 10.77.0.100')
})

test('DECLINE and RELEASE of an address that is not its own change nothing', () => {
  const lobby = new Lobby({ leases: [lease(banquo, '10.77.0.130')] })
  expect(lobby.say(message(4, { mac: duncan, requested: '10.77.0.130', server: us }))).toBe('not the owner')
  expect(lobby.say(message(4, { mac: duncan, requested: '10.77.0.140', server: us }))).toBe('not the owner')
  expect(lobby.say(message(7, { mac: duncan, ciaddr: '10.77.0.130', server: us }))).toBe('not the owner')
  expect(lobby.book.list()).toEqual([lease(banquo, '10.77.0.130')])
})

test('one machine cannot decline a whole pool', () => {
  const lobby = new Lobby()
  const said = Array.from({ length: 100 }, () => {
    const [, address = ''] = lobby.say(message(1, { mac: duncan })).split(' ')
    return lobby.say(message(4, { mac: duncan, requested: address, server: us }))
  })
  expect(said.filter((word) => word.startsWith('declined'))).toHaveLength(5)
  expect(said.at(-1)).toBe('drop: too many declines')
})

test('RELEASE frees the address, and the machine gets it again when nobody else took it', () => {
  const lobby = new Lobby({ leases: [lease(duncan, '10.77.0.130')] })
  expect(lobby.say(message(7, { mac: duncan, ciaddr: '10.77.0.130', server: us }))).toBe('released 10.77.0.130')
  expect(lobby.book.holderOf('10.77.0.130', lobby.now)).toBeUndefined()
  expect(lobby.say(message(7, { mac: duncan, ciaddr: '10.77.0.130', server: us }))).toBe('not the owner')
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.130')
  expect(lobby.say(message(3, { mac: banquo, requested: '10.77.0.130', server: us }))).toBe('ack 10.77.0.130')
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.100')
})

test('INFORM is answered without a lease', () => {
  const lobby = new Lobby()
  expect(lobby.say(message(8, { mac: duncan, ciaddr: '10.77.0.20' }))).toBe('inform')
  expect(lobby.book.list()).toEqual([])
})

test.each([
  ['without an address', message(8), 'drop: request without an address'],
  ['from another network', message(8, { ciaddr: '192.168.1.7' }), 'silent'],
])('INFORM %s is not answered', (_, packet, said) => {
  expect(new Lobby().say(packet)).toBe(said)
})

test('a machine that is to be ignored hears nothing, not even a NAK', () => {
  const lobby = new Lobby({ fleet: new Fleet({}, { ignore: 'strangers are ignored' }) })
  const all = [
    message(1),
    message(3, { requested: '192.168.1.1' }),
    message(3, { requested: '10.77.0.130', server: us }),
  ]
  expect(all.map((packet) => lobby.say(packet))).toEqual(['ignored', 'ignored', 'ignored'])
})

test('a full subnet is silence', () => {
  const lobby = new Lobby({
    subnets: [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.101')],
    leases: [lease('52:54:00:00:00:01', '10.77.0.100'), lease('52:54:00:00:00:02', '10.77.0.101')],
  })
  expect(lobby.say(message(1, { mac: duncan }))).toBe('full')
  lobby.now += 3_600_000
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.100')
})

const invented = (n: number): string =>
  `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`

/** Invented cards that each get an address, by DISCOVER and REQUEST, until no more do; how many did. */
function drain(lobby: Lobby, more: Parameters<typeof message>[1] = {}): number {
  for (let n = 0; n < 1000; n++) {
    const mac = invented(n)
    const offer = lobby.say(message(1, { ...more, mac }))
    if (!offer.startsWith('offer ')) return n
    expect(lobby.say(message(3, { ...more, mac, requested: offer.slice(6), server: us }))).toMatch(/^ack /)
  }
  return 1000
}

test('invented cards leave addresses for the machines that the site names, also after a restart', () => {
  const fleet = new Fleet({ [duncan]: { machine: 'duncan' }, [banquo]: { machine: 'banquo' } })
  const lobby = new Lobby({ subnets: [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.109')], fleet })
  expect(drain(lobby)).toBe(8)
  expect(lobby.say(message(3, { mac: invented(99), requested: '10.77.0.109', server: us }))).toMatch(/^nak/)
  const after = new Lobby({
    subnets: [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.109')],
    fleet,
    leases: [...lobby.book.list()],
  })
  expect(after.say(message(1, { mac: invented(99) }))).toBe('full')
  for (const mac of [duncan, banquo])
    expect(after.say(message(3, { mac, requested: after.say(message(1, { mac })).slice(6), server: us }))).toMatch(
      /^ack/,
    )
  // Who has one keeps it.
  expect(after.say(message(3, { mac: invented(3), ciaddr: '10.77.0.103' }))).toBe('ack 10.77.0.103')
  expect(after.say(message(1, { mac: invented(3) }))).toBe('offer 10.77.0.103')
})

test('a site that names more machines than a subnet has addresses leaves half of them to everybody', () => {
  const names = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [invented(2000 + n), { machine: `m${n}` }]))
  const lobby = new Lobby({ subnets: [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.109')], fleet: new Fleet(names) })
  expect(drain(lobby)).toBe(5)
})

test('invented cards behind one port of a switch get 64 addresses, and those behind another port theirs', () => {
  const lobby = new Lobby({ fleet: new Fleet({ [duncan]: { machine: 'duncan' } }) })
  const behind = (circuit: string): Parameters<typeof message>[1] => ({
    giaddr: '10.77.0.2',
    more: [[82, Buffer.from(`\u0001${String.fromCharCode(circuit.length)}${circuit}`)]],
  })
  expect(drain(lobby, behind('ge-0/1'))).toBe(64)
  expect(lobby.say(message(1, { ...behind('ge-0/2'), mac: invented(900) }))).toMatch(/^offer/)
})

test('a machine with a reservation is served from a full subnet, and from one without a range', () => {
  const fleet = new Fleet({ [duncan]: { address: '10.77.0.11' } })
  const lobby = new Lobby({ fleet, subnets: [subnet('10.77.0.0/24', undefined)] })
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.11')
  expect(lobby.say(message(1, { mac: banquo }))).toBe('full')
})

test('each interface gives addresses of its own network', () => {
  const subnets = [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199'), subnet('10.88.0.0/24', '10.88.0.100-10.88.0.199')]
  const lobby = new Lobby({ subnets, addresses: { eth0: '10.77.0.1', eth1: '10.88.0.1' } })
  expect(lobby.say(message(1, { mac: duncan }), 'eth1')).toBe('offer 10.88.0.100')
  expect(lobby.say(message(1, { mac: banquo }), 'eth0')).toBe('offer 10.77.0.100')
  expect(lobby.reply(message(1, { mac: duncan }), 'eth1')).toMatchObject({ siaddr: 0x0a580001 })
})

test('a subnet that names an interface is used there and nowhere else', () => {
  const subnets = [subnet('10.99.0.0/24', '10.99.0.100-10.99.0.199', { interface: 'eth1' })]
  const lobby = new Lobby({ subnets, addresses: { eth0: '10.99.0.1', eth1: '10.77.0.1' } })
  expect(lobby.say(message(1), 'eth1')).toBe('offer 10.99.0.100')
  expect(lobby.say(message(1), 'eth0')).toBe('drop: unknown network')
})

test('a second subnet on the same interface takes over when the first is full', () => {
  const subnets = [
    subnet('10.77.0.0/24', '10.77.0.100-10.77.0.100'),
    subnet('10.78.0.0/24', '10.78.0.100-10.78.0.199', { interface: 'eth0' }),
  ]
  const lobby = new Lobby({ subnets, leases: [lease(banquo, '10.77.0.100')] })
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.78.0.100')
})

test('a machine that moves to another network leaves its old address', () => {
  const subnets = [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.100'), subnet('10.88.0.0/24', '10.88.0.100-10.88.0.199')]
  const lobby = new Lobby({ subnets, addresses: { eth0: '10.77.0.1', eth1: '10.88.0.1' } })
  lobby.say(message(3, { mac: duncan, requested: '10.77.0.100', server: us }), 'eth0')
  lobby.say(message(3, { mac: duncan, requested: '10.88.0.100', server: '10.88.0.1' }), 'eth1')
  expect(lobby.say(message(1, { mac: banquo }), 'eth0')).toBe('offer 10.77.0.100')
  expect(lobby.book.list()).toHaveLength(1)
})

test('a relay speaks for the subnet that it stands in', () => {
  const subnets = [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199'), subnet('10.88.0.0/24', '10.88.0.100-10.88.0.199')]
  const lobby = new Lobby({ subnets })
  expect(lobby.say(message(1, { mac: duncan, giaddr: '10.88.0.254' }))).toBe('offer 10.88.0.100')
})

test.each([
  ['an unknown network', '192.168.9.1', 'drop: unknown network'],
  ['ourselves', '10.77.0.1', 'drop: relay address'],
  ['loopback', '127.0.0.1', 'drop: relay address'],
  ['multicast', '224.0.0.1', 'drop: relay address'],
  ['everybody', '255.255.255.255', 'drop: relay address'],
])('a relay that calls itself %s is not believed', (_, giaddr, said) => {
  expect(new Lobby().say(message(1, { giaddr }))).toBe(said)
})
