import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { forecast } from '../../src/dhcp/forecast.ts'
import { LeaseBook } from '../../src/dhcp/lease.ts'
import { encodePacket, type Packet } from '../../src/dhcp/packet.ts'
import { openDhcp, type DhcpParts, type DhcpServer } from '../../src/dhcp/server.ts'
import type { DhcpEvent } from '../../src/dhcp/event.ts'
import { summary } from '../../src/dhcp/summary.ts'
import type { Udp, UdpOptions, UdpSocket } from '../../src/net/udp.ts'
import { parseMac } from '../../src/net/mac.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'
import { bytesOf, captured, decoded, message, real } from './packets.ts'
import { Fleet, noon, subnet } from './site.ts'

const us = '10.77.0.1'
const duncan = '52:54:00:77:00:01'
const ours = { boot: { file: 's/x/pxelinux.0' } }

/** The two doors of a proxy on one card, without a wire. */
class Card implements Udp {
  readonly kind = 'dgram'
  readonly sent: { readonly port: number; readonly to: string; readonly packet: Packet }[] = []
  readonly told: DhcpEvent[] = []
  readonly #open = new Map<number, { readonly options: UdpOptions; readonly socket: UdpSocket }>()

  async open(options: UdpOptions): Promise<UdpSocket> {
    const { port } = options
    const close = async (): Promise<void> => void this.#open.delete(port)
    const socket: UdpSocket = {
      port,
      send: (bytes, to, address) => void this.sent.push({ port, to: `${address}:${to}`, packet: decoded(bytes) }),
      sendSegments() {},
      close,
      [Symbol.asyncDispose]: close,
    }
    this.#open.set(port, { options, socket })
    return socket
  }

  get ports(): readonly number[] {
    return [...this.#open.keys()]
  }

  arrive(port: number, what: Packet | Buffer, from = { address: '10.77.0.180', port: 68 }): void {
    const { options, socket } = this.#open.get(port)!
    const bytes = Buffer.isBuffer(what) ? what : encodePacket(what)
    options.onMessage({ bytes, ...from, key: 1 }, socket)
    options.onBatchEnd!()
  }

  get answers(): readonly (readonly string[])[] {
    return this.sent.map(({ packet }) => summary(packet))
  }
}

async function proxy(
  fleet = new Fleet({}, ours),
  more: Partial<DhcpParts> = {},
): Promise<{ card: Card; server: DhcpServer }> {
  const card = new Card()
  const server = await openDhcp({
    udp: card,
    settings: { mode: 'proxy', interfaces: ['eth0'], subnets: [] },
    advisor: fleet,
    leases: new LeaseBook(new MemoryLeases()),
    serverAddressFor: () => us,
    clock: { now: () => noon },
    onEvent: (event) => card.told.push(event),
    ...more,
  })
  onTestFinished(() => server.close())
  return { card, server }
}

const pxe = (arch: number): readonly (readonly [number, Buffer])[] => [
  [60, Buffer.from(`PXEClient:Arch:${String(arch).padStart(5, '0')}:UNDI:002001`)],
  [93, Buffer.from([0, arch])],
]

test('a BIOS ROM is told of its file at once, and of no address', async () => {
  const { card } = await proxy()
  card.arrive(67, message(1, { more: pxe(0) }))
  expect(card.sent.map(({ port, to }) => [port, to])).toEqual([[67, '255.255.255.255:68']])
  expect(card.answers).toEqual([
    [
      'OFFER to 52:54:00:77:00:01',
      'xid 1234abcd, 0 s',
      'siaddr 10.77.0.1',
      'file "s/x/pxelinux.0"',
      '54 server: 10.77.0.1',
      '60 vendor class: "PXEClient"',
      '43 vendor options: 6=08',
      '67 boot file: "s/x/pxelinux.0"',
      '66 boot server: "10.77.0.1"',
    ],
  ])
})

test('UEFI firmware is told of a proxy only, and comes to port 4011 for its file', async () => {
  const { card } = await proxy()
  card.arrive(67, real('ovmf-pxe-discover'))
  const asked = message(3, { ciaddr: '10.77.0.181', more: pxe(7) })
  card.arrive(4011, asked, { address: '10.77.0.181', port: 4011 })
  expect(card.sent.map(({ port, to }) => [port, to])).toEqual([
    [67, '255.255.255.255:68'],
    [4011, '10.77.0.181:4011'],
  ])
  expect(card.sent[0]!.packet).toMatchObject({ yiaddr: 0, siaddr: 0x0a4d0001, file: '' })
  expect([43, 67].filter((code) => card.sent[0]!.packet.options.has(code))).toEqual([])
  expect(card.sent[0]!.packet.options.get(60)?.toString()).toBe('PXEClient')
  expect(card.answers[1]).toEqual([
    'ACK to 52:54:00:77:00:01',
    'xid 1234abcd, 0 s',
    'ciaddr 10.77.0.181',
    'siaddr 10.77.0.1',
    'file "s/x/pxelinux.0"',
    '54 server: 10.77.0.1',
    '60 vendor class: "PXEClient"',
    '67 boot file: "s/x/pxelinux.0"',
    '66 boot server: "10.77.0.1"',
  ])
})

test("iPXE's question at port 4011 has xid 0, which comes back", async () => {
  const { card } = await proxy()
  const item = [43, Buffer.from([71, 4, 0x80, 0, 0, 0, 255])] as const
  const asked = message(3, { ciaddr: '10.77.0.180', more: [...pxe(0), item], fields: { xid: 0 } })
  card.arrive(4011, asked)
  expect(card.sent[0]!.packet).toMatchObject({ xid: 0, file: 's/x/pxelinux.0' })
  expect(card.answers[0]).toContain('43 vendor options: 71=80000000')
})

test('UEFI HTTP boot takes its URL from the first answer, which calls itself HTTPClient', async () => {
  const { card } = await proxy(new Fleet({}, { boot: { file: 'http://10.77.0.1/s/x/snponly.efi' } }))
  card.arrive(67, real('ovmf-http-discover'))
  expect(card.answers[0]).toEqual(
    expect.arrayContaining(['60 vendor class: "HTTPClient"', '67 boot file: "http://10.77.0.1/s/x/snponly.efi"']),
  )
  expect(card.sent[0]!.packet.options.has(43)).toBe(false)
})

test('iPXE is told of its script at once, on BIOS and on UEFI', async () => {
  const { card } = await proxy(new Fleet({}, { boot: { file: 'http://10.77.0.1/s/x/boot.ipxe' } }))
  for (const name of ['ipxe-bios-discover', 'ipxe-uefi-discover']) card.arrive(67, real(name))
  expect(card.sent.map(({ packet }) => [packet.yiaddr, packet.file])).toEqual([
    [0, 'http://10.77.0.1/s/x/boot.ipxe'],
    [0, 'http://10.77.0.1/s/x/boot.ipxe'],
  ])
  // It must wait for us: nothing tells it to pass over ProxyDHCP.
  expect(card.sent.map(({ packet }) => packet.options.has(175))).toEqual([false, false])
})

test('no answer of a proxy gives an address, a mask, a router, a name server or a lease', async () => {
  const { card } = await proxy()
  for (const [name] of Object.entries(captured)) {
    card.arrive(67, bytesOf(name))
    card.arrive(4011, bytesOf(name))
  }
  expect(card.sent.length).toBeGreaterThan(4)
  const given = card.sent.flatMap(({ packet }) => [...packet.options].map(([code]) => code))
  expect([1, 3, 6, 12, 15, 28, 42, 51, 58, 59].filter((code) => given.includes(code))).toEqual([])
  expect(new Set(card.sent.map(({ packet }) => packet.yiaddr))).toEqual(new Set([0]))
})

test.each([
  ['a DISCOVER that is no network boot', 67, message(1)],
  ['a DISCOVER that only has an architecture', 67, message(1, { more: [[93, Buffer.from([0, 0])]] })],
  [
    'the REQUEST of a ROM to the server that gives addresses',
    67,
    message(3, { server: '10.77.0.2', requested: '10.77.0.180', more: pxe(0) }),
  ],
  ['a REQUEST that names us by mistake', 67, message(3, { server: us, requested: '10.77.0.180', more: pxe(0) })],
  ['a ROM that comes back with its old address', 67, message(3, { requested: '192.168.1.9', more: pxe(0) })],
  ['a lease that is renewed', 67, message(3, { ciaddr: '10.77.0.180' })],
  ['an INFORM', 67, message(8, { ciaddr: '10.77.0.180', more: pxe(0) })],
  ['a DECLINE', 67, message(4, { requested: '10.77.0.180', server: us, more: pxe(0) })],
  ['a RELEASE', 67, message(7, { ciaddr: '10.77.0.180', more: pxe(0) })],
  ['a REQUEST at port 4011 that is no network boot', 4011, message(3, { ciaddr: '10.77.0.180' })],
  ['a DISCOVER at port 4011', 4011, message(1, { more: pxe(7) })],
  [
    'a REQUEST at port 4011 for another boot server',
    4011,
    message(3, { server: '10.77.0.9', ciaddr: '10.77.0.180', more: pxe(7) }),
  ],
] as const)('a proxy says nothing to %s', async (_, port, packet) => {
  const { card } = await proxy()
  card.arrive(port, packet)
  expect(card.sent).toEqual([])
})

test('whom the site gives nothing to boot, a proxy leaves alone', async () => {
  const { card } = await proxy(new Fleet({ [duncan]: { machine: 'duncan', ...ours } }))
  card.arrive(67, message(1, { mac: '52:54:00:77:00:09', more: pxe(0) }))
  card.arrive(4011, message(3, { mac: '52:54:00:77:00:09', ciaddr: '10.77.0.9', more: pxe(0) }))
  expect(card.sent).toEqual([])
  card.arrive(67, message(1, { mac: duncan, more: pxe(0) }))
  expect(card.sent).toHaveLength(1)
})

test('a plain client never begins a boot: the fleet is not even asked about it', async () => {
  const asked: string[] = []
  const advisor = { advise: () => (asked.push('asked'), ours), isReserved: () => false }
  const { card } = await proxy(new Fleet(), { advisor })
  card.arrive(67, message(1))
  card.arrive(67, message(3, { server: '10.77.0.2', more: pxe(0) }))
  expect(asked).toEqual([])
})

test('through a relay the answer goes to the relay, with its option 82', async () => {
  const { card } = await proxy()
  const relay = [82, Buffer.from([1, 4, 1, 2, 3, 4])] as const
  card.arrive(67, message(1, { giaddr: '10.88.0.254', more: [...pxe(0), relay] }))
  expect(card.sent.map(({ to }) => to)).toEqual(['10.88.0.254:67'])
  expect(card.sent[0]!.packet.options.get(82)).toEqual(relay[1])
})

test('a proxy on an interface without an address answers nobody and says why', async () => {
  const { card, server } = await proxy(undefined, { serverAddressFor: () => undefined })
  card.arrive(67, message(1, { more: pxe(0) }))
  expect(card.sent).toEqual([])
  expect(server.counters.dropped['no address']).toBe(1)
  expect(card.told.at(-1)).toMatchObject({ type: 'dhcp.dropped', interface: 'eth0', why: 'no address' })
  expect(server.forecast({ door: 'explain', asker: 'firmware', arch: 0, mac: parseMac(duncan) }).lines).toEqual([
    'no answer: this server has no address on eth0',
  ])
})

test('a loop of relays and a reflection of our own answers are dropped at both ports', async () => {
  const { card, server } = await proxy()
  for (const port of [67, 4011]) {
    card.arrive(port, message(port === 67 ? 1 : 3, { more: pxe(0), giaddr: '10.88.0.254', fields: { hops: 17 } }))
    card.arrive(port, message(2, { fields: { op: 2 } }))
    card.arrive(port, message(port === 67 ? 1 : 3, { more: pxe(0), giaddr: us }))
  }
  expect(card.sent).toEqual([])
  expect(server.counters.dropped).toMatchObject({ 'too many hops': 2, 'not a request': 2, 'relay address': 2 })
})

test('who asks at port 4011 without an address of its own is not answered', async () => {
  const { card, server } = await proxy()
  card.arrive(4011, message(3, { ciaddr: '10.77.0.180', more: pxe(7) }), { address: '0.0.0.0', port: 68 })
  expect(card.sent).toEqual([])
  expect(server.counters.dropped['request without an address']).toBe(1)
})

test('nonsense at port 4011 is dropped, and the next question is answered', async () => {
  const { card } = await proxy()
  const whole = encodePacket(message(3, { ciaddr: '10.77.0.180', more: pxe(7) }))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(whole.length - 1), fc.nat(255), (noise, at, value) => {
      card.arrive(4011, Buffer.from(noise))
      const bent = Buffer.from(whole)
      bent[at] = value
      card.arrive(4011, bent)
      card.arrive(4011, whole.subarray(0, at))
    }),
    { numRuns: 300 },
  )
  card.sent.length = 0
  card.arrive(4011, whole)
  expect(card.sent).toHaveLength(1)
})

test('the events of a boot by proxy name the file, and never an address that was not given by us', async () => {
  const { card } = await proxy(new Fleet({ [duncan]: { machine: 'duncan', ...ours } }))
  card.arrive(67, message(1, { more: pxe(7) }))
  card.arrive(4011, message(3, { ciaddr: '10.77.0.181', more: pxe(7) }))
  expect(card.told.map(({ type, machine, file, address }) => [type, machine, file, address])).toEqual([
    ['dhcp.discover', undefined, undefined, undefined],
    ['dhcp.proxy-offer', 'duncan', 's/x/pxelinux.0', undefined],
    ['dhcp.request', undefined, undefined, undefined],
    ['dhcp.proxy-ack', 'duncan', 's/x/pxelinux.0', '10.77.0.181'],
  ])
})

test('a forecast tells what a proxy would say, at both ports', () => {
  const parts = {
    settings: { mode: 'proxy' as const, interfaces: ['eth0'], subnets: [] },
    advisor: new Fleet({}, ours),
    leases: new LeaseBook(new MemoryLeases()),
    serverAddressFor: () => us,
    now: noon,
  }
  const uefi = forecast({ door: 'explain', asker: 'firmware', arch: 7, mac: parseMac(duncan) }, parts)
  expect(uefi.lines.filter((line) => /^(OFFER|ACK|then|yiaddr|file)/.test(line))).toEqual([
    'OFFER to 52:54:00:77:00:01',
    'then, asked at port 4011:',
    'ACK to 52:54:00:77:00:01',
    'file "s/x/pxelinux.0"',
  ])
  const bios = forecast({ door: 'explain', asker: 'firmware', arch: 0, mac: parseMac(duncan) }, parts)
  expect(bios.lines.filter((line) => /^(OFFER|ACK|then|file)/.test(line))).toHaveLength(2)
  const plain = forecast({ door: 'explain', asker: 'os', mac: parseMac(duncan) }, parts)
  expect(plain.lines).toEqual(['no answer: it does not boot from the network'])
})

test('a site that changes its mode opens and closes port 4011', async () => {
  const { card, server } = await proxy()
  expect(card.ports).toEqual([67, 4011])
  const subnets = [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199')]
  await server.update({ mode: 'server', interfaces: ['eth0'], subnets })
  expect(card.ports).toEqual([67])
  card.arrive(67, message(1))
  expect(card.sent.map(({ packet }) => packet.yiaddr)).toEqual([0x0a4d0064])
  await server.update({ mode: 'off', interfaces: ['eth0'], subnets })
  expect(card.ports).toEqual([])
})
