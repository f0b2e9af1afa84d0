import type { Subnet } from '../config/site.ts'
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

  constructor(subnet: Subnet) {
    this.subnet = subnet
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
    if (this.#entries?.server !== server) this.#entries = entriesOf(this.subnet, server)
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
}

function entriesOf(subnet: Subnet, server: number): Entries {
  return {
    server,
    id: write(option.serverId, server),
    name: write(option.serverName, formatIpv4(server)),
    lease: leaseEntries(subnet),
    common: commonEntries(subnet, server),
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

function commonEntries(subnet: Subnet, server: number): readonly Entry[] {
  const { cidr, router, dns, ntp, domain } = subnet
  return [
    write(option.subnetMask, cidr.mask),
    ...(router === undefined ? [] : [write(option.routers, [parseIpv4(router)])]),
    // The Debian installer stops and asks when no name server comes by DHCP, so there always is one: ourselves.
    write(option.dns, dns.length > 0 ? dns.map(parseIpv4) : [server]),
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
