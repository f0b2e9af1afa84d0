import type { StoredEvent } from '../../../journal/journal.ts'
import { isOffer, isType, noAddress, textOf, whyOf, type Facts } from '../facts.ts'

/** What was thrown away is why there was no offer: unknown networks, above all. */
export function noOffer({ events }: Facts): string | undefined {
  if (events.some(isOffer)) return undefined
  const dropped = events.findLast(isType('dhcp.dropped', 'dhcp6.dropped'))
  return dropped && dropText(dropped)
}

function dropText(dropped: StoredEvent): string {
  const [why, relay, link] = [whyOf(dropped), textOf(dropped, 'relay'), textOf(dropped, 'link')]
  if (why !== 'unknown network') return `its message was thrown away by this server: ${why}`
  const rest = 'of the subnets of birnam.yaml, so it got no answer; add its cidr under dhcp.subnets'
  if (link !== undefined) return `the link ${link} behind relay ${relay} is in none ${rest}`
  if (relay !== undefined) return `relay ${relay} is in none ${rest}`
  return `its interface ${textOf(dropped, 'interface')} is in none ${rest}`
}

/** It was promised an address and never told so, since the promise could not be kept. */
export function unwritten({ events, disk }: Facts): string | undefined {
  const dropped = events.findLast(isType('dhcp.dropped'))
  if (!dropped || !whyOf(dropped).startsWith('lease not written')) return undefined
  return `its lease could not be written: ${disk ?? whyOf(dropped).replace(/^lease not written: (Error: )?/, '')}`
}

export function declined({ events }: Facts): string | undefined {
  const event = events.findLast(isType('dhcp.decline', 'dhcp6.decline'))
  return (
    event &&
    `it found ${textOf(event, 'address') ?? 'its address'} in use by another machine and declined it: find who has that address, or give it another`
  )
}

export function otherServer({ events }: Facts): string | undefined {
  const event = events.findLast(isType('dhcp.other-server', 'dhcp6.other-server'))
  if (event?.type === 'dhcp6.other-server') return 'another DHCPv6 server gives addresses on this network'
  if (!event) return undefined
  const [server, card] = [textOf(event, 'server'), textOf(event, 'serverMac')]
  const who = server === undefined ? '' : `: ${server}${card === undefined ? '' : ` (${card})`}`
  return `another DHCP server gives addresses on this network${who}`
}

export function nakked({ events }: Facts): string | undefined {
  const event = events.findLast(isType('dhcp.nak'))
  const after = event && events.slice(events.indexOf(event)).some(isOffer)
  return event && !after
    ? `it asked for ${textOf(event, 'address') ?? 'an address'} and was refused it: ${whyOf(event)}`
    : undefined
}

export function fullPool({ events }: Facts): string | undefined {
  const isFull = (event: StoredEvent): boolean => event.type === 'dhcp.full' || textOf(event, 'why') === noAddress
  const event = events.findLast(isFull)
  if (!event) return undefined
  const why = textOf(event, 'why')
  return `its subnet has no free address left${why === undefined ? '' : ` (${why})`}: make its range larger, or its leases shorter`
}

/** Heard, and rightly not answered. */
export function ignored({ events }: Facts): string | undefined {
  if (events.some(isOffer)) return undefined
  const event = events.findLast(isType('dhcp.silent', 'dhcp6.silent'))
  return event && `this server let it be: ${whyOf(event)}`
}

/** It is offered another address than its own, and does not take that. */
export function conflict({ events }: Facts): string | undefined {
  const event = events.findLast(isType('dhcp.conflict'))
  return event && whyOf(event)
}

export function proxyUnheeded({ events }: Facts): string | undefined {
  return events.some(isType('dhcp.proxy-offer'))
    ? 'it was told of its file beside the other DHCP server and did not come for it: that server gave it no address, or named a file of its own'
    : undefined
}
