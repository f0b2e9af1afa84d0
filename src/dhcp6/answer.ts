import type { Subnet6 } from '../config/site.ts'
import { contains6, readIpv6 } from '../net/ipv6.ts'
import type { Advice6 } from './advice.ts'
import type { Mac } from '../net/mac.ts'
import type { Book6 } from './book.ts'
import { candidates } from './net.ts'
import { status } from './options.ts'
import type { Association, Request6 } from './request.ts'

/** What becomes of one association: an address, or a status; addresses that the client should drop. */
export interface Given {
  readonly id: number
  readonly address?: bigint
  readonly subnet?: Subnet6
  readonly drop?: readonly bigint[]
  readonly status?: number
}

/** What a server does about a message: RFC 8415 §18.3, one case per clause. */
export type Verdict6 =
  | { readonly say: 'advertise' | 'reply'; readonly given: readonly Given[]; readonly status?: number }
  | { readonly say: 'nothing'; readonly why: string }

/** All that a rule may look at. Nothing in here is changed by a rule. */
export interface Place6 {
  /** Subnets of the link that the message came from. */
  readonly link: readonly Subnet6[]
  readonly book: Pick<Book6, 'addressOf' | 'isFree' | 'leaseAt'>
  readonly advice: Advice6
  readonly now: number
  /** Whether this machine may take one more address of that subnet: some are kept for those that the site names. */
  mayTake(subnet: Subnet6): boolean
  /** Is this address promised to another machine, or our own? */
  isTaken(address: bigint): boolean
}

/** The verdict on one message. Pure: the same place and message always give the same. */
export function answer6(request: Request6, place: Place6): Verdict6 {
  const { advice, link } = place
  if (advice.ignore !== undefined && request.message !== 'release' && request.message !== 'decline')
    return { say: 'nothing', why: advice.ignore }
  if (link.length === 0) return { say: 'nothing', why: 'unknown network' }
  const { associations } = request
  switch (request.message) {
    case 'solicit':
      return { say: 'advertise', given: assign(request, place) }
    case 'request':
      return { say: 'reply', given: onRequest(request, place) }
    case 'renew':
      return { say: 'reply', given: assign(request, place) }
    case 'rebind':
      return onRebind(request, place)
    case 'confirm':
      return onConfirm(associations, place)
    case 'release':
      return { say: 'reply', given: farewell(request, place), status: status.success }
    case 'decline':
      return { say: 'reply', given: farewell(request, place), status: status.success }
    case 'inform':
      return { say: 'reply', given: [] }
  }
}

/** One card has one address: further associations of the same message get none. */
function assign(request: Request6, place: Place6): readonly Given[] {
  const own = chosen(request, place)
  return request.associations.map(({ id, addresses }, at) => {
    if (!own || at > 0) return { id, status: status.noAddress, drop: addresses }
    return { id, ...own, drop: addresses.filter((address) => address !== own.address) }
  })
}

/** §18.3.2: an address of another link is told so. */
function onRequest(request: Request6, place: Place6): readonly Given[] {
  const given = assign(request, place)
  return request.associations.map(({ id, addresses }, at) =>
    addresses.some((address) => !isOnLink(address, place)) ? { id, status: status.notOnLink } : given[at]!,
  )
}

/** §18.3.5: who is asked by everybody's address answers only for what is his. */
function onRebind(request: Request6, place: Place6): Verdict6 {
  const named = request.associations.flatMap(({ addresses }) => addresses)
  const isOurs = named.length === 0 || named.some((address) => isOnLink(address, place))
  return isOurs ? { say: 'reply', given: assign(request, place) } : { say: 'nothing', why: 'not of our subnets' }
}

/** §18.3.3: nothing is said without an address to judge. */
function onConfirm(associations: readonly Association[], place: Place6): Verdict6 {
  const named = associations.flatMap(({ addresses }) => addresses)
  if (named.length === 0) return { say: 'nothing', why: 'no address to confirm' }
  const isGood = named.every((address) => isOnLink(address, place))
  return { say: 'reply', given: [], status: isGood ? status.success : status.notOnLink }
}

/** §18.3.7 and §18.3.8: associations that are not known here are named. */
function farewell({ associations, identity }: Request6, { book, now }: Place6): readonly Given[] {
  const own = book.addressOf(identity, now)
  return associations
    .filter(({ addresses }) => own === undefined || !addresses.includes(own))
    .map(({ id }) => ({ id, status: status.noBinding }))
}

/** The reservation, else the address it has, else the one it names, else the one that follows from its card. */
function chosen(
  { identity, client, associations }: Request6,
  place: Place6,
): { readonly address: bigint; readonly subnet: Subnet6 } | undefined {
  const { advice, book, now, link } = place
  const promised = advice.address === undefined ? undefined : readIpv6(advice.address)
  const named = associations[0]?.addresses ?? []
  const wishes = [book.addressOf(identity, now), ...named.filter((address) => isOpen(address, place))]
  const free = (address: bigint): boolean => book.isFree(address, identity, now) && !place.isTaken(address)
  const own =
    promised !== undefined && isToBeHad(promised, identity, client.mac, place) ? place6(promised, link) : undefined
  if (own) return own
  const held = book.addressOf(identity, now)
  for (const wish of wishes) {
    const at = wish === undefined || !free(wish) ? undefined : place6(wish, link)
    if (at && (wish === held || place.mayTake(at.subnet))) return at
  }
  for (const subnet of link.filter((one) => place.mayTake(one))) {
    for (const address of candidates(subnet, identity, client.mac)) if (free(address)) return { address, subnet }
  }
  return undefined
}

/** A reservation belongs to the machine, as over IPv4: neither another card of it holds it, nor one that was it when the address was given. */
function isToBeHad(address: bigint, identity: string, mac: Mac | undefined, { advice, book, now }: Place6): boolean {
  if (book.isFree(address, identity, now)) return true
  const { cards = [], machine } = advice
  const lease = book.leaseAt(address, now)
  if (!lease || (cards.length > 0 && (mac === undefined || !cards.includes(mac)))) return false
  return (lease.mac !== undefined && cards.includes(lease.mac)) || (machine !== undefined && lease.machine === machine)
}

/** An address that a client names is only taken up where this server could have given it. */
function isOpen(address: bigint, { link }: Place6): boolean {
  return link.some(({ cidr, range }) =>
    range ? address >= range.from && address <= range.to : contains6(cidr, address),
  )
}

function place6(
  address: bigint,
  link: readonly Subnet6[],
): { readonly address: bigint; readonly subnet: Subnet6 } | undefined {
  const subnet = link.find(({ cidr }) => contains6(cidr, address))
  return subnet && { address, subnet }
}

function isOnLink(address: bigint, { link }: Place6): boolean {
  return link.some(({ cidr }) => contains6(cidr, address))
}
