import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Clerk } from '../../src/dhcp/clerk.ts'
import type { DhcpEvent } from '../../src/dhcp/event.ts'
import { option, write } from '../../src/dhcp/options.ts'
import { encodePacket, decodePacket, type Packet } from '../../src/dhcp/packet.ts'
import { summary } from '../../src/dhcp/summary.ts'
import { bytesOf, captured, message, type Wish } from './packets.ts'
import { Fleet, lease, Lobby, noon } from './site.ts'

const duncan = '52:54:00:77:00:01'
const us = '10.77.0.1'

/** A clerk at a desk, with everything it told. */
class Counter {
  readonly told: DhcpEvent[] = []
  readonly lobby = new Lobby({ fleet: new Fleet({}, { boot: { file: 'pxelinux.0' } }) })
  readonly clerk = new Clerk(this.lobby.desk, (event) => this.told.push(event))

  /** The reason of the drop, or the kind of answer. */
  take(packet: Packet | Buffer, now = noon): string {
    const bytes = Buffer.isBuffer(packet) ? packet : encodePacket(packet)
    const before = { ...this.clerk.counters.dropped }
    const outcome = this.clerk.take(bytes, 'eth0', now)
    const { dropped } = this.clerk.counters
    const reason = (Object.keys(dropped) as (keyof typeof dropped)[]).find((name) => dropped[name] !== before[name])
    return reason ?? outcome?.event?.type ?? 'quiet'
  }
}

/** The rows of what attackers and broken clients send, and what becomes of each: no reply and no state unless it says so. */
const rows: readonly (readonly [string, Packet | Buffer, string])[] = [
  ['nothing', Buffer.alloc(0), 'short'],
  ['one byte', Buffer.from([1]), 'short'],
  ['43 bytes', Buffer.alloc(43), 'short'],
  ['235 bytes', Buffer.alloc(235), 'short'],
  ['239 bytes', Buffer.alloc(239), 'short'],
  ['9000 zeros', Buffer.alloc(9000), 'no cookie'],
  ['65507 zeros', Buffer.alloc(65_507), 'no cookie'],
  ['our own OFFER, reflected', message(2, { fields: { op: 2 } }), 'not a request'],
  ['op 0', message(1, { fields: { op: 0 } }), 'not a request'],
  ['op 255', message(1, { fields: { op: 255 } }), 'not a request'],
  ['htype 0', message(1, { fields: { htype: 0 } }), 'hardware address'],
  ['htype 255', message(1, { fields: { htype: 255 } }), 'hardware address'],
  ...[0, 5, 7, 16, 17, 255].map(
    (hlen) => [`hlen ${hlen}`, message(1, { fields: { hlen } }), 'hardware address'] as const,
  ),
  ['chaddr of zeros', message(1, { mac: '00:00:00:00:00:00' }), 'hardware address'],
  ['chaddr of ones', message(1, { mac: 'ff:ff:ff:ff:ff:ff' }), 'hardware address'],
  ['a multicast chaddr', message(1, { mac: '01:00:5e:00:00:01' }), 'hardware address'],
  ['padding behind chaddr', padded(), 'dhcp.offer'],
  ['255 hops', message(1, { fields: { hops: 255 } }), 'too many hops'],
  ['no message type', typed(), 'unnamed BOOTP client'],
  ['a message type of no bytes', typed([]), 'message type'],
  ['a message type of two bytes', typed([1, 1]), 'message type'],
  ...[0, 2, 5, 6, 9, 13, 255].map((type) => [`message type ${type}`, typed([type]), 'message type'] as const),
  ['two message types', raw([53, 1, 1, 53, 1, 1, 255]), 'message type'],
  ...[50, 51, 54].flatMap((code) =>
    [0, 3, 5, 8].map((size) => [`option ${code} of ${size} bytes`, sized(code, size), 'option size'] as const),
  ),
  ...[12, 55, 57, 60, 61, 77, 81, 82, 93, 97].map(
    (code) => [`option ${code} of no bytes`, sized(code, 0), 'dhcp.offer'] as const,
  ),
  [
    'option 55 with 255 codes',
    message(1, { more: [[55, Buffer.from(Array.from({ length: 255 }, (_, at) => at))]] }),
    'dhcp.offer',
  ],
  [
    'option 55 with zeros, duplicates and 108',
    message(1, { more: [[55, Buffer.from([0, 0, 108, 1, 1, 235])]] }),
    'dhcp.offer',
  ],
  ['option 61 of 255 bytes', sized(61, 255), 'dhcp.offer'],
  ['option 43 that nests past its end', message(1, { more: [[43, Buffer.from([6, 200, 8])]] }), 'dhcp.offer'],
  ['option 82 that nests past its end', message(1, { more: [[82, Buffer.from([1, 200])]] }), 'dhcp.offer'],
  [
    'option 175 that nests past its end',
    message(1, {
      more: [
        [77, Buffer.from('iPXE')],
        [175, Buffer.from([1, 200])],
      ],
    }),
    'dhcp.offer',
  ],
  ['vendor class with NULs', message(1, { more: [[60, Buffer.from('PXEClient\0\0$(id)')]] }), 'dhcp.offer'],
  ['a host name that is a command', message(1, { more: [[12, Buffer.from('$(reboot)\n../../x')]] }), 'dhcp.offer'],
  ['option 57 of 0', message(1, { more: [write(option.maxSize, 0)] }), 'dhcp.offer'],
  ['option 57 of 65535', message(1, { more: [write(option.maxSize, 65_535)] }), 'dhcp.offer'],
  ['xid 0', message(1, { fields: { xid: 0 } }), 'dhcp.offer'],
  ['a REQUEST that names nothing', message(3), 'request without an address'],
  ['a DECLINE that names nothing', message(4), 'request without an address'],
  ['a DECLINE of a foreign address', message(4, { requested: '10.77.0.150', server: us }), 'dhcp.silent'],
  ['a RELEASE of a foreign address', message(7, { ciaddr: '10.77.0.150', server: us }), 'dhcp.silent'],
  ['a REQUEST to another server', message(3, { requested: '10.77.0.150', server: '10.77.0.9' }), 'dhcp.other-server'],
  ['a relay of an unknown network', message(1, { giaddr: '192.168.1.1' }), 'unknown network'],
]

test.each(rows)('%s', (_, input, verdict) => {
  const counter = new Counter()
  expect(counter.take(input)).toBe(verdict)
  expect(counter.lobby.book.list()).toEqual([])
  expect(counter.take(message(1, { mac: '52:54:00:00:00:99' }))).toBe('dhcp.offer')
})

test.each(['ipxe-bios-qemu72-discover', 'ovmf-2022.11-uefi-pxe-discover'])(
  "%s, which ends npm's dhcp, is answered",
  (name) => {
    const bytes = readFileSync(new URL(`../fixtures/packets/${name}.bin`, import.meta.url))
    expect(new Counter().take(bytes)).toBe('dhcp.offer')
  },
)

test('every unicast, broadcast or relayed message, with and without a subnet, with every option asked for: no packet ends the process', () => {
  const counter = new Counter()
  const wishes: readonly Wish[] = [
    {},
    { ciaddr: '10.77.0.120' },
    { giaddr: '10.77.0.254' },
    { giaddr: '192.168.1.1' },
    { ciaddr: '192.168.1.9' },
  ]
  for (const wish of wishes) {
    for (const type of [1, 3, 4, 7, 8] as const) {
      for (let code = 0; code < 256; code++)
        counter.take(
          message(type, {
            ...wish,
            more: [
              [55, Buffer.from([108, code])],
              [code, Buffer.from([1])],
            ],
          }),
        )
    }
  }
  expect(counter.clerk.counters.dropped.internal).toBe(0)
})

test('the same DISCOVER a thousand times is one offer and no lease', () => {
  const counter = new Counter()
  const packet = message(1, { fields: { xid: 0 } })
  const replies = Array.from(
    { length: 1000 },
    () => counter.clerk.take(encodePacket(packet), 'eth0', noon)!.reply!.bytes,
  )
  expect(replies.every((bytes) => bytes.equals(replies[0]!))).toBe(true)
  expect(counter.lobby.book.list()).toEqual([])
})

test('REQUEST before DISCOVER, and both doubled and late: one lease', () => {
  const counter = new Counter()
  const ask = message(3, { mac: duncan, requested: '10.77.0.100', server: us })
  for (const [packet, now] of [
    [ask, noon],
    [message(1, { mac: duncan }), noon + 1],
    [ask, noon + 30_000],
    [ask, noon + 30_001],
  ] as const) {
    counter.take(packet, now)
  }
  expect(counter.lobby.book.list().map(({ address }) => address)).toEqual(['10.77.0.100'])
})

test('a flood of invented machines makes no lease, and machines with a reservation are served in the middle of it', () => {
  const told: DhcpEvent[] = []
  const lobby = new Lobby({ fleet: new Fleet({ [duncan]: { address: '10.77.0.11' } }) })
  const clerk = new Clerk(lobby.desk, (event) => told.push(event))
  for (let machine = 0; machine < 20_000; machine++) {
    const mac = `02:00:00:${[machine >> 16, (machine >> 8) & 255, machine & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
    clerk.take(encodePacket(message(1, { mac })), 'eth0', noon + machine)
  }
  expect(lobby.book.list()).toEqual([])
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.11')
  expect(lobby.say(message(1, { mac: '52:54:00:00:00:01' }))).toMatch(/^offer/)
})

test('a flood of rubbish is counted in full and told once a second', () => {
  const counter = new Counter()
  for (let at = 0; at < 3000; at++) counter.take(Buffer.alloc(9), noon + at)
  expect(counter.clerk.counters.dropped.short).toBe(3000)
  const told = counter.told.filter(({ type }) => type === 'dhcp.dropped')
  expect(told.map(({ why, count }) => [why, count])).toEqual([
    ['short', 1],
    ['short', 1000],
    ['short', 1000],
  ])
})

test('a message from behind an unknown relay is told with that relay and its card', () => {
  const counter = new Counter()
  counter.take(encodePacket(message(1, { mac: duncan, giaddr: '10.99.0.1' })), noon)
  expect(counter.told.at(-1)).toMatchObject({
    type: 'dhcp.dropped',
    why: 'unknown network',
    mac: duncan,
    relay: '10.99.0.1',
  })
})

test('a mistake of ours costs one packet, and it is told', () => {
  const lobby = new Lobby({ fleet: new Fleet() })
  const told: DhcpEvent[] = []
  const clerk = new Clerk(lobby.desk, (event) => told.push(event))
  lobby.desk.decide = () => {
    throw new Error('a bug')
  }
  expect(clerk.take(encodePacket(message(1)), 'eth0', noon)).toBeUndefined()
  expect(clerk.counters.dropped.internal).toBe(1)
  expect(told.at(-1)).toMatchObject({ type: 'dhcp.dropped', why: 'internal: Error: a bug' })
})

test('the clock may jump: a day back makes leases longer, never shared', () => {
  const lobby = new Lobby({ leases: [lease('52:54:00:00:00:09', '10.77.0.100')] })
  lobby.now = noon - 86_400_000
  expect(lobby.say(message(1, { mac: duncan }))).toBe('offer 10.77.0.101')
  lobby.now = 0
  expect(lobby.say(message(3, { mac: duncan, requested: '10.77.0.101', server: us }))).toBe('ack 10.77.0.101')
})

test('random bytes never throw and always count', () => {
  const counter = new Counter()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      const { received } = counter.clerk.counters
      counter.take(Buffer.from(bytes))
      return counter.clerk.counters.received === received + 1 && counter.clerk.counters.dropped.internal === 0
    }),
  )
})

test('random options behind a good header never throw', () => {
  const counter = new Counter()
  const head = bytesOf('ovmf-pxe-discover').subarray(0, 243)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      counter.take(Buffer.concat([head, Buffer.from(bytes)]))
      return counter.clerk.counters.dropped.internal === 0
    }),
    { numRuns: 500 },
  )
})

test('real packets with some bytes changed, cut or doubled never throw, and their answers can be read', () => {
  const counter = new Counter()
  const change = fc.record({ at: fc.nat(420), byte: fc.nat(255) })
  const name = fc.constantFrom(...Object.keys(captured))
  fc.assert(
    fc.property(name, fc.array(change, { maxLength: 12 }), fc.nat(420), (packet, changes, cut) => {
      const bytes = Buffer.from(bytesOf(packet))
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte
      const sent = cut % 5 === 0 ? bytes.subarray(0, cut) : bytes
      const reply = counter.clerk.take(sent, 'eth0', noon)?.reply
      const read = reply && decodePacket(reply.bytes)
      if (read && !('malformed' in read)) summary(read)
      return counter.clerk.counters.dropped.internal === 0 && (!read || !('malformed' in read))
    }),
    { numRuns: 1000 },
  )
})

test('what is counted adds up to what came', () => {
  const counter = new Counter()
  for (const [, input] of rows) counter.take(input)
  const { received, bootp, discover, request, decline, release, inform, dropped } = counter.clerk.counters
  const unread: readonly (keyof typeof dropped)[] = [
    'short',
    'no cookie',
    'not a request',
    'hardware address',
    'too many hops',
    'relay address',
    'message type',
    'option size',
    'option past the end',
    'option too long',
  ]
  const thrown = unread.reduce((sum, reason) => sum + dropped[reason], 0)
  expect(bootp + discover + request + decline + release + inform + thrown).toBe(received)
})

function padded(): Packet {
  const packet = message(1)
  packet.chaddr.fill(0xaa, 6)
  return packet
}

function typed(value?: readonly number[]): Buffer {
  return raw(value ? [53, value.length, ...value, 255] : [255])
}

function sized(code: number, size: number): Packet {
  return message(1, { more: [[code, Buffer.alloc(size, 1)]] })
}

function raw(options: readonly number[]): Buffer {
  return Buffer.concat([encodePacket(message(1)).subarray(0, 240), Buffer.from(options)])
}
