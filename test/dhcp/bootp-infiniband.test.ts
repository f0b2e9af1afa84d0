import { expect, test } from 'vitest'
import type { Advice } from '../../src/dhcp/advice.ts'
import { option, OptionList, read } from '../../src/dhcp/options.ts'
import { encodePacket, type Packet } from '../../src/dhcp/packet.ts'
import { roomFor, routeOf } from '../../src/dhcp/route.ts'
import { summary } from '../../src/dhcp/summary.ts'
import { readGuid } from '../../src/net/infiniband.ts'
import { codesOf, decoded, message, real } from './packets.ts'
import { Fleet, lease, Lobby, subnet } from './site.ts'

const angus = '52:54:00:77:10:30'

function fleet(mac: string, advice: Advice = {}): Fleet {
  return new Fleet({ [mac]: { machine: 'angus', address: '10.77.0.30', hostname: 'angus', ...advice } })
}

test('RFC 1534 §2: the BOOTP request of a named machine gets its fixed address, and nothing of DHCP', () => {
  const reply = new Lobby({ fleet: fleet(angus) }).reply(real('bootp-request'))!
  expect(summary(reply)).toEqual([
    `BOOTP to ${angus}`,
    'xid 0000005b, 0 s',
    'yiaddr 10.77.0.30',
    'siaddr 10.77.0.1',
    '1 subnet mask: 255.255.255.0',
    '6 name servers: 10.77.0.1',
    '28 broadcast address: 10.77.0.255',
    '12 host name: "angus"',
  ])
})

test('its answer has 300 bytes, and no options in the fields of names', () => {
  const many = subnet('10.77.0.0/24', undefined, {
    dns: ['10.77.0.2', '10.77.0.3', '10.77.0.4'],
    ntp: ['10.77.0.5', '10.77.0.6'],
    domain: 'a-rather-long-domain.of-the-site.example.org',
  })
  const reply = new Lobby({ fleet: fleet(angus), subnets: [many] }).reply(real('bootp-request'))!
  const bytes = encodePacket(reply, roomFor(real('bootp-request')))
  expect(bytes).toHaveLength(300)
  expect(codesOf(decoded(bytes).options)).not.toContain(52)
  expect(bytes.subarray(44, 236).every((byte) => byte === 0)).toBe(true)
})

test('gear that boots a file of its own is told of it by BOOTP, too', () => {
  const reply = new Lobby({ fleet: fleet(angus, { boot: { file: 'plc.bin', isOwn: true } }) }).reply(
    real('bootp-request'),
  )
  expect(reply).toMatchObject({ file: 'plc.bin', siaddr: 0x0a4d0001 })
})

test.each([
  ['a card that nobody named', new Fleet(), real('bootp-request'), 'drop: unnamed BOOTP client'],
  [
    'a machine without an address of its own',
    new Fleet({ [angus]: { machine: 'angus' } }),
    real('bootp-request'),
    'silent',
  ],
  ['a machine whose address is elsewhere', fleet(angus, { address: '10.99.0.1' }), real('bootp-request'), 'silent'],
  ['who names another server', fleet(angus), { ...real('bootp-request'), sname: 'depot' }, 'silent'],
  [
    'a relay of an unknown network',
    fleet(angus),
    { ...real('bootp-request'), giaddr: 0xc0000201 },
    'drop: unknown network',
  ],
] as const)('BOOTP of %s is not answered', (_, known, packet, said) => {
  expect(new Lobby({ fleet: known }).say(packet)).toBe(said)
})

test('BOOTP never takes an address that is in use', () => {
  const leases = [lease('52:54:00:77:00:09', '10.77.0.30')]
  expect(new Lobby({ fleet: fleet(angus), leases }).say(real('bootp-request'))).toBe('silent')
})

const guid = 'b8cef6030031333e'
const card = 'b8:ce:f6:31:33:3e'

/** RFC 4390 §2.1: htype 32, hlen 0, an empty hardware address, the broadcast flag, and a client id. */
function infiniband(type: 1 | 3, id: string, more: readonly (readonly [number, Buffer])[] = []): Packet {
  const empty = { htype: 32, hlen: 0, chaddr: Buffer.alloc(16), flags: 0x8000 }
  return message(type, { more: [[61, Buffer.from(id, 'hex')], ...more], fields: empty })
}

test.each([
  ['of dhclient, with an IAID', `ff00000000000200000002c900${guid}`],
  ['of RFC 4361, with DUID-LL', `ff0031333e000300200000004afe80000000000000${guid}`],
  ['with its type and hardware address', `2000000048fe80000000000000${guid}`],
])('an InfiniBand card is known by the GUID at the end of its client id: %s', (_, id) => {
  const lobby = new Lobby({ fleet: fleet(card) })
  const offer = lobby.reply(infiniband(1, id))!
  expect(offer).toMatchObject({ htype: 32, hlen: 0, flags: 0x8000, yiaddr: 0x0a4d001e })
  expect(offer.options.get(61)!.toString('hex')).toBe(id)
  expect(routeOf(offer)).toEqual({ address: '255.255.255.255', port: 68 })
  const server = [54, Buffer.from([10, 77, 0, 1])] as const
  const ack = lobby.reply(infiniband(3, id, [[50, Buffer.from([10, 77, 0, 30])], server]))!
  expect(read(ack.options, option.messageType)).toBe(5)
  expect(lobby.book.holderOf('10.77.0.30', lobby.now)).toBe(card)
})

test.each([
  ['a card that nobody named', infiniband(1, `ff00000000000200000002c900${guid}`), 'drop: unnamed InfiniBand card'],
  ['one without a client id', infiniband(1, ''), 'drop: hardware address'],
  ['one whose client id holds no GUID', infiniband(1, 'ff0000000000000000'), 'drop: hardware address'],
  [
    'one that writes a hardware address of 20 bytes, which the field cannot hold',
    { ...infiniband(1, `20${guid}`), hlen: 20, options: new OptionList([[53, Buffer.from([1])]]) },
    'drop: hardware address',
  ],
] as const)('InfiniBand: %s is not answered', (_, packet, said) => {
  expect(new Lobby().say(packet)).toBe(said)
})

test.each([
  '20:b8:ce:f6:03:00:31:33:3e',
  '20-b8-ce-f6-03-00-31-33-3e',
  'B8:CE:F6:03:00:31:33:3E',
  '0xb8cef6030031333e',
  'b8ce:f603:0031:333e',
])('a GUID as %s is the card that its firmware calls %s', (text) => expect(readGuid(text)).toBe(card))

test.each(['', '20', 'b8:ce:f6:03:00:31:33', '21:b8:ce:f6:03:00:31:33:3e', '0x0000000000000000', 'b9cef6030031333e'])(
  '%s is no GUID of a card',
  (text) => expect(readGuid(text)).toBeUndefined(),
)
