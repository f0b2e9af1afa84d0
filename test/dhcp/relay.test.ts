import { expect, test } from 'vitest'
import { Clerk } from '../../src/dhcp/clerk.ts'
import { conflict } from '../../src/dhcp/event-of.ts'
import type { DhcpEvent } from '../../src/dhcp/event.ts'
import { forecast } from '../../src/dhcp/forecast.ts'
import { LeaseBook } from '../../src/dhcp/lease.ts'
import { option, read, write } from '../../src/dhcp/options.ts'
import { type Packet } from '../../src/dhcp/packet.ts'
import { routeOf } from '../../src/dhcp/route.ts'
import { formatIpv4, parseCidr, parseIpv4 } from '../../src/net/ipv4.ts'
import { parseMac } from '../../src/net/mac.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'
import { bytesOf, codesOf, message, real } from './packets.ts'
import { Fleet, Lobby, noon, settings, subnet } from './site.ts'

/** Two links of ours and a fabric behind relays. */
function fabric(fleet = new Fleet()): Lobby {
  return new Lobby({
    fleet,
    addresses: { eth0: '10.99.1.1' },
    subnets: [
      subnet('10.99.1.0/24', '10.99.1.100-10.99.1.199'),
      subnet('10.99.9.0/24', '10.99.9.100-10.99.9.199', { router: '10.99.9.1' }),
      subnet('10.99.10.0/24', '10.99.10.100-10.99.10.199', { router: '10.99.10.1' }),
    ],
  })
}

function agent(...subOptions: readonly (readonly [number, string])[]): readonly [number, Buffer] {
  return write(option.relayAgent, new Map(subOptions.map(([code, address]) => [code, four(address)])))
}

function four(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

/** The relay's own words, and which subnet the answer is for. */
function given(reply: Packet | undefined): readonly string[] {
  if (!reply) return []
  const { yiaddr, options } = reply
  const router = read(options, option.routers)?.[0]
  const to = routeOf(reply)
  return [formatIpv4(yiaddr), router === undefined ? 'no router' : formatIpv4(router), `${to.address}:${to.port}`]
}

test('RFC 3527 §3: the subnet of sub-option 5 gives the address, and giaddr is where the answer goes', () => {
  expect(given(fabric().reply(real('relay-loopback-discover')))).toEqual(['10.99.9.100', '10.99.9.1', '10.255.0.7:67'])
  expect(given(fabric().reply(real('relay-other-subnet-discover')))).toEqual([
    '10.99.9.100',
    '10.99.9.1',
    '10.99.1.2:67',
  ])
})

test('a reservation in the subnet that the relay selects is given, and nothing is said of a conflict', () => {
  const fleet = new Fleet({ '52:54:00:77:10:04': { machine: 'lennox', address: '10.99.9.33' } })
  expect(fabric(fleet).say(real('relay-other-subnet-discover'))).toBe('offer 10.99.9.33')
})

test('RFC 3011 §2: option 118 selects the subnet where no sub-option 5 does, and it goes back', () => {
  const asked = (relayAgent: readonly (readonly [number, Buffer])[], giaddr?: string): Packet =>
    message(1, { ...(giaddr !== undefined && { giaddr }), more: [[118, four('10.99.9.0')], ...relayAgent] })
  const reply = fabric().reply(asked([], '10.99.1.2'))
  expect(given(reply)).toEqual(['10.99.9.100', '10.99.9.1', '10.99.1.2:67'])
  expect(reply!.options.get(118)).toEqual(four('10.99.9.0'))
  expect(given(fabric().reply(asked([])))).toEqual(['10.99.9.100', '10.99.9.1', '255.255.255.255:68'])
  const both = fabric().reply(asked([agent([5, '10.99.10.0'])], '10.99.1.2'))
  expect(given(both)).toEqual(['10.99.10.100', '10.99.10.1', '10.99.1.2:67'])
  expect(codesOf(both!.options).slice(-2)).toEqual([118, 82])
})

test('a selected subnet that is not ours is an unknown network: never an address of the relay’s own', () => {
  const elsewhere = [agent([5, '192.0.2.0']), [118, four('192.0.2.0')] as const]
  for (const selection of elsewhere)
    expect(fabric().say(message(1, { giaddr: '10.99.9.1', more: [selection] }))).toBe('drop: unknown network')
})

test('a selection that is no address selects nothing', () => {
  const broken = [
    [118, Buffer.from([10, 99, 9])],
    [118, Buffer.alloc(4)],
    agent([5, '0.0.0.0']),
    write(option.relayAgent, new Map([[5, Buffer.from([10, 99])]])),
  ] as const
  for (const selection of broken)
    expect(fabric().say(message(1, { giaddr: '10.99.10.1', more: [selection] }))).toBe('offer 10.99.10.100')
})

test('sub-options of whoever is no relay select nothing and rename nobody', () => {
  const reply = fabric().reply(message(1, { more: [agent([5, '10.99.9.0'], [11, '10.99.9.1'])] }))!
  expect(given(reply)[0]).toBe('10.99.1.100')
  expect(read(reply.options, option.serverId)).toBe(parseIpv4('10.99.1.1'))
})

test('RFC 5107 §4: the relay is named as the server, and a REQUEST to it is for us', () => {
  const lobby = fabric()
  const offer = lobby.reply(real('relay-override-discover'))!
  expect(formatIpv4(read(offer.options, option.serverId)!)).toBe('10.99.9.1')
  expect(formatIpv4(offer.siaddr)).toBe('10.99.1.1')
  const ack = lobby.reply(real('relay-override-request'))!
  expect(read(ack.options, option.messageType)).toBe(5)
  expect(formatIpv4(ack.yiaddr)).toBe('10.99.9.101')
  expect(formatIpv4(read(ack.options, option.serverId)!)).toBe('10.99.9.1')
})

test('a NAK, the answer to INFORM, a DECLINE and a RELEASE know the relay by that name too', () => {
  const override = agent([11, '10.99.9.1'])
  const ask = { giaddr: '10.99.9.1', more: [override] }
  const lobby = fabric()
  const nak = lobby.reply(message(3, { ...ask, requested: '10.99.1.7', server: '10.99.9.1' }))!
  expect([read(nak.options, option.messageType), formatIpv4(read(nak.options, option.serverId)!)]).toEqual([
    6,
    '10.99.9.1',
  ])
  const inform = lobby.reply(message(8, { ...ask, ciaddr: '10.99.9.7' }))!
  expect(formatIpv4(read(inform.options, option.serverId)!)).toBe('10.99.9.1')
  expect(lobby.say(message(3, { ...ask, requested: '10.99.9.120', server: '10.99.9.1' }))).toBe('ack 10.99.9.120')
  expect(lobby.say(message(7, { ...ask, ciaddr: '10.99.9.120', server: '10.99.9.1' }))).toBe('released 10.99.9.120')
  const mac = '52:54:00:77:00:02'
  lobby.say(message(1, { ...ask, mac, requested: '10.99.9.130' }))
  expect(lobby.say(message(4, { ...ask, mac, requested: '10.99.9.130', server: '10.99.9.1' }))).toBe(
    'declined 10.99.9.130',
  )
})

test('a REQUEST to a server that neither we nor the relay are is for another one', () => {
  const override = agent([11, '10.99.9.1'])
  const other = message(3, { giaddr: '10.99.9.1', more: [override], requested: '10.99.9.120', server: '10.99.9.2' })
  expect(fabric().say(other)).toBe('other server')
})

test('RFC 3046 §2.2: option 82 goes back whole and last, whatever is in it', () => {
  const reply = fabric().reply(real('relay-free-form-discover'))!
  expect(reply.options.get(82)!.toString()).toBe('sw-17 eth 0/3:100')
  const odd = [Buffer.alloc(0), Buffer.from([1, 9, 1]), Buffer.alloc(255, 7), Buffer.alloc(300, 8)]
  for (const value of odd) {
    const { options } = fabric().reply(message(1, { giaddr: '10.99.9.1', more: [[82, value]] }))!
    expect(options.get(82)).toEqual(value)
    expect(codesOf(options).at(-1)).toBe(82)
  }
})

test('subnets that share a link are one link: a reservation in any of them, and the next one when the first is full', () => {
  const shared = (fleet: Fleet): Lobby =>
    new Lobby({
      fleet,
      addresses: { eth0: '10.99.1.1' },
      subnets: [
        subnet('10.99.1.0/24', '10.99.1.100-10.99.1.199'),
        subnet('10.99.9.0/24', '10.99.9.100-10.99.9.100', { router: '10.99.9.1' }),
        subnet('10.99.10.0/24', '10.99.10.100-10.99.10.199', { router: '10.99.10.1', with: parseCidr('10.99.9.0/24') }),
      ],
    })
  const fleet = new Fleet({ '52:54:00:77:10:14': { machine: 'ross', address: '10.99.10.44' } })
  expect(given(shared(fleet).reply(real('relay-second-subnet-discover')))).toEqual([
    '10.99.10.44',
    '10.99.10.1',
    '10.99.9.1:67',
  ])
  const lobby = shared(new Fleet())
  const macs = ['52:54:00:77:00:01', '52:54:00:77:00:02']
  expect(macs.map((mac) => lobby.say(message(1, { mac, giaddr: '10.99.9.1' })))).toEqual([
    'offer 10.99.9.100',
    'offer 10.99.10.100',
  ])
  expect(lobby.say(message(3, { mac: macs[1]!, giaddr: '10.99.9.1', requested: '10.99.10.100' }))).toBe('silent')
  const selecting = { mac: macs[1]!, giaddr: '10.99.9.1', requested: '10.99.10.100', server: '10.99.1.1' }
  expect(lobby.say(message(3, selecting))).toBe('ack 10.99.10.100')
})

test('on a link of ours a shared subnet is served as well', () => {
  const lobby = new Lobby({
    fleet: new Fleet({ '52:54:00:77:00:01': { machine: 'duncan', address: '10.78.0.9' } }),
    subnets: [
      subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199'),
      subnet('10.78.0.0/24', undefined, { with: parseCidr('10.77.0.0/24') }),
    ],
  })
  expect(lobby.say(message(1))).toBe('offer 10.78.0.9')
})

test.each([
  ['a relay in another subnet', real('relay-second-subnet-discover'), 'the relay 10.99.9.1; it gets 10.99.9.100'],
  [
    'a relay that selects another one',
    message(1, { mac: '52:54:00:77:10:14', giaddr: '10.255.0.7', more: [agent([5, '10.99.9.0'])] }),
    'the link 10.99.9.0 behind the relay 10.255.0.7; it gets 10.99.9.100',
  ],
  ['a link of ours', message(1, { mac: '52:54:00:77:10:14' }), 'eth0; it gets 10.99.1.100'],
])('a reservation that %s cannot give is told so, and not that it is in use', (_, asked, where) => {
  const fleet = new Fleet({ '52:54:00:77:10:14': { machine: 'ross', address: '10.99.10.44' } })
  const decision = fabric(fleet).decide(asked)
  const event = typeof decision === 'string' ? undefined : conflict(decision, 'eth0')
  expect(event?.why).toBe(`its address 10.99.10.44 is in no subnet of ${where}`)
})

test('a message for an unknown network is told with its relay and the link that it selects', () => {
  const told: DhcpEvent[] = []
  const clerk = new Clerk(new Lobby().desk, (event) => told.push(event))
  clerk.take(bytesOf('relay-loopback-discover'), 'eth0', noon)
  expect(told.at(-1)).toMatchObject({
    type: 'dhcp.dropped',
    why: 'unknown network',
    mac: '52:54:00:77:10:02',
    relay: '10.255.0.7',
    link: '10.99.9.0',
  })
})

test('a forecast is made where the reservation is: through the relay of its subnet, unless another is named', () => {
  const client = { door: 'explain', asker: 'os', mac: parseMac('52:54:00:77:00:01') } as const
  const lines = (address: string | undefined, relay?: string): readonly string[] => {
    const fleet = new Fleet({ [client.mac]: { machine: 'far', ...(address !== undefined && { address }) } })
    const wires: Readonly<Record<string, string>> = { eth0: '10.99.0.1', eth1: '10.99.1.1' }
    const parts = {
      settings: settings(
        [
          subnet('10.99.0.0/24', '10.99.0.100-10.99.0.199'),
          subnet('10.99.1.0/24', '10.99.1.100-10.99.1.199'),
          subnet('10.99.9.0/24', '10.99.9.100-10.99.9.199', { router: '10.99.9.254' }),
          subnet('10.99.10.0/24', undefined),
        ],
        ['eth0', 'eth1'],
      ),
      leases: new LeaseBook(new MemoryLeases()),
      advisor: fleet,
      serverAddressFor: (name: string) => wires[name],
      reach: () => '10.99.1.1',
      now: noon,
    }
    const { lines: all } = forecast(client, { ...parts, ...(relay !== undefined && { relay }) })
    return all.filter((line) => /relay|yiaddr|siaddr|giaddr|routers|no answer/.test(line))
  }
  const behind = ['yiaddr 10.99.9.33', 'siaddr 10.99.1.1', 'giaddr 10.99.9.254', '3 routers: 10.99.9.254']
  expect(lines('10.99.9.33')).toEqual(['through a relay at 10.99.9.254:', ...behind])
  expect(lines('10.99.10.44')).toContain('through a relay at 10.99.10.1:')
  expect(lines('10.99.1.7')).toEqual(['yiaddr 10.99.1.7', 'siaddr 10.99.1.1'])
  expect(lines(undefined, '10.99.9.7').slice(0, 2)).toEqual(['through a relay at 10.99.9.7:', 'yiaddr 10.99.9.100'])
  expect(lines(undefined, '192.0.2.1')[1]).toBe('no answer: unknown network: no subnet holds that relay')
})
