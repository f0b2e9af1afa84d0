import type { Client } from '../boot/client.ts'
import type { SiteOption } from '../net/dhcp-option.ts'
import type { Ipv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'

/** What DHCPv6 asks of the heart, at every message; the same question as DHCP's. */
export interface Advisor6 {
  /** `server` is our address on the client's link. */
  advise(client: Client, server: Ipv6): Advice6
  /** Is this address promised to a machine other than that one? */
  isReserved(address: Ipv6, machine: string | undefined): boolean
  /** How many machines the site names that have no address of their own: so many addresses of a range are kept for them. */
  readonly namedWithoutAddress?: number
}

export interface Advice6 {
  /** Why nothing at all is answered. */
  readonly ignore?: string
  readonly machine?: string
  /** Its reservation. */
  readonly address?: Ipv6
  /** The cards that the site names for it; it may be known by something else. */
  readonly cards?: readonly Mac[]
  readonly boot?: {
    /** A TFTP name, or a whole http:// URL. */
    readonly file: string
  }
  /** What the site says besides of this machine. */
  readonly options?: readonly SiteOption[]
}
