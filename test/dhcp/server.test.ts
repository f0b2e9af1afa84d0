import { expect, onTestFinished, test } from 'vitest'
import type { DhcpEvent } from '../../src/dhcp/event.ts'
import { forecast } from '../../src/dhcp/forecast.ts'
import { LeaseBook, type Lease, type LeaseStore } from '../../src/dhcp/lease.ts'
import { encodePacket, type Packet } from '../../src/dhcp/packet.ts'
import { openDhcp, type DhcpParts, type DhcpServer } from '../../src/dhcp/server.ts'
import { summary } from '../../src/dhcp/summary.ts'
import type { Udp, UdpOptions, UdpSocket } from '../../src/net/udp.ts'
import type { Ipv4 } from '../../src/net/ipv4.ts'
import { parseMac } from '../../src/net/mac.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'
import { decoded, message } from './packets.ts'
import { Fleet, noon, settings, subnet } from './site.ts'

const duncan = '52:54:00:77:00:01'
const us = '10.77.0.1'
const here = [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199'), subnet('10.88.0.0/24', '10.88.0.100-10.88.0.199')]

/** Cards without wires: what is put in arrives in one batch, what is sent is kept. */
class Cards implements Udp {
  readonly kind = 'dgram'
  readonly sent: { readonly on: string; readonly to: string; readonly packet: Packet }[] = []
  readonly opened: string[] = []
  readonly broken = new Set(['broken'])
  readonly #open = new Map<string, { readonly options: UdpOptions; readonly socket: UdpSocket }>()

  async open(options: UdpOptions): Promise<UdpSocket> {
    const on = options.device!
    if (this.broken.has(on)) throw new Error('no such device')
    const close = async (): Promise<void> => void this.#open.delete(on)
    let waiting: typeof this.sent = []
    const socket: UdpSocket = {
      port: options.port,
      send: (bytes, port, to) => void waiting.push({ on, to: `${to}:${port}`, packet: decoded(bytes) }),
      flush: () => {
        this.sent.push(...waiting)
        waiting = []
      },
      sendSegments() {},
      close,
      [Symbol.asyncDispose]: close,
    }
    this.opened.push(on)
    this.#open.set(on, { options, socket })
    return socket
  }

  get listening(): readonly string[] {
    return [...this.#open.keys()]
  }

  arrive(on: string, ...packets: readonly Packet[]): void {
    const { options, socket } = this.#open.get(on)!
    for (const packet of packets)
      options.onMessage({ bytes: encodePacket(packet), address: '0.0.0.0', port: 68, key: 68 }, socket)
    options.onBatchEnd!()
  }

  words(): readonly string[] {
    return this.sent.map(({ on, packet }) => `${on} ${summary(packet)[0]}`)
  }
}

/** A disk that stops the whole process while it writes, and saw what had left by then. */
class BlockingDisk extends MemoryLeases {
  readonly seen: (readonly string[])[] = []
  readonly #cards: Cards

  constructor(cards: Cards) {
    super()
    this.#cards = cards
  }

  override commit(batch: readonly Lease[]): Promise<void> {
    this.seen.push(this.#cards.words())
    return super.commit(batch)
  }
}

/** A disk that writes when it is told to, or refuses. */
class SlowDisk implements LeaseStore {
  readonly batches: (readonly Lease[])[] = []
  #waiting: PromiseWithResolvers<void>[] = []

  load(): readonly Lease[] {
    return []
  }

  commit(batch: readonly Lease[]): Promise<void> {
    this.batches.push(batch)
    const writing = Promise.withResolvers<void>()
    this.#waiting.push(writing)
    return writing.promise
  }

  async written(): Promise<void> {
    for (const { resolve } of this.#waiting.splice(0)) resolve()
    await settled()
  }

  async full(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('disk full'))
    await settled()
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

async function open(cards: Cards, more: Partial<DhcpParts> = {}): Promise<DhcpServer> {
  const server = await openDhcp({
    udp: cards,
    settings: settings(here, ['eth0', 'eth1']),
    advisor: new Fleet({}, { boot: { file: 'pxelinux.0' } }),
    leases: new LeaseBook(new MemoryLeases()),
    serverAddressFor: (name) => ({ eth0: us, eth1: '10.88.0.1' })[name],
    clock: { now: () => noon },
    ...more,
  })
  onTestFinished(() => server.close())
  return server
}

function take(mac: string, requested: string): Packet {
  return message(3, { mac, requested, server: us })
}

test('a broadcast is answered where it came in', async () => {
  const cards = new Cards()
  await open(cards)
  cards.arrive('eth1', message(1))
  expect(cards.sent).toMatchObject([{ on: 'eth1', to: '255.255.255.255:68', packet: { yiaddr: 0x0a580064 } }])
})

test('an OFFER does not wait for the disk; the ACKs of a batch wait for one write, and leave together', async () => {
  const cards = new Cards()
  const disk = new SlowDisk()
  await open(cards, { leases: new LeaseBook(disk) })
  cards.arrive(
    'eth0',
    take(duncan, '10.77.0.100'),
    message(1, { mac: '52:54:00:77:00:02' }),
    take('52:54:00:77:00:03', '10.77.0.150'),
  )
  expect(cards.words()).toEqual(['eth0 OFFER to 52:54:00:77:00:02'])
  expect(disk.batches.map((batch) => batch.map(({ address }) => address))).toEqual([['10.77.0.100', '10.77.0.150']])
  await disk.written()
  expect(cards.words().slice(1)).toEqual(['eth0 ACK to 52:54:00:77:00:01', 'eth0 ACK to 52:54:00:77:00:03'])
})

test('an OFFER has left before a disk begins that lets nothing else happen', async () => {
  const cards = new Cards()
  const disk = new BlockingDisk(cards)
  await open(cards, { leases: new LeaseBook(disk) })
  cards.arrive('eth0', take(duncan, '10.77.0.100'), message(1, { mac: '52:54:00:77:00:02' }))
  expect(disk.seen).toEqual([['eth0 OFFER to 52:54:00:77:00:02']])
})

test('a lease that cannot be written is not acknowledged; it is told, and the next try is answered', async () => {
  const cards = new Cards()
  const disk = new SlowDisk()
  const told: DhcpEvent[] = []
  const server = await open(cards, { leases: new LeaseBook(disk), onEvent: (event) => told.push(event) })
  cards.arrive('eth0', take(duncan, '10.77.0.100'))
  await disk.full()
  expect(cards.sent).toEqual([])
  expect(told.at(-1)).toMatchObject({ type: 'dhcp.dropped', why: 'lease not written: Error: disk full' })
  expect(server.counters.dropped['lease not written']).toBe(1)
  cards.arrive('eth0', take(duncan, '10.77.0.100'))
  await disk.written()
  expect(cards.words()).toEqual(['eth0 ACK to 52:54:00:77:00:01'])
})

test('with a full disk, machines that the site or an earlier lease names are acknowledged, and told once', async () => {
  const cards = new Cards()
  const disk = new SlowDisk()
  const told: DhcpEvent[] = []
  const lear = '52:54:00:77:00:07'
  const leases = new LeaseBook(disk)
  const server = await open(cards, {
    leases,
    advisor: new Fleet({ [lear]: { address: '10.77.0.20' as Ipv4 } }),
    onEvent: (event) => told.push(event),
  })
  cards.arrive('eth0', take(duncan, '10.77.0.100'))
  await disk.written()
  cards.arrive('eth0', take(duncan, '10.77.0.100'), take(lear, '10.77.0.20'), take('52:54:00:77:00:03', '10.77.0.150'))
  await disk.full()
  cards.arrive('eth0', take('52:54:00:77:00:03', '10.77.0.150'))
  await disk.full()
  expect(cards.words().slice(1)).toEqual([`eth0 ACK to ${duncan}`, `eth0 ACK to ${lear}`])
  expect(told.filter(({ type }) => type === 'dhcp.unwritten')).toMatchObject([{ why: 'Error: disk full' }])
  expect([server.counters.unwritten, server.counters.dropped['lease not written'], leases.failure]).toEqual([
    2,
    2,
    'disk full',
  ])
})

test('leases that a full disk did not take are written when it has room again, those that are still true', async () => {
  const cards = new Cards()
  const disk = new SlowDisk()
  await open(cards, {
    leases: new LeaseBook(disk),
    advisor: new Fleet({ [duncan]: { address: '10.77.0.20' as Ipv4 } }),
  })
  cards.arrive('eth0', take(duncan, '10.77.0.20'), take('52:54:00:77:00:03', '10.77.0.150'))
  await disk.full()
  cards.arrive('eth0', take('52:54:00:77:00:03', '10.77.0.151'))
  await disk.written()
  expect(disk.batches.slice(1).map((batch) => batch.map(({ address }) => address))).toEqual([
    ['10.77.0.151'],
    ['10.77.0.20'],
  ])
})

test('closing waits for leases under way, and their ACKs still leave', async () => {
  const cards = new Cards()
  const disk = new SlowDisk()
  const server = await open(cards, { leases: new LeaseBook(disk) })
  cards.arrive('eth0', take(duncan, '10.77.0.100'))
  const closed = server.close()
  await disk.written()
  await closed
  expect([cards.words(), cards.listening]).toEqual([['eth0 ACK to 52:54:00:77:00:01'], []])
})

test('a changed site takes effect at once: sockets that stay are kept, leases and offers too', async () => {
  const cards = new Cards()
  const server = await open(cards)
  cards.arrive('eth0', message(1, { mac: duncan }))
  await server.update(settings([subnet('10.77.0.0/24', '10.77.0.90-10.77.0.199')], ['eth0', 'eth2']))
  expect([cards.opened, cards.listening]).toEqual([
    ['eth0', 'eth1', 'eth2'],
    ['eth0', 'eth2'],
  ])
  cards.arrive('eth0', message(1, { mac: duncan }), message(1, { mac: '52:54:00:77:00:02' }))
  expect(cards.sent.map(({ packet }) => packet.yiaddr & 255)).toEqual([100, 100, 90])
})

test('DHCP that is switched off closes its sockets, and opens them again', async () => {
  const cards = new Cards()
  const server = await open(cards)
  await server.update({ ...settings(here, ['eth0']), mode: 'off' })
  expect(cards.listening).toEqual([])
  await server.update(settings(here, ['eth0']))
  expect(cards.listening).toEqual(['eth0'])
})

test('an interface that cannot be opened is missing, the others answer; it is opened when it comes', async () => {
  const cards = new Cards()
  const server = await open(cards, { settings: settings(here, ['broken', 'eth0']) })
  expect(cards.listening).toEqual(['eth0'])
  expect([...server.missing].map(([name, error]) => [name, error.message])).toEqual([['broken', 'no such device']])
  await server.retry()
  expect([...server.missing.keys()]).toEqual(['broken'])
  cards.broken.delete('broken')
  await server.retry()
  expect([cards.listening, [...server.missing]]).toEqual([['eth0', 'broken'], []])
  cards.broken.add('gone')
  await server.update(settings(here, ['eth0', 'gone']))
  expect([cards.listening, [...server.missing.keys()]]).toEqual([['eth0'], ['gone']])
  await server.update(settings(here, ['eth0']))
  expect([...server.missing.keys()]).toEqual([])
})

test('edits and retries at the same time open an interface once, and nothing opens after the end', async () => {
  const cards = new Cards()
  const server = await open(cards, { settings: settings(here, ['broken']) })
  cards.broken.delete('broken')
  const both = settings(here, ['broken', 'eth0'])
  await Promise.all([server.update(both), server.retry(), server.update(both), server.retry()])
  expect(cards.opened).toEqual(['broken', 'eth0'])
  await Promise.all([server.close(), server.update(settings(here, ['late']))])
  expect([cards.listening, cards.opened]).toEqual([[], ['broken', 'eth0']])
})

test('one boot leaves its events', async () => {
  const cards = new Cards()
  const told: DhcpEvent[] = []
  const fleet = new Fleet({ [duncan]: { machine: 'duncan', address: '10.77.0.11', boot: { file: 's/x/pxelinux.0' } } })
  await open(cards, { advisor: fleet, onEvent: (event) => told.push(event) })
  cards.arrive('eth0', message(1, { mac: duncan, giaddr: '10.77.0.254' }), take(duncan, '10.77.0.11'))
  await settled()
  const brief = told.map(({ type, machine, address, file, why, relay }) => [type, machine, address, file, why, relay])
  expect(brief).toEqual([
    ['dhcp.discover', undefined, undefined, undefined, undefined, '10.77.0.254'],
    ['dhcp.offer', 'duncan', '10.77.0.11', 's/x/pxelinux.0', undefined, '10.77.0.254'],
    ['dhcp.request', undefined, undefined, undefined, undefined, undefined],
    ['dhcp.ack', 'duncan', '10.77.0.11', 's/x/pxelinux.0', 'SELECTING', undefined],
  ])
})

test('another server on the link is noticed and named', async () => {
  const told: DhcpEvent[] = []
  const cards = new Cards()
  await open(cards, { onEvent: (event) => told.push(event) })
  cards.arrive('eth0', message(3, { mac: duncan, requested: '10.77.0.50', server: '10.77.0.9' }))
  expect(told.at(-1)).toMatchObject({ type: 'dhcp.other-server', server: '10.77.0.9', mac: duncan })
})

test('our address on the other interface is no other server', async () => {
  const told: DhcpEvent[] = []
  const cards = new Cards()
  await open(cards, { onEvent: (event) => told.push(event) })
  cards.arrive('eth0', message(3, { mac: duncan, requested: '10.77.0.150', server: '10.88.0.1' }))
  expect(told.map(({ type }) => type)).not.toContain('dhcp.other-server')
})

const firmware = { door: 'explain', asker: 'firmware', arch: 7, mac: parseMac(duncan) } as const

test('the forecast is what will be sent, and promises nothing', async () => {
  const cards = new Cards()
  const server = await open(cards)
  const first = server.forecast(firmware)
  expect(server.forecast({ ...firmware, mac: parseMac('52:54:00:77:00:02') }).packet?.yiaddr).toBe(first.packet?.yiaddr)
  cards.arrive('eth0', message(1, { mac: duncan, fields: { xid: 0 } }))
  expect(first.lines).toEqual(summary(cards.sent[0]!.packet))
  expect(first.to).toEqual({ address: '255.255.255.255', port: 68 })
})

test('a forecast without a server says the same, or why nothing would be said', () => {
  const leases = new LeaseBook(new MemoryLeases())
  const parts = { settings: settings(here), leases, serverAddressFor: () => us, now: noon }
  const known = forecast(firmware, { ...parts, advisor: new Fleet({ [duncan]: { address: '10.77.0.11' } }) })
  expect(known).toMatchObject({ interface: 'eth0', packet: { yiaddr: 0x0a4d000b } })
  const ignored = forecast(firmware, { ...parts, advisor: new Fleet({}, { ignore: 'strangers are ignored' }) })
  expect(ignored.lines).toEqual(['no answer: strangers are ignored'])
  const nowhere = forecast(firmware, { ...parts, serverAddressFor: () => undefined, advisor: new Fleet() })
  expect(nowhere.lines).toEqual(['no answer: this server has no address or no subnet on eth0'])
  expect(forecast({ door: 'explain', asker: 'os' }, { ...parts, advisor: new Fleet() }).why).toMatch(/hardware address/)
})

test('the forecast of an HTTP boot client carries its class, that of iPXE the hint not to wait', () => {
  const advisor = new Fleet({}, { boot: { file: 'http://10.77.0.1/x.efi' } })
  const parts = {
    settings: settings(here),
    leases: new LeaseBook(new MemoryLeases()),
    serverAddressFor: () => us,
    now: noon,
    advisor,
  }
  expect(forecast({ ...firmware, arch: 16 }, parts).lines).toContain('60 vendor class: "HTTPClient"')
  expect(forecast({ ...firmware, asker: 'ipxe' }, parts).lines).toContain('175 iPXE: 176=01')
})
