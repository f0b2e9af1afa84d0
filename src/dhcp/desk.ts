import { SharedLinks } from '../config/shared-link.ts'
import type { DhcpSettings, Subnet } from '../config/site.ts'
import type { Mac } from '../net/mac.ts'
import { relayKey, type RelayPort } from '../net/relay-port.ts'
import { contains, formatIpv4, parseIpv4, type Ipv4 } from '../net/ipv4.ts'
import type { Advice, Advisor } from './advice.ts'
import { answer, isNew, type Place, type UsedAddress, type Verdict } from './answer.ts'
import type { Lease, LeaseBook } from './lease.ts'
import { Net } from './net.ts'
import type { Packet } from './packet.ts'
import type { Unnamed } from './pool.ts'
import { AddressProbe } from './probe.ts'
import { proxyAnswer, proxyReply, type ProxyPort } from './proxy.ts'
import { DeclineQuota } from './quota.ts'
import { overriddenServer, selectedLink } from './relay.ts'
import { isInfiniband } from './hardware.ts'
import { bootpReply, grant, inform, nak } from './reply.ts'
import { bootp, type DropReason, type Request } from './request.ts'

export interface DeskParts {
  readonly advisor: Advisor
  readonly leases: LeaseBook
  /** Our address on an interface, when it has one. */
  readonly serverAddressFor: (interfaceName: string) => Ipv4 | undefined
  /** The card that the kernel has just heard of at an address of a link of ours. */
  readonly answering?: (address: Ipv4) => Mac | undefined
}

/** What was decided on one message, and with what in mind. */
export interface Decision {
  readonly request: Request
  readonly verdict: Verdict
  readonly advice: Advice
  readonly server: number
  /** The subnets that the client could have an address of. */
  readonly link: readonly Net[]
}

/** One of our interfaces: our address on it, and the subnets whose machines are there without a relay. */
interface Port {
  readonly address: Ipv4
  readonly server: number
  readonly link: readonly Net[]
  /** When that was so. */
  readonly seen: number
}

/** Where a machine hangs. */
export type Way = { readonly interface: string } | { readonly relay: Ipv4 }

/** Milliseconds. */
const lookAgain = 1000
const quarantine = 10 * 60_000
const noAdvice: Advice = {}
const stillUnknown: Advice = { boot: { file: '' } }

/** All subnets and their addresses: rules are asked here, and what they decided is done here. No socket, no clock. */
export class Desk {
  readonly #parts: DeskParts
  readonly #quota = new DeclineQuota(quarantine)
  readonly #probe: AddressProbe
  #settings: DhcpSettings
  #nets: readonly Net[] = []
  #shared = new SharedLinks<Subnet>([])
  readonly #ports = new Map<string, Port>()

  constructor(settings: DhcpSettings, parts: DeskParts, now: number) {
    this.#parts = parts
    this.#probe = new AddressProbe(parts.answering)
    this.#settings = settings
    this.update(settings, now)
  }

  /** Other subnets, ranges or reservations from now on. Leases and offers stay. */
  update(settings: DhcpSettings, now: number): void {
    const earlier = new Map(this.#nets.map((net) => [net.name, net]))
    this.#settings = settings
    this.#ports.clear()
    this.#nets = settings.subnets.map((subnet) => new Net(subnet, settings.options))
    this.#shared = new SharedLinks(settings.subnets)
    this.#fill(now)
    for (const net of this.#nets) {
      const before = earlier.get(net.name)
      if (before) net.pool.inherit(before.pool, now)
    }
  }

  get nets(): readonly Net[] {
    return this.#nets
  }

  /** How a machine with this address asks: by one of these interfaces, or through the relay of its subnet (its router, else its first host). */
  wayOf(address: Ipv4, interfaces: readonly string[], now: number): Way | undefined {
    const home = this.#netOf(parseIpv4(address))
    if (!home) return undefined
    const near = interfaces.find((name) => this.#portOf(name, now)?.link.includes(home))
    if (near !== undefined) return { interface: near }
    return { relay: home.subnet.router ?? formatIpv4(home.subnet.cidr.network + 1) }
  }

  /** Changes nothing but the look-ahead for a free address, so a forecast may call it too. */
  decide(request: Request, interfaceName: string, now: number, asked: ProxyPort = 67): Decision | DropReason {
    const port = this.#portOf(interfaceName, now)
    if (!port) return this.isProxy ? 'no address' : 'unknown network'
    const { giaddr } = request.packet
    // Our own address as relay: a reflection, or a lie.
    if (giaddr === port.server) return 'relay address'
    if (this.isProxy) return this.#decideAsProxy(request, port, asked)
    const selected = selectedLink(request.packet)
    const link = selected === undefined ? port.link : this.#linkBehind(selected, interfaceName)
    const advice = isFarewell(request) ? noAdvice : this.#parts.advisor.advise(request.client, port.address)
    if (isInfiniband(request.packet) && advice.machine === undefined && !isFarewell(request))
      return 'unnamed InfiniBand card'
    const place = this.#placeOf(link, request, port.server, advice, now)
    const called = overriddenServer(request.packet)
    const isOurs = (address: number): boolean => address === called || place.isOurs(address)
    const verdict = answer(request, { ...place, isOurs })
    return { request, verdict, advice, server: port.server, link }
  }

  /** Whether addresses are another server's business. */
  get isProxy(): boolean {
    return this.#settings.mode === 'proxy'
  }

  #decideAsProxy(request: Request, { address, server }: Port, asked: ProxyPort): Decision {
    const isOurs = (other: number): boolean => other === server || this.#isOurs(other)
    // Whom a proxy never answers begins no boot session either.
    const first = proxyAnswer(request, asked, stillUnknown, isOurs)
    const advice = first.say === 'proxy' ? this.#parts.advisor.advise(request.client, address) : noAdvice
    const verdict = first.say === 'proxy' ? proxyAnswer(request, asked, advice, isOurs) : first
    return { request, verdict, advice, server, link: [] }
  }

  /** Does what was decided, in memory. A lease that comes back must be on disk before its ACK leaves. */
  settle({ request, verdict, advice }: Decision, now: number): Lease | undefined {
    switch (verdict.say) {
      case 'offer':
        if (!verdict.reserved) verdict.net.pool.offer(request.mac, verdict.address, now)
        return undefined
      case 'ack':
        return this.#lease(request, verdict.net, verdict.address, advice, now)
      case 'nothing':
        return this.#settleSilence(request, verdict, now)
      case 'nak':
        return verdict.used && this.#quarantine(verdict.used, now)
      case 'inform':
      case 'proxy':
        return undefined
    }
  }

  /** The address of an OFFER about which the link is to be asked who has it. */
  probeFor({ request, verdict, advice }: Decision, now: number): Ipv4 | undefined {
    if (verdict.say !== 'offer' || verdict.reserved || !this.#parts.answering) return undefined
    const promised = advice.address === undefined ? undefined : parseIpv4(advice.address)
    const { address } = verdict
    if (!isNew(request, address, { book: this.#parts.leases, promised, now })) return undefined
    return this.#probe.ask(address, now) ? formatIpv4(address) : undefined
  }

  /** Whether nobody else can be given the address that this grants, even when the lease is not written: the site or the store names its machine. */
  isSure({ request, verdict, advice }: Decision): boolean {
    if (verdict.say !== 'ack') return false
    return advice.address === formatIpv4(verdict.address) || this.#parts.leases.isKept(request.mac, verdict.address)
  }

  /** Oldest end first, as if they had been given one after the other. */
  #fill(now: number): void {
    const all = [...this.#parts.leases.entries()]
    const living = all.filter(({ lease }) => lease.expiresAt > now && lease.state !== 'released')
    living.sort((one, other) => one.lease.expiresAt - other.lease.expiresAt)
    for (const { address, lease } of living) {
      const pool = this.#netOf(address)?.pool
      if (lease.state === 'declined') pool?.decline(address, lease.expiresAt)
      else pool?.lease(lease.mac, address, lease.expiresAt, this.#unnamed(lease.mac, lease.relay))
    }
  }

  /** Undefined for a machine that the site names, and where nobody says which it names. */
  #unnamed(mac: Mac, relay: RelayPort | undefined, { machine }: Advice = noAdvice): Unnamed | undefined {
    const { named } = this.#parts.advisor
    if (named === undefined || machine !== undefined || named.has(mac)) return undefined
    return { port: relay === undefined ? '' : relayKey(relay) }
  }

  #settleSilence(request: Request, verdict: Extract<Verdict, { say: 'nothing' }>, now: number): Lease | undefined {
    if (!('because' in verdict)) return undefined
    switch (verdict.because) {
      case 'other server':
        for (const { pool } of this.#nets) pool.withdraw(request.mac)
        return undefined
      case 'declined':
        return this.#decline(request, verdict.net, verdict.address, now)
      case 'released':
        return this.#release(verdict.net, verdict.address, now)
      case 'ignored':
      case 'full':
      case 'silent':
      case 'not the owner':
        return undefined
    }
  }

  #lease({ mac, client, packet }: Request, net: Net, address: number, advice: Advice, now: number): Lease {
    const { hostname } = advice
    const expiresAt = now + net.subnet.lease * 1000
    // A renewal by unicast passes no relay.
    const relay = client.relay ?? (packet.ciaddr === 0 ? undefined : this.#parts.leases.leaseOf(mac)?.relay)
    const lease: Lease = {
      mac,
      address: formatIpv4(address),
      subnet: net.name,
      expiresAt,
      ...(hostname === undefined ? undefined : { hostname }),
      ...(relay && { relay }),
      state: 'leased',
    }
    const left = this.#parts.leases.put(address, lease)
    if (left !== undefined) this.#netOf(left)?.pool.release(left)
    net.pool.lease(mac, address, expiresAt, this.#unnamed(mac, relay, advice))
    return lease
  }

  /** Who answers for many addresses (a router by proxy ARP, or an attacker) would empty the pool: as many are believed as a client may decline. */
  #squatterAt(address: number, now: number): Mac | undefined {
    const card = this.#probe.cardAt(address, now)
    return card !== undefined && this.#quota.allows(card, now) ? card : undefined
  }

  #decline({ mac }: Request, net: Net, address: number, now: number): Lease {
    return this.#quarantine({ net, address, card: mac }, now)
  }

  #quarantine({ net, address, card: mac }: UsedAddress, now: number): Lease {
    const expiresAt = now + quarantine
    this.#quota.count(mac, now)
    const lease: Lease = { mac, address: formatIpv4(address), subnet: net.name, expiresAt, state: 'declined' }
    this.#parts.leases.put(address, lease)
    net.pool.decline(address, expiresAt)
    return lease
  }

  /** It stays known as the machine's last address, but anybody may have it. */
  #release(net: Net, address: number, now: number): Lease | undefined {
    const before = this.#parts.leases.leaseAt(address)
    if (!before) return undefined
    const lease: Lease = { ...before, expiresAt: now, state: 'released' }
    this.#parts.leases.put(address, lease)
    net.pool.release(address)
    return lease
  }

  #placeOf(link: readonly Net[], request: Request, server: number, advice: Advice, now: number): Place {
    const { advisor, leases } = this.#parts
    const unnamed = this.#unnamed(request.mac, request.client.relay, advice)
    return {
      link,
      nets: this.#nets,
      server,
      book: leases,
      advice,
      promised: advice.address === undefined ? undefined : parseIpv4(advice.address),
      now,
      isOurs: (address) => address === server || this.#isOurs(address),
      isReserved: (address) => advisor.isReserved(formatIpv4(address)),
      mayDecline: (mac) => this.#quota.allows(mac, now),
      cardAt: (address) => this.#squatterAt(address, now),
      mayTake: ({ pool }) => unnamed === undefined || pool.mayServe(unnamed, advisor.named?.withoutAddress ?? 0, now),
    }
  }

  /** What an interface means. Its address may change under us, so it is looked at again after a while. */
  #portOf(interfaceName: string, now: number): Port | undefined {
    const known = this.#ports.get(interfaceName)
    if (known && Math.abs(now - known.seen) < lookAgain) return known
    const address = this.#parts.serverAddressFor(interfaceName)
    if (address === undefined) return undefined
    const server = parseIpv4(address)
    const link = this.#linkOf((net) => isOn(net, interfaceName, server))
    const port = { address, server, link, seen: now }
    this.#ports.set(interfaceName, port)
    return port
  }

  #linkBehind(address: number, interfaceName: string): readonly Net[] {
    const isThere = ({ subnet }: Net): boolean => (subnet.interface ?? interfaceName) === interfaceName
    return this.#linkOf((net) => net.contains(address) && isThere(net))
  }

  /** Those that are meant, and the others of the same link. */
  #linkOf(isMeant: (net: Net) => boolean): readonly Net[] {
    const meant = this.#nets.filter(isMeant)
    const subnets = this.#shared.around(meant.map(({ subnet }) => subnet))
    return subnets.length === meant.length
      ? meant
      : subnets.map((subnet) => this.#nets.find((net) => net.subnet === subnet)!)
  }

  #isOurs(address: number): boolean {
    const text = formatIpv4(address)
    return this.#settings.interfaces.some((name) => this.#parts.serverAddressFor(name) === text)
  }

  #netOf(address: number): Net | undefined {
    return this.#nets.find((net) => net.contains(address))
  }
}

/** The message to send for a decision, if one is to be sent. */
export function replyTo({ request, verdict, advice, server }: Decision): Packet | undefined {
  switch (verdict.say) {
    case 'offer':
      return grant(2, request, { net: verdict.net, address: verdict.address, server, advice })
    case 'ack':
      return request.type === bootp
        ? bootpReply(request, { net: verdict.net, address: verdict.address, server, advice })
        : grant(5, request, { net: verdict.net, address: verdict.address, server, advice })
    case 'inform':
      return inform(request, { net: verdict.net, server, advice })
    case 'nak':
      return nak(request, server, verdict.why)
    case 'proxy':
      return proxyReply(request, verdict, server, advice)
    case 'nothing':
      return undefined
  }
}

/** A subnet that names its interface is there and nowhere else; another is where our address lies in it. */
function isOn({ subnet }: Net, interfaceName: string, server: number): boolean {
  return subnet.interface === undefined ? contains(subnet.cidr, server) : subnet.interface === interfaceName
}

function isFarewell({ type }: Request): boolean {
  return type === 4 || type === 7
}
