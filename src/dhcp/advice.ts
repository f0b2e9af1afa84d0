import type { Client } from '../boot/client.ts'
import type { SiteOption } from '../net/dhcp-option.ts'
import { readIpv4, type Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'

/** What DHCP asks of the heart, at every DISCOVER and REQUEST; synchronous, and no slower with more machines. */
export interface Advisor {
  /** `server` is our address on the client's link. */
  advise(client: Client, server: Ipv4): Advice
  /** Is this address promised to a machine? Such an address is never given to another one. */
  isReserved(address: Ipv4): boolean
  /** Whom addresses are kept for, however many invented cards ask; nobody when it is not told. */
  readonly named?: NamedMachines
}

/** Machines that the site names. */
export interface NamedMachines {
  has(mac: Mac): boolean
  /** How many have no address of their own, and need one of a pool. */
  readonly withoutAddress: number
}

export interface Advice {
  /** Why nothing at all is answered. */
  readonly ignore?: string
  /** The name of the machine, when it is known. */
  readonly machine?: string
  /** Its reservation. */
  readonly address?: Ipv4
  /** The cards that the site names for it; it may be known by something else. */
  readonly cards?: readonly Mac[]
  readonly hostname?: string
  readonly boot?: Boot
  /** What the site says besides of this machine. */
  readonly options?: readonly SiteOption[]
}

export interface Boot {
  /** A TFTP name, or a whole http:// URL. */
  readonly file: string
  /** Who serves it; this server when not named. */
  readonly server?: Ipv4
  /** A URL that PXELINUX asks for everything else below (RFC 5071 §5). */
  readonly prefix?: string
  /** The machine's own file, and none of ours. */
  readonly isOwn?: true
}

/** A file on another TFTP server, in the way of DHCP: the server in one place, the name in another. */
export function asNames(boot: Boot): Boot {
  const [, server, file] = /^tftp:\/\/([\d.]+)\/(.+)$/.exec(boot.file) ?? []
  return server === undefined || file === undefined || readIpv4(server) === undefined ? boot : { ...boot, server, file }
}
