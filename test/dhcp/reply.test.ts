import { expect, test } from 'vitest'
import { option, read, write } from '../../src/dhcp/options.ts'
import { encodePacket, type Packet } from '../../src/dhcp/packet.ts'
import { roomFor, routeOf } from '../../src/dhcp/route.ts'
import { summary } from '../../src/dhcp/summary.ts'
import { codesOf, decoded, message, real } from './packets.ts'
import { Fleet, Lobby, subnet } from './site.ts'

const duncan = '52:54:00:77:00:01'
const us = '10.77.0.1'
const boot = { file: 's/x1/pxelinux.0' }

function lobby(advice: object = { boot }): Lobby {
  return new Lobby({
    fleet: new Fleet({ [duncan]: advice }, { boot }),
    subnets: [
      subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199', {
        router: '10.77.0.254',
        ntp: ['10.77.0.2'],
        domain: 'dunsinane.test',
      }),
    ],
  })
}

test('an OFFER, whole', () => {
  const reply = lobby({ machine: 'duncan', hostname: 'duncan', address: '10.77.0.11', boot }).reply(
    message(1, { mac: duncan }),
  )!
  expect(summary(reply)).toEqual([
    'OFFER to 52:54:00:77:00:01',
    'xid 1234abcd, 0 s',
    'yiaddr 10.77.0.11',
    'siaddr 10.77.0.1',
    'file "s/x1/pxelinux.0"',
    '54 server: 10.77.0.1',
    '51 lease time: 3600 s',
    '58 renew after: 1800 s',
    '59 rebind after: 3150 s',
    '67 boot file: "s/x1/pxelinux.0"',
    '1 subnet mask: 255.255.255.0',
    '3 routers: 10.77.0.254',
    '6 name servers: 10.77.0.1',
    '15 domain: "dunsinane.test"',
    '28 broadcast address: 10.77.0.255',
    '42 time servers: 10.77.0.2',
    '12 host name: "duncan"',
    '66 boot server: "10.77.0.1"',
  ])
})

test('boot file and boot server end with a NUL that is counted, for ROMs that read up to one (RFC 2132 §2)', () => {
  for (const reply of [
    lobby().reply(message(1, { mac: duncan }))!,
    lobby().reply(message(8, { mac: duncan, ciaddr: '10.77.0.100' }))!,
  ]) {
    const { options } = decoded(encodePacket(reply, roomFor(message(1))))
    expect(options.get(67)!.toString()).toBe('s/x1/pxelinux.0\0')
    expect(options.get(66)!.toString()).toBe('10.77.0.1\0')
  }
})

test('the ACK says what the OFFER said', () => {
  const desk = lobby()
  const offer = desk.reply(message(1, { mac: duncan }))!
  const ack = desk.reply(message(3, { mac: duncan, requested: '10.77.0.100', server: us }))!
  expect(summary(ack)).toEqual(['ACK to 52:54:00:77:00:01', ...summary(offer).slice(1)])
})

test('siaddr is there without a boot file, too (pypxeboot reads nothing else)', () => {
  expect(lobby({}).reply(message(1, { mac: duncan }))).toMatchObject({ siaddr: 0x0a4d0001, file: '' })
})

test('lpxelinux is told where everything else comes from, as options 208 and 210', () => {
  const prefix = 'http://10.77.0.1/s/x1/'
  const { options } = lobby({ boot: { file: 's/x1/lpxelinux.0', prefix } }).reply(message(1, { mac: duncan }))!
  expect(read(options, option.pxelinuxMagic)).toBe(0xf100747e)
  expect(read(options, option.pxelinuxPrefix)).toBe(prefix)
  expect(
    lobby()
      .reply(message(1, { mac: duncan }))!
      .options.has(210),
  ).toBe(false)
})

test('a Raspberry Pi reads its name in option 43, with a class of its own; no other ROM does', () => {
  const boards = new Lobby({ fleet: new Fleet({}, { boot }) })
  const named = (mac: string): unknown => {
    const rom = message(1, { mac, more: [[60, Buffer.from('PXEClient:Arch:00000:UNDI:002001')]] })
    const { options } = boards.reply(rom)!
    return [options.get(60)?.toString(), options.get(43)?.toString('latin1').includes('Raspberry Pi Boot   ')]
  }
  expect(named('dc:a6:32:00:00:01')).toEqual(['PXEClient', true])
  expect(named('52:54:00:77:00:01')).toEqual([undefined, undefined])
})

test('another boot server is named in siaddr and in option 66', () => {
  const reply = lobby({ boot: { ...boot, server: '10.77.0.9' } }).reply(message(1, { mac: duncan }))!
  expect(reply.siaddr).toBe(0x0a4d0009)
  expect(read(reply.options, option.serverName)).toBe('10.77.0.9')
})

test.each([
  ['tftp://10.77.0.9/ztp/leaf.py', 0x0a4d0009, '10.77.0.9', 'ztp/leaf.py'],
  ['http://10.77.0.9/onie.bin', 0x0a4d0001, '10.77.0.1', 'http://10.77.0.9/onie.bin'],
  ['tftp://depot.test/leaf.py', 0x0a4d0001, '10.77.0.1', 'tftp://depot.test/leaf.py'],
])('the file %s is told as server and name where DHCP can', (url, siaddr, server, file) => {
  const reply = lobby({ boot: { file: url } }).reply(message(1, { mac: duncan }))!
  expect([reply.siaddr, read(reply.options, option.serverName), reply.file]).toEqual([siaddr, server, file])
  expect(read(reply.options, option.bootFile)).toBe(file)
})

test('the name servers of the subnet stand in option 6, our own address when it names none', () => {
  const named = new Lobby({
    subnets: [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199', { dns: ['10.77.0.3', '10.77.0.4'] })],
  })
  expect(read(named.reply(message(1))!.options, option.dns)).toEqual([0x0a4d0003, 0x0a4d0004])
  expect(read(new Lobby().reply(message(1))!.options, option.dns)).toEqual([0x0a4d0001])
})

test.each(['ovmf-pxe-discover', 'ipxe-bios-discover', 'gpxe-bios-discover', 'aavmf-arm64-pxe-discover'])(
  '%s gets no option 60: without 43 it would look for a boot server on port 4011',
  (name) => {
    const { options } = lobby().reply(real(name))!
    expect([options.has(60), options.has(43)]).toEqual([false, false])
  },
)

test.each(['ovmf-http-discover', 'aavmf-arm64-http-discover'])('%s gets its class back', (name) => {
  expect(read(lobby().reply(real(name))!.options, option.vendorClass)).toBe('HTTPClient')
})

test('a URL stands in the header and in option 67', () => {
  const file = 'http://10.77.0.1/s/x1/boot.ipxe'
  const reply = lobby({ boot: { file } }).reply(real('ipxe-bios-discover'))!
  expect([reply.file, read(reply.options, option.bootFile)]).toEqual([file, file])
})

test('a name too long for the header is only in option 67, never cut', () => {
  const file = `http://10.77.0.1/s/${'x'.repeat(200)}/boot.ipxe`
  const reply = lobby({ boot: { file } }).reply(real('ipxe-bios-discover'))!
  expect([reply.file, read(reply.options, option.bootFile)]).toEqual(['', file])
})

test('iPXE is told not to wait for ProxyDHCP; nobody else hears of it', () => {
  expect(lobby().reply(real('ipxe-bios-discover'))!.options.get(175)).toEqual(Buffer.from([176, 1, 1]))
  expect(lobby().reply(real('gpxe-bios-discover'))!.options.has(175)).toBe(false)
  expect(lobby().reply(real('ovmf-pxe-discover'))!.options.has(175)).toBe(false)
})

test('client id and machine id come back as they were', () => {
  const asked = real('ipxe-bios-discover')
  const { options } = lobby().reply(asked)!
  expect([options.get(61), options.get(97)]).toEqual([asked.options.get(61), asked.options.get(97)])
  const none = lobby().reply(message(1))!.options
  expect([none.has(61), none.has(97)]).toEqual([false, false])
})

test('what only a client may say is not echoed: 50, 55, 57, 93, 94, 77', () => {
  const { options } = lobby().reply(real('ipxe-bios-request'))!
  expect([50, 55, 57, 77, 93, 94].filter((code) => options.has(code))).toEqual([])
})

test('the option of the relay comes back last and unchanged; where there was none, none comes', () => {
  const circuit = Buffer.from('0104aabbccdd0206525400770009', 'hex')
  const relayed = (value: Buffer): Packet =>
    message(1, { giaddr: '10.77.0.254', more: [[82, value], write(option.hostName, 'x')] })
  const { options } = lobby().reply(relayed(circuit))!
  expect(codesOf(options).at(-1)).toBe(82)
  expect(options.get(82)).toEqual(circuit)
  expect(lobby().reply(message(1))!.options.has(82)).toBe(false)
})

test('a NAK gives nothing but its reason, and through a relay it is to be broadcast', () => {
  const nak = lobby().reply(message(3, { requested: '192.168.1.1', giaddr: '10.77.0.254' }))!
  expect(summary(nak)).toEqual([
    'NAK to 52:54:00:77:00:01',
    'xid 1234abcd, 0 s, broadcast',
    'giaddr 10.77.0.254',
    '54 server: 10.77.0.1',
    '56 message: "wrong network"',
  ])
})

test('the answer to INFORM has no address and no lease', () => {
  const reply = lobby().reply(message(8, { ciaddr: '10.77.0.20' }))!
  expect(reply).toMatchObject({ yiaddr: 0, ciaddr: 0x0a4d0014, siaddr: 0x0a4d0001 })
  expect([51, 58, 59].filter((code) => reply.options.has(code))).toEqual([])
})

test('xid, flags, relay and hardware address are copied', () => {
  const asked = message(1, { giaddr: '10.77.0.254', fields: { xid: 0, flags: 0x8000, secs: 12, hops: 1 } })
  const { xid, flags, giaddr, chaddr } = asked
  expect(lobby().reply(asked)).toMatchObject({ op: 2, htype: 1, hlen: 6, xid, flags, giaddr, chaddr })
})

test('no reply is shorter than 300 bytes or longer than its client can take', () => {
  for (const [size, most] of [
    [undefined, 548],
    [0, 548],
    [300, 548],
    [575, 548],
    [1000, 972],
    [65_280, 1472],
  ] as const) {
    const asked = message(1, { more: size === undefined ? [] : [write(option.maxSize, size)] })
    expect(roomFor(asked)).toBe(most)
  }
  const reply = lobby({ hostname: 'h'.repeat(250), boot: { file: 'f'.repeat(250) } }).reply(
    message(1, { mac: duncan }),
  )!
  const short = encodePacket(reply, roomFor(message(1)))
  expect(short.length).toBeLessThanOrEqual(548)
  expect(read(decoded(short).options, option.bootFile)).toBe('f'.repeat(250))
  expect(encodePacket(lobby().reply(message(1))!).length).toBeGreaterThanOrEqual(300)
})

test.each([
  ['a client without an address, flag or no flag', message(1), '255.255.255.255:68'],
  [
    'a client that selects, whatever it wrote into ciaddr',
    message(3, { requested: '10.77.0.100', server: us, ciaddr: '10.77.0.100' }),
    '255.255.255.255:68',
  ],
  ['a client that renews', message(3, { ciaddr: '10.77.0.130' }), '10.77.0.130:68'],
  ['a client that informs', message(8, { ciaddr: '10.77.0.20' }), '10.77.0.20:68'],
  ['a client behind a relay', message(1, { giaddr: '10.77.0.254' }), '10.77.0.254:67'],
  ['a client that must start again', message(3, { requested: '192.168.1.1' }), '255.255.255.255:68'],
  [
    'a client behind a relay that must start again',
    message(3, { requested: '192.168.1.1', giaddr: '10.77.0.254' }),
    '10.77.0.254:67',
  ],
])('%s is answered at the right place', (_, asked, place) => {
  const { address, port } = routeOf(lobby().reply(asked)!)
  expect(`${address}:${port}`).toBe(place)
})
