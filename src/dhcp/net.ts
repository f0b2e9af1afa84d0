import type { Subnet } from '../config/site.ts'
import { overlaid, type SiteOption } from '../net/dhcp-option.ts'
import { broadcastOf, contains, formatIpv4, parseIpv4, type Ipv4 } from '../net/ipv4.ts'
import { option, write, type Entry } from './options.ts'
import { Pool } from './pool.ts'

/** One subnet at work: its settings, its addresses, and the part of every answer that only depends on it. */
export class Net {
  readonly subnet: Subnet
  /** As `10.77.0.0/24`. */
  readonly name: string
  readonly pool: Pool
  readonly #house: ReadonlySet<number>
  #entries: Entries | undefined

  readonly #extra: readonly Entry[]

  /** `site`: options that every subnet tells. */
  constructor(subnet: Subnet, site: readonly SiteOption[] = []) {
    this.subnet = subnet
    this.#extra = extraEntries(subnet, site)
    this.name = `${formatIpv4(subnet.cidr.network)}/${subnet.cidr.bits}`
    this.pool = new Pool(subnet.ranges)
    this.#house = houseOf(subnet)
    for (const address of this.#house) this.pool.block(address)
  }

  contains(address: number): boolean {
    return contains(this.subnet.cidr, address)
  }

  /** Addresses that no machine may get, whatever a range says. */
  isHouse(address: number): boolean {
    return this.#house.has(address)
  }

  /** What every answer from this server address holds, made once. */
  entries(server: number): Entries {
    if (this.#entries?.server !== server) this.#entries = entriesOf(this.subnet, server, this.#extra)
    return this.#entries
  }
}

export interface Entries {
  readonly server: number
  /** Option 54. */
  readonly id: Entry
  /** Options 51, 58 and 59, for answers that give an address (RFC 2131 table 3). */
  readonly lease: readonly Entry[]
  /** Option 66. */
  readonly name: Entry
  /** Mask, routers, name servers and so on. */
  readonly common: readonly Entry[]
  /** What the site says besides. */
  readonly extra: readonly Entry[]
}

function entriesOf(subnet: Subnet, server: number, extra: readonly Entry[]): Entries {
  return {
    server,
    id: write(option.serverId, server),
    name: write(option.serverName, formatIpv4(server)),
    lease: leaseEntries(subnet),
    common: commonEntries(subnet, server, extra),
    extra,
  }
}

/** RFC 2131 §4.4.5: T1 is half of the lease, T2 seven eighths. */
function leaseEntries({ lease }: Subnet): readonly Entry[] {
  return [
    write(option.leaseTime, lease),
    write(option.renewal, Math.floor(lease / 2)),
    write(option.rebinding, Math.floor((lease * 7) / 8)),
  ]
}

/** The options of the site and then of the subnet; keys of the subnet go before options of the site. */
function extraEntries(subnet: Subnet, site: readonly SiteOption[]): readonly Entry[] {
  const { router, dns, ntp, domain, options = [] } = subnet
  const said = new Set<number>([
    ...(router === undefined ? [] : [option.routers.code]),
    ...(dns.length === 0 ? [] : [option.dns.code]),
    ...(domain === undefined ? [] : [option.domain.code]),
    ...(ntp.length === 0 ? [] : [option.ntp.code]),
  ])
  return entriesFrom(
    overlaid(
      site.filter(({ code }) => !said.has(code)),
      options,
    ),
  )
}

/** Options of a site as they go onto the wire. */
export function entriesFrom(options: readonly SiteOption[]): readonly Entry[] {
  return options.map(({ code, hex }) => [code, Buffer.from(hex, 'hex')])
}

function commonEntries(subnet: Subnet, server: number, extra: readonly Entry[]): readonly Entry[] {
  const servesNames = !extra.some(([code]) => code === option.dns.code)
  const { cidr, router, dns, ntp, domain } = subnet
  return [
    write(option.subnetMask, cidr.mask),
    ...(router === undefined ? [] : [write(option.routers, [parseIpv4(router)])]),
    // The Debian installer stops and asks when no name server comes by DHCP, so there always is one: ourselves.
    ...(servesNames ? [write(option.dns, dns.length > 0 ? dns.map(parseIpv4) : [server])] : []),
    ...(domain === undefined ? [] : [write(option.domain, domain)]),
    write(option.broadcast, broadcastOf(cidr)),
    ...(ntp.length > 0 ? [write(option.ntp, ntp.map(parseIpv4))] : []),
  ]
}

/** Network and broadcast address (RFC 3021: a /31 and a /32 have none), and whoever the settings name. */
function houseOf({ cidr, router, dns, ntp }: Subnet): ReadonlySet<number> {
  const named = [router, ...dns, ...ntp].filter((address): address is Ipv4 => address !== undefined).map(parseIpv4)
  return new Set(cidr.bits < 31 ? [cidr.network, broadcastOf(cidr), ...named] : named)
}
