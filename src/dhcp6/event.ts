import type { Client } from '../boot/client.ts'
import type { Ipv6 } from '../net/ipv6.ts'
import { formatIpv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import type { Advice6 } from './advice.ts'
import type { Verdict6 } from './answer.ts'
import { bootUrl } from './reply.ts'
import type { Message6, Request6 } from './request.ts'

export type Dhcp6EventType =
  | `dhcp6.${Message6}`
  | 'dhcp6.advertise'
  | 'dhcp6.reply'
  /** Heard, understood, and rightly not answered. */
  | 'dhcp6.silent'
  /** Another DHCPv6 server was chosen. */
  | 'dhcp6.other-server'
  /** Thrown away; at most once a minute for each reason and card, with the number since the last time. */
  | 'dhcp6.dropped'

/** One thing that DHCPv6 did or saw. Everything in it that came from the wire is evidence, not fact. */
export interface Dhcp6Event {
  readonly type: Dhcp6EventType
  readonly interface: string
  readonly mac?: Mac
  readonly client?: Client
  readonly machine?: string
  readonly address?: Ipv6
  /** The URL of the boot file. */
  readonly file?: string
  /** The relay that the client is behind. */
  readonly relay?: Ipv6
  readonly why?: string
  readonly count?: number
}

/** Whose message it was, and through which relay it came. */
export type Whose6 = Pick<Dhcp6Event, 'mac' | 'client' | 'relay'>

export function whose6({ client, packet }: Request6): Whose6 {
  const nearest = packet.relays.at(-1)
  return { client, ...(client.mac && { mac: client.mac }), ...(nearest && { relay: formatIpv6(nearest.link) }) }
}

export function heard6(request: Request6, interfaceName: string): Dhcp6Event {
  return { type: `dhcp6.${request.message}`, interface: interfaceName, ...whose6(request) }
}

/** What was said, or why nothing was. */
export function said6(
  { client }: Request6,
  verdict: Verdict6,
  { advice, server, interfaceName }: { advice: Advice6; server: bigint; interfaceName: string },
): Dhcp6Event {
  const about = {
    interface: interfaceName,
    client,
    ...(client.mac && { mac: client.mac }),
    ...(advice.machine !== undefined && { machine: advice.machine }),
  }
  if (verdict.say === 'nothing') return { type: 'dhcp6.silent', ...about, why: verdict.why }
  const address = verdict.given.find((each) => each.address !== undefined)?.address
  const boots = client.asker !== 'os' && advice.boot
  return {
    type: `dhcp6.${verdict.say}`,
    ...about,
    ...(address !== undefined && { address: formatIpv6(address) }),
    ...(boots && { file: bootUrl(boots.file, server) }),
    ...(address === undefined && verdict.given.length > 0 && { why: 'no address is free' }),
  }
}
