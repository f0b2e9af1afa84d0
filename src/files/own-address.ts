import type { Session } from '../boot/session.ts'
import type { Machine } from '../config/site.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import { isIpv6, type Ipv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import { cardAt, machineOf, type House } from './house.ts'

/** A machine, in one of its boots or in none; without a machine, the stranger whose boot it is. */
export interface Whose {
  readonly machine?: Machine | undefined
  readonly session?: Session | undefined
}

/**
 * Why an address is not the machine's own; undefined when it is. Its own is where a lease of this server says that one of its cards is; else what
 * the site names, and where its boot has claimed its permit; else where the kernel sees one of its cards. What is not known is not its own. It is
 * asked in the same turn as what hangs on it.
 */
export function whyForeign(house: House, whose: Whose, from: string): string | undefined {
  const leased = house.addresses.holderOf(from)
  if (leased === undefined && isNamed(house, whose, from)) return undefined
  const card = leased ?? house.addresses.seenAt?.(from)
  if (card !== undefined && cardsOf(whose).includes(card)) return undefined
  return sentence(house, whose, from, card)
}

/** By the site, or by the claim, which was made by this rule and is kept on disk with its permit. */
function isNamed({ permits }: House, { machine, session }: Whose, from: string): boolean {
  if (machine === undefined) return false
  if (from === machine.ip || from === machine.ip6) return true
  const permit = permits.of(machine.name)
  return session !== undefined && permit?.session === session.id && permit.address === from
}

function cardsOf({ machine, session }: Whose): readonly Mac[] {
  return [...(machine?.macs ?? []), ...(session ? [session.mac] : [])]
}

function sentence(house: House, whose: Whose, from: string, card: Mac | undefined): string {
  const { machine, session } = whose
  const name = machine?.name ?? `card ${session?.mac}`
  if (card !== undefined) return `asked from a foreign address: ${from} is that of card ${card}, not of ${name}`
  const known = isIpv6(from) ? knownAddress6(house, whose) : knownAddress(house, machine, session?.mac)
  if (known !== undefined) return `asked from a foreign address: ${from}, but ${name} has ${known}`
  const field = isIpv6(from) ? 'ip6:' : 'ip:'
  return `asked from an unknown address: this server has no lease for ${from}, and sees no card there; give ${name} ${field}, or let this server lease it its address`
}

/** The machine whose own address that is, by the same rule. */
export function machineFrom(house: House, address: string): Machine | undefined {
  const mac = cardFrom(house, address)
  const machine = mac && machineOf(house, mac)
  // Of a machine that names none, the card of its boot is all that is known.
  const session = mac && machine?.macs.length === 0 ? house.sessions.current(mac) : undefined
  return machine && whyForeign(house, { machine, session }, address) === undefined ? machine : undefined
}

/** The card that speaks from an address: by its lease, by the site, by what the kernel sees. */
export function cardFrom(house: House, address: string): Mac | undefined {
  return cardAt(house, address) ?? house.addresses.seenAt?.(address)
}

/** Where a machine is, as far as this server knows: the lease of that card, else of another card of it, else what the site names. */
export function knownAddress(house: House, machine: Machine | undefined, mac?: Mac): Ipv4 | undefined {
  for (const card of [...(mac === undefined ? [] : [mac]), ...(machine?.macs ?? [])]) {
    const lease = house.addresses.leaseOf(card)
    if (lease) return lease.address
  }
  return machine?.ip
}

function knownAddress6({ addresses }: House, whose: Whose): Ipv6 | undefined {
  for (const card of cardsOf(whose)) {
    const lease = addresses.lease6Of?.(card)
    if (lease !== undefined) return lease
  }
  return whose.machine?.ip6
}
