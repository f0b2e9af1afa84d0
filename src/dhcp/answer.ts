import { formatIpv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import type { Advice } from './advice.ts'
import type { LeaseBook } from './lease.ts'
import type { Net } from './net.ts'
import { bootp, type DropReason, type Request } from './request.ts'

/** What a server does about a message: RFC 2131 §4.3, one case per clause. */
export type Verdict =
  | { readonly say: 'offer'; readonly net: Net; readonly address: number; readonly reserved: boolean }
  | { readonly say: 'ack'; readonly net: Net; readonly address: number; readonly state: RequestState }
  | { readonly say: 'inform'; readonly net: Net }
  | { readonly say: 'nak'; readonly why: string; readonly used?: UsedAddress }
  /** Beside the server that gives addresses; without a file, the client comes to port 4011 for it. */
  | { readonly say: 'proxy'; readonly type: 2 | 5; readonly file: string | undefined }
  | { readonly say: 'nothing'; readonly drop: DropReason }
  | { readonly say: 'nothing'; readonly because: 'ignored' | 'full' | 'silent' | 'not the owner'; readonly why: string }
  | { readonly say: 'nothing'; readonly because: 'other server'; readonly server: number }
  | { readonly say: 'nothing'; readonly because: 'declined' | 'released'; readonly net: Net; readonly address: number }

/** Somebody who asked nobody has the address. */
export interface UsedAddress {
  readonly net: Net
  readonly address: number
  readonly card: Mac
}

export type RequestState = 'BOOTP' | 'SELECTING' | 'INIT-REBOOT' | 'RENEWING'

/** All that a rule may look at. Nothing in here is changed by a rule. */
export interface Place {
  /** Subnets of the link that the message came from: by relay, by interface. */
  readonly link: readonly Net[]
  /** Every subnet there is: renewals come by unicast, from anywhere. */
  readonly nets: readonly Net[]
  /** Our address on that link. */
  readonly server: number
  readonly book: LeaseBook
  readonly advice: Advice
  /** The address that the advice names, as a number. */
  readonly promised: number | undefined
  readonly now: number
  isOurs(server: number): boolean
  isReserved(address: number): boolean
  mayDecline(mac: Mac): boolean
  /** Whether this machine may take one more address of that subnet: some are kept for those that the site names. */
  mayTake(net: Net): boolean
  /** The card that answers at an address that was just offered for the first time. */
  cardAt(address: number): Mac | undefined
}

/** The verdict on one message. Pure: the same place and message always give the same. */
export function answer(request: Request, place: Place): Verdict {
  switch (request.type) {
    case bootp:
      return onBootp(request, place)
    case 1:
      return onDiscover(request, place)
    case 3:
      return onRequest(request, place)
    case 4:
      return onDecline(request, place)
    case 7:
      return onRelease(request, place)
    case 8:
      return onInform(request, place)
  }
}

/** RFC 1534 §2: who cannot renew gets what is his for ever, the reservation of a machine that the site names, and nothing else. */
function onBootp({ mac, packet }: Request, place: Place): Verdict {
  const { advice, link, server } = place
  if (advice.machine === undefined) return { say: 'nothing', drop: 'unnamed BOOTP client' }
  if (link.length === 0) return { say: 'nothing', drop: 'unknown network' }
  // RFC 951 §7.3: it may name the one server that it wants.
  if (packet.sname !== '' && packet.sname !== formatIpv4(server)) return silent('for another boot server')
  const own = reservation(place)
  if (!own) return silent('a BOOTP client gets the ip: of its machine, and it has none on this link')
  return isToBeHad(own.address, mac, place)
    ? { say: 'ack', ...own, state: 'BOOTP' }
    : silent('the ip: of its machine is in use')
}

/** §4.3.1: the reservation, else the address it has or had, else the one it was just offered, else the one it wishes, else a free one. */
function onDiscover(request: Request, place: Place): Verdict {
  const { advice, link, book } = place
  if (advice.ignore !== undefined) return ignored(advice.ignore)
  if (link.length === 0) return { say: 'nothing', drop: 'unknown network' }
  const own = reservation(place)
  if (own && isToBeHad(own.address, request.mac, place)) return { say: 'offer', ...own, reserved: true }
  const wishes = [book.addressOf(request.mac), offered(request.mac, place), request.requested]
  for (const address of wishes) {
    const net = address === undefined ? undefined : netOf(address, link)
    if (net && mayHave(request.mac, address!, net, place))
      return { say: 'offer', net, address: address!, reserved: false }
  }
  for (const from of ['free', 'offered'] as const) {
    for (const net of link) {
      const address = next(from, net, request.mac, place)
      if (address !== undefined) return { say: 'offer', net, address, reserved: false }
    }
  }
  return { say: 'nothing', because: 'full', why: whyFull(place) }
}

function whyFull(place: Place): string {
  const { link } = place
  const names = link.map(({ name }) => name).join(', ')
  return link.every((net) => place.mayTake(net))
    ? `no free address in ${names}`
    : `what is free in ${names} is kept for machines that the site names`
}

/** §4.3.2: which state the client is in follows from what it filled in (table 4). */
function onRequest(request: Request, place: Place): Verdict {
  if (place.advice.ignore !== undefined) return ignored(place.advice.ignore)
  const { ciaddr } = request.packet
  if (request.server !== undefined) return onSelecting(request, request.server, place)
  if (request.requested) return onInitReboot(request, request.requested, place)
  if (ciaddr !== 0) return onRenewing(request, place)
  // npm's dhcp client takes an offer without naming server or address; which offer it means is known, if there was one.
  return onSelecting({ ...request, requested: promiseTo(request.mac, place) }, place.server, place)
}

/**
 * An offer is not needed to say yes: we may have been restarted since we made it, and whether the machine may have the address
 * can be told without.
 */
function onSelecting(request: Request, server: number, place: Place): Verdict {
  if (!place.isOurs(server)) return { say: 'nothing', because: 'other server', server }
  if (place.link.length === 0) return { say: 'nothing', drop: 'unknown network' }
  const address = request.requested
  if (address === undefined) return { say: 'nothing', drop: 'request without an address' }
  const net = netOf(address, place.link)
  if (!net) return { say: 'nak', why: 'wrong network' }
  if (!mayHave(request.mac, address, net, place)) return { say: 'nak', why: 'address not available' }
  const card = isNew(request, address, place) ? place.cardAt(address) : undefined
  if (card === undefined || card === request.mac || place.advice.cards?.includes(card))
    return { say: 'ack', net, address, state: 'SELECTING' }
  return { say: 'nak', why: 'a host uses the address', used: { net, address, card } }
}

/** An address of the ranges that this machine did not have before, on a link of ours: only about those it is asked who is there. */
export function isNew(
  { mac, packet }: Request,
  address: number,
  place: Pick<Place, 'book' | 'promised' | 'now'>,
): boolean {
  return packet.giaddr === 0 && place.promised !== address && !isHeld(address, mac, place)
}

/** Wrong network: NAK, even to a stranger. Right network: NAK only to whom we know, for another server may know this one. */
function onInitReboot(request: Request, address: number, place: Place): Verdict {
  if (place.link.length === 0) return { say: 'nothing', drop: 'unknown network' }
  const net = netOf(address, place.link)
  if (!net) return { say: 'nak', why: 'wrong network' }
  const own = reservation(place)
  const known = own?.address ?? place.book.addressOf(request.mac)
  if (known === undefined) return { say: 'nothing', because: 'silent', why: 'no record of this client' }
  return known === address && mayHave(request.mac, address, net, place)
    ? { say: 'ack', net, address, state: 'INIT-REBOOT' }
    : { say: 'nak', why: 'not the address of this client' }
}

/**
 * RENEWING and REBINDING differ only in how the message travelled. A lease that runs is prolonged although the site now names another
 * address: a NAK in the middle of an install helps nobody. One that we lost is taken up again when it could be ours.
 */
function onRenewing(request: Request, place: Place): Verdict {
  const address = request.packet.ciaddr
  const net = netOf(address, place.nets)
  if (!net) return { say: 'nothing', because: 'silent', why: 'an address of no subnet of ours' }
  const lease = place.book.leaseAt(address)
  const runs = lease?.mac === request.mac && lease.state === 'leased' && lease.expiresAt > place.now
  const theirs = place.isReserved(address) && reservation(place)?.address !== address
  if ((runs && !theirs) || mayHave(request.mac, address, net, place))
    return { say: 'ack', net, address, state: 'RENEWING' }
  // Outside of our ranges another server may have given it (two servers share many a subnet).
  if (!net.pool.contains(address) && !lease && !theirs)
    return { say: 'nothing', because: 'silent', why: 'not given by this server' }
  return { say: 'nak', why: 'not the address of this client' }
}

/** §4.3.3, from the owner of the lease or the offer only: else anybody could burn the whole pool. */
function onDecline(request: Request, place: Place): Verdict {
  const address = request.requested
  if (address === undefined) return { say: 'nothing', drop: 'request without an address' }
  if (request.server !== undefined && !place.isOurs(request.server)) return silent('declined to another server')
  const net = netOf(address, place.link)
  if (!net || !isOwner(request.mac, address, net, place)) return notOwner('declined')
  if (!place.mayDecline(request.mac)) return { say: 'nothing', drop: 'too many declines' }
  return { say: 'nothing', because: 'declined', net, address }
}

/** §4.3.4 */
function onRelease(request: Request, place: Place): Verdict {
  const { ciaddr } = request.packet
  if (request.server !== undefined && !place.isOurs(request.server)) return silent('released to another server')
  const net = netOf(ciaddr, place.nets)
  const lease = place.book.leaseAt(ciaddr)
  if (!net || lease?.mac !== request.mac || lease.state !== 'leased') return notOwner('released')
  return { say: 'nothing', because: 'released', net, address: ciaddr }
}

/** §4.3.5: configuration for an address that was not got from us. No lease is made. */
function onInform(request: Request, place: Place): Verdict {
  if (place.advice.ignore !== undefined) return ignored(place.advice.ignore)
  const { ciaddr } = request.packet
  if (ciaddr === 0) return { say: 'nothing', drop: 'request without an address' }
  const net = netOf(ciaddr, place.nets)
  return net ? { say: 'inform', net } : silent('an address of no subnet of ours')
}

/** May this machine hold this address now? Offers to others do not count: only a REQUEST binds. */
function mayHave(mac: Mac, address: number, net: Net, place: Place): boolean {
  const own = reservation(place)
  if (own?.address === address) return isToBeHad(address, mac, place)
  // With its own address to be had, a known machine gets no other.
  if (own && isToBeHad(own.address, mac, place)) return false
  return isOpen(address, mac, net, place)
}

/** In a range, promised to nobody, free, and not kept for others: whoever has it already keeps it. */
function isOpen(address: number, mac: Mac, net: Net, place: Place): boolean {
  return isToGive(address, mac, net, place) && (isHeld(address, mac, place) || place.mayTake(net))
}

function isToGive(address: number, mac: Mac, net: Net, place: Place): boolean {
  return (
    net.pool.contains(address) && !net.isHouse(address) && !place.isReserved(address) && isFree(address, mac, place)
  )
}

function isHeld(address: number, mac: Mac, { book, now }: Pick<Place, 'book' | 'now'>): boolean {
  const lease = book.leaseAt(address)
  return lease?.mac === mac && lease.state === 'leased' && lease.expiresAt > now
}

/**
 * A reservation belongs to the machine, whichever of its cards asks: neither another card of it holds it, nor one that was it when the lease was given. A card
 * that only says who it is takes nothing.
 */
function isToBeHad(address: number, mac: Mac, place: Place): boolean {
  if (isFree(address, mac, place)) return true
  const { advice, book, server } = place
  const { cards = [], hostname } = advice
  const lease = book.leaseAt(address)
  if (address === server || lease?.state !== 'leased' || (cards.length > 0 && !cards.includes(mac))) return false
  return cards.includes(lease.mac) || (hostname !== undefined && lease.hostname === hostname)
}

/** Nobody else's, not quarantined, not ours. */
function isFree(address: number, mac: Mac, { book, now, server }: Place): boolean {
  if (address === server) return false
  const lease = book.leaseAt(address)
  if (!lease || lease.state === 'released' || lease.expiresAt <= now) return true
  return lease.state === 'leased' && lease.mac === mac
}

/** Candidates that turn out reserved or taken by the house leave the pool for good, so they are met once. */
function next(from: 'free' | 'offered', net: Net, mac: Mac, place: Place): number | undefined {
  if (!place.mayTake(net)) return undefined
  for (;;) {
    const address = from === 'free' ? net.pool.candidate(place.now) : net.pool.oldestOffer
    if (address === undefined || isToGive(address, mac, net, place)) return address
    net.pool.block(address)
  }
}

function reservation({ promised, link, nets }: Place): { readonly net: Net; readonly address: number } | undefined {
  const net = promised === undefined ? undefined : netOf(promised, link.length > 0 ? link : nets)
  return net && { net, address: promised! }
}

/** What a DISCOVER of this machine was last answered with. */
function promiseTo(mac: Mac, place: Place): number | undefined {
  return reservation(place)?.address ?? offered(mac, place)
}

function offered(mac: Mac, { link, now }: Place): number | undefined {
  for (const { pool } of link) {
    const address = pool.offerTo(mac, now)
    if (address !== undefined) return address
  }
  return undefined
}

function isOwner(mac: Mac, address: number, net: Net, { book, now }: Place): boolean {
  const lease = book.leaseAt(address)
  if (lease?.state === 'leased' && lease.mac === mac) return true
  return net.pool.offerTo(mac, now) === address
}

function netOf(address: number, nets: readonly Net[]): Net | undefined {
  for (const net of nets) if (net.contains(address)) return net
  return undefined
}

function ignored(why: string): Verdict {
  return { say: 'nothing', because: 'ignored', why }
}

function silent(why: string): Verdict {
  return { say: 'nothing', because: 'silent', why }
}

function notOwner(verb: string): Verdict {
  return { say: 'nothing', because: 'not the owner', why: `${verb} an address that is not its own` }
}
