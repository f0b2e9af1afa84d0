import type { Dhcp6Settings, Subnet6 } from '../config/site.ts'
import { formatIpv6, isLinkLocal, readIpv6 } from '../net/ipv6.ts'
import { Seldom } from '../journal/seldom.ts'
import type { Advice6, Advisor6 } from './advice.ts'
import { answer6, type Place6, type Verdict6 } from './answer.ts'
import type { Book6 } from './book.ts'
import { noCounts6, type Counters6 } from './counters.ts'
import { heard6, said6, whose6, type Dhcp6Event, type Whose6 } from './event.ts'
import { subnetsOf } from './net.ts'
import { decodePacket6, type Packet6 } from './packet.ts'
import { encodeAnswer, encodeUseMulticast } from './reply.ts'
import { forAnother, readRequest6, type DropReason6, type Request6 } from './request.ts'

export interface Desk6Parts {
  readonly advisor: Advisor6
  readonly book: Book6
  /** Our DUID (RFC 8415 §11), the same after a restart. */
  readonly serverId: Buffer
  /** Our addresses on an interface, without link-local ones. */
  readonly addressesOn: (interfaceName: string) => readonly string[]
  readonly onEvent?: (event: Dhcp6Event) => void
}

/** How a datagram came. */
export interface Arrival {
  readonly interfaceName: string
  readonly from: string
  /** To an address of ours alone, not to all servers. */
  readonly unicast: boolean
}

export interface Reply6 {
  readonly bytes: Buffer
  readonly port: 546 | 547
}

/** Milliseconds: how often one reason is told, and how long an address that is in use is left out. */
const seldom = 60_000
const quarantine = 10 * 60_000
const mostDeclines = 5
const manyDecliners = 4096

/** What is known of a message that is thrown away. */
interface Dropped6 {
  readonly detail?: string
  readonly of?: Whose6
}

/** Bytes in, bytes out, every datagram counted, nothing ever thrown. No socket, no clock. */
export class Desk6 {
  readonly counters: Counters6 = noCounts6()
  readonly #parts: Desk6Parts
  readonly #seldom = new Seldom(seldom)
  readonly #declines = new Map<string, { count: number; until: number }>()
  #settings: Dhcp6Settings

  constructor(settings: Dhcp6Settings, parts: Desk6Parts) {
    this.#settings = settings
    this.#parts = parts
  }

  update(settings: Dhcp6Settings): void {
    this.#settings = settings
  }

  take(bytes: Buffer, arrival: Arrival, now: number): Reply6 | undefined {
    this.counters.received++
    try {
      return this.#take(bytes, arrival, now)
    } catch (error) {
      // A mistake of ours costs this one packet, never the process.
      return this.drop('internal', arrival.interfaceName, now, { detail: String(error) })
    }
  }

  drop(reason: DropReason6, interfaceName: string, now: number, { detail, of = {} }: Dropped6 = {}): undefined {
    this.counters.dropped[reason]++
    const count = this.#seldom.pass(`${reason} ${of.mac} ${of.relay}`, now)
    if (count === undefined) return
    const why = detail === undefined ? reason : `${reason}: ${detail}`
    this.#parts.onEvent?.({ type: 'dhcp6.dropped', interface: interfaceName, ...of, why, count })
  }

  #take(bytes: Buffer, arrival: Arrival, now: number): Reply6 | undefined {
    const { interfaceName, from } = arrival
    const packet = decodePacket6(bytes)
    if ('malformed' in packet) return this.drop(packet.malformed, interfaceName, now)
    const isRelayed = packet.relays.length > 0
    const source = readIpv6(from.split('%')[0]!)
    // RFC 8415 §13.1: a client on our link speaks from its link-local address.
    if (source === undefined || (!isRelayed && !arrival.unicast && !isLinkLocal(source)))
      return this.drop('source address', interfaceName, now)
    const request = readRequest6(packet, isRelayed ? undefined : source, this.#parts.serverId)
    if (request === forAnother) return this.#forAnother(packet, interfaceName, now)
    if (typeof request === 'string') return this.drop(request, interfaceName, now)
    this.counters[request.message]++
    if (!isRelayed && arrival.unicast) return this.#sendBack(request, interfaceName, now)
    return this.#answer(request, interfaceName, now)
  }

  /** RFC 8415 §18.4: nobody was told that he may ask so. */
  #sendBack(request: Request6, interfaceName: string, now: number): Reply6 | undefined {
    const told = ['request', 'renew', 'release', 'decline'].includes(request.message)
    this.drop('sent to one server', interfaceName, now, { of: whose6(request) })
    return told ? { bytes: encodeUseMulticast(request, this.#parts.serverId), port: 546 } : undefined
  }

  #forAnother({ type }: Packet6, interfaceName: string, now: number): undefined {
    this.counters.silent++
    if (type !== 3 || this.#seldom.pass('other server', now) === undefined) return
    const why = 'a client took the offer of another DHCPv6 server'
    this.#parts.onEvent?.({ type: 'dhcp6.other-server', interface: interfaceName, why })
  }

  #answer(request: Request6, interfaceName: string, now: number): Reply6 | undefined {
    const { advisor, onEvent } = this.#parts
    const { packet, message } = request
    onEvent?.(heard6(request, interfaceName))
    const link = this.#linkOf(packet, interfaceName)
    const server = this.#serverOn(interfaceName, link)
    if (server === undefined || link.length === 0)
      return this.drop('unknown network', interfaceName, now, { of: whose6(request) })
    if (message === 'decline' && !this.#mayDecline(request.identity, now))
      return this.drop('too many declines', interfaceName, now, { of: whose6(request) })
    const advice = advisor.advise(request.client, formatIpv6(server))
    const verdict = answer6(request, this.#placeOf(link, advice, interfaceName, now))
    this.#settle(request, verdict, advice, now)
    onEvent?.(said6(request, verdict, { advice, server, interfaceName }))
    if (verdict.say === 'nothing') return void this.counters.silent++
    this.counters[verdict.say]++
    const subnet = verdict.given.find((each) => each.subnet)?.subnet ?? link[0]
    const bytes = encodeAnswer(request, verdict, {
      serverId: this.#parts.serverId,
      server,
      advice,
      subnet,
      site: this.#settings.options,
    })
    return { bytes, port: packet.relays.length > 0 ? 547 : 546 }
  }

  #placeOf(link: readonly Subnet6[], advice: Advice6, interfaceName: string, now: number): Place6 {
    const { advisor, book, addressesOn } = this.#parts
    const own = addressesOn(interfaceName).map(readIpv6)
    const isTaken = (address: bigint): boolean =>
      own.includes(address) || advisor.isReserved(formatIpv6(address), advice.machine)
    const { namedWithoutAddress: kept = 0 } = advisor
    const mayTake = (subnet: Subnet6): boolean => advice.machine !== undefined || mayServe(subnet, book, kept, now)
    return { link, book, advice, now, isTaken, mayTake }
  }

  /** Does what was decided, in memory. */
  #settle(request: Request6, verdict: Verdict6, { machine }: Advice6, now: number): void {
    const { book } = this.#parts
    const { message, identity, client } = request
    if (verdict.say !== 'reply') return
    const [given] = verdict.given
    if (message === 'release') {
      if (!given) book.release(identity, now)
    } else if (message === 'decline') this.#decline(request, now)
    else if (given?.address !== undefined)
      book.grant(identity, client.mac, given.address, now + given.subnet!.lease * 1000, machine)
  }

  /** Only from whoever has the address: else anybody could burn them all. */
  #decline({ identity, associations }: Request6, now: number): void {
    const { book } = this.#parts
    const own = book.addressOf(identity, now)
    if (own === undefined || !associations.some(({ addresses }) => addresses.includes(own))) return
    const before = this.#declines.get(identity)
    this.#declines.delete(identity)
    this.#declines.set(identity, { count: (before?.count ?? 0) + 1, until: now + quarantine })
    if (this.#declines.size > manyDecliners) this.#declines.delete(this.#declines.keys().next().value!)
    book.decline(identity, own, now + quarantine)
  }

  #mayDecline(identity: string, now: number): boolean {
    const known = this.#declines.get(identity)
    if (known && known.until <= now) this.#declines.delete(identity)
    return !known || known.until <= now || known.count < mostDeclines
  }

  /** RFC 8415 §13.1: the relay that is nearest to the client says which link it is, if any of them says so. */
  #linkOf({ relays }: Packet6, interfaceName: string): readonly Subnet6[] {
    const link = relays.toReversed().find((relay) => relay.link !== 0n)?.link
    const own = this.#parts.addressesOn(interfaceName).map((text) => readIpv6(text)!)
    return subnetsOf(this.#settings.subnets, link, { name: interfaceName, own })
  }

  /** Our address in that subnet, else any other of that interface, for clients behind relays. */
  #serverOn(interfaceName: string, link: readonly Subnet6[]): bigint | undefined {
    const own = this.#parts.addressesOn(interfaceName).map((text) => readIpv6(text)!)
    const near = own.find((address) => subnetsOf(link, address, { name: interfaceName, own }).length > 0)
    return near ?? own[0]
  }
}

/** Whether one more that the site does not name may have an address of a range: half of it at most is kept for those that it names. */
function mayServe({ range }: Subnet6, book: Book6, kept: number, now: number): boolean {
  if (!range || kept === 0) return true
  const size = range.to - range.from + 1n
  const half = size / 2n
  return BigInt(book.unnamedIn(range, now)) < size - (BigInt(kept) < half ? BigInt(kept) : half)
}
