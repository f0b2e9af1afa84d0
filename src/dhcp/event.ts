import type { Client } from '../boot/client.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'

export type DhcpEventType =
  | 'dhcp.discover'
  | 'dhcp.offer'
  /** A boot file was named beside another server's addresses: in an OFFER, or at port 4011. */
  | 'dhcp.proxy-offer'
  | 'dhcp.proxy-ack'
  | 'dhcp.request'
  | 'dhcp.ack'
  | 'dhcp.nak'
  | 'dhcp.decline'
  | 'dhcp.release'
  | 'dhcp.inform'
  /** A subnet has no free address left. */
  | 'dhcp.full'
  /** Heard, understood, and rightly not answered. */
  | 'dhcp.silent'
  /** Another DHCP server gives addresses on this link. */
  | 'dhcp.other-server'
  /** A reservation could not be given: somebody else still has the address. */
  | 'dhcp.conflict'
  /** Thrown away; at most once a second for each reason and card, with the number since the last time. */
  | 'dhcp.dropped'
  /** A lease could not be written; its ACK left all the same, for nobody else can be given the address. */
  | 'dhcp.unwritten'

/** One thing that DHCP did or saw. Everything in it that came from the wire is evidence, not fact. */
export interface DhcpEvent {
  readonly type: DhcpEventType
  readonly interface: string
  readonly mac?: Mac
  readonly client?: Client
  readonly machine?: string
  readonly address?: Ipv4
  readonly why?: string
  /** The boot file of an OFFER or ACK. */
  readonly file?: string
  /** Where it is to be fetched from. */
  readonly next?: Ipv4
  /** The relay that forwarded the message. */
  readonly relay?: Ipv4
  /** The subnet that its message selects, where that is not the relay's own. */
  readonly link?: Ipv4
  /** The port that the relay names (option 82), as a site would write it. */
  readonly circuit?: string
  readonly remote?: string
  readonly server?: Ipv4
  readonly count?: number
}
