import { broadcastOf, contains, formatIpv4, readIpv4 } from '../net/ipv4.ts'
import type { Cidr } from '../net/ipv4.ts'
import type { Path, Reporter } from './problem.ts'
import type { Machine, Site, Subnet } from './site.ts'
import { slowly, type Slices } from './slices.ts'

/** Subnets against each other, ranges against their subnet, machines' addresses against both. */
export function* checkAddresses(site: Site, report: Reporter): Slices<void> {
  const { server } = site
  const { mode, subnets, interfaces } = server.dhcp
  for (const [index, subnet] of subnets.entries()) {
    checkSubnet(site, index, subnet, report)
    checkOverlap(site, index, subnet, report)
    checkShared(server, ['dhcp', 'subnets', index], subnets, report)
    checkOptions(server, ['dhcp', 'subnets', index, 'options'], subnet.options, keys4, report)
    if (subnet.interface !== undefined && interfaces.length > 0 && !interfaces.includes(subnet.interface)) {
      const hint = 'add it to dhcp.interfaces'
      report(server, ['dhcp', 'subnets', index, 'interface'], {
        message: `Birnam does not listen on ${subnet.interface}`,
        hint,
      })
    }
  }
  if (mode === 'server' && subnets.length === 0) {
    const hint = 'add dhcp.subnets, or use mode: proxy beside another DHCP server'
    report(server, ['dhcp', 'mode'], {
      message: 'a DHCP server without subnets answers nobody',
      hint,
      severity: 'warning',
    })
  }
  if (mode === 'proxy') checkProxy(site, report)
  if (
    (mode === 'server' && subnets.length > 0 && interfaces.length === 0) ||
    (mode === 'proxy' && interfaces.length === 0)
  ) {
    const hint = 'name the interface of that network in dhcp.interfaces'
    const message = `a DHCP ${mode} without interfaces answers nobody`
    report(server, ['dhcp', 'mode'], { message, hint, severity: 'warning' })
  }
  const special = specialAddresses(site)
  yield* slowly(site.machines, (machine) => checkMachine(site, machine, special, report))
}

/** What stands in a site that once gave addresses, and does nothing beside another DHCP server. */
function checkProxy(site: Site, report: Reporter): void {
  const { server, machines, profiles } = site
  for (const [index, { ranges }] of server.dhcp.subnets.entries()) {
    const hint = 'leave it out, or say mode: server when no other DHCP server is there'
    const [place, message] =
      ranges.length > 0
        ? (['range', 'a proxy gives no addresses, so this range is for nobody'] as const)
        : (['cidr', 'a proxy gives no addresses, so this subnet is not looked at'] as const)
    report(server, ['dhcp', 'subnets', index, place], { message, hint, severity: 'warning' })
  }
  const message = 'beside another DHCP server GRUB asks that server for its files, and stops at its prompt'
  const hint = 'leave it at auto, which means iPXE there; or let that server name this one as its next-server'
  for (const noun of [server, ...profiles, ...machines]) {
    if (noun.loader === 'grub' || noun.loader === 'shim')
      report(noun, ['loader'], { message, hint, severity: 'warning' })
  }
}

function checkOverlap(site: Site, index: number, subnet: Subnet, report: Reporter): void {
  const other = site.server.dhcp.subnets.slice(0, index).find(({ cidr }) => overlap(cidr, subnet.cidr))
  if (!other) return
  const message = `${formatCidr(subnet.cidr)} overlaps ${formatCidr(other.cidr)}`
  report(site.server, ['dhcp', 'subnets', index, 'cidr'], { message, hint: 'one address must belong to one subnet' })
}

const keys4: ReadonlyMap<number, string> = new Map([
  [3, 'router:'],
  [6, 'dns:'],
  [15, 'domain:'],
  [42, 'ntp:'],
])

/** What a subnet says by a key of its own is not said again as an option. */
export function checkOptions(
  server: object,
  place: Path,
  options: Subnet['options'],
  keys: ReadonlyMap<number, string>,
  report: Reporter,
): void {
  for (const { code } of options ?? []) {
    const key = keys.get(code)
    if (key !== undefined)
      report(server, place, { message: `option ${code} is a key of the subnet`, hint: `write ${key} beside cidr:` })
  }
}

/** A subnet that names another one of its link. */
interface Sharing {
  readonly cidr: Network
  readonly with?: Network
  readonly interface?: string
}

interface Network {
  readonly network: number | bigint
  readonly bits: number
}

/** `with:` names a subnet of the same list, which is on the same interface. */
export function checkShared(
  server: object,
  place: readonly [string, string, number],
  subnets: readonly Sharing[],
  report: Reporter,
): void {
  const { with: wanted, cidr, interface: name } = subnets[place[2]]!
  if (!wanted) return
  const same = (one: Network, two: Network): boolean => one.network === two.network && one.bits === two.bits
  const other = subnets.find((each) => same(each.cidr, wanted))
  if (!other) {
    const hint = `write the cidr: of a subnet under ${place[0]}.${place[1]}`
    return report(server, [...place, 'with'], { message: 'names no subnet of this site', hint })
  }
  if (same(wanted, cidr))
    return report(server, [...place, 'with'], { message: 'a subnet shares its link with itself', hint: 'leave it out' })
  if (name !== undefined && other.interface !== undefined && name !== other.interface) {
    const message = `one link cannot be on ${name} and on ${other.interface}`
    report(server, [...place, 'with'], { message, hint: 'give both subnets the same interface:' })
  }
}

function overlap(a: Cidr, b: Cidr): boolean {
  return contains(a, b.network) || contains(b, a.network)
}

export function formatCidr({ network, bits }: Cidr): string {
  return `${formatIpv4(network)}/${bits}`
}

type Ranges = Subnet['ranges']

function checkSubnet(site: Site, index: number, subnet: Subnet, report: Reporter): void {
  const place = ['dhcp', 'subnets', index]
  const { cidr, ranges, router } = subnet
  if (router !== undefined && !contains(cidr, readIpv4(router)!)) {
    const hint = 'a router that is not on the link needs a machine that knows the way to it'
    report(site.server, [...place, 'router'], {
      message: `${router} is not in ${formatCidr(cidr)}`,
      hint,
      severity: 'warning',
    })
  }
  for (const [at, range] of ranges.entries()) {
    const wrong = rangeTrouble(cidr, ranges, at)
    if (wrong !== undefined) report(site.server, [...place, 'range', at], { message: wrong, hint: usable(cidr) })
    for (const [address, whose] of taken(site, subnet)) {
      const value = readIpv4(address)!
      if (value < range.from || value > range.to) continue
      const hint = 'it is never given to a machine; a range that leaves it out says so'
      const message = `the range holds ${address}, the address of ${whose}`
      report(site.server, [...place, 'range', at], { message, hint, severity: 'warning' })
    }
  }
}

function rangeTrouble(cidr: Cidr, ranges: Ranges, at: number): string | undefined {
  const { from, to } = ranges[at]!
  const text = `${formatIpv4(from)}-${formatIpv4(to)}`
  if (!contains(cidr, from) || !contains(cidr, to)) return `${text} is not inside ${formatCidr(cidr)}`
  if (!isHost(cidr, from) || !isHost(cidr, to)) return `${text} holds the network or the broadcast address`
  const other = ranges.slice(0, at).find((range) => range.from <= to && from <= range.to)
  return other && `${text} overlaps ${formatIpv4(other.from)}-${formatIpv4(other.to)}`
}

function usable(cidr: Cidr): string {
  const edge = cidr.bits < 31 ? 1 : 0
  return `usable are ${formatIpv4(cidr.network + edge)}-${formatIpv4(broadcastOf(cidr) - edge)}`
}

/** RFC 3021: both addresses of a /31 are hosts. */
function isHost(cidr: Cidr, address: number): boolean {
  return cidr.bits >= 31 || (address !== cidr.network && address !== broadcastOf(cidr))
}

function taken(site: Site, subnet: Subnet): [address: string, whose: string][] {
  const { address } = site.server
  return [
    ...(address === undefined ? [] : [[address, 'this server'] as [string, string]]),
    ...(subnet.router === undefined || subnet.router === address
      ? []
      : [[subnet.router, 'the router'] as [string, string]]),
  ]
}

/** The ranges without the server's and the router's address: what may be given to machines. */
export function withoutTaken(site: Site, subnet: Subnet): Ranges {
  return taken(site, subnet).reduce<Ranges>((ranges, [address]) => {
    const value = readIpv4(address)!
    return ranges.flatMap(({ from, to }) => {
      if (value < from || value > to) return [{ from, to }]
      return [
        { from, to: value - 1 },
        { from: value + 1, to },
      ].filter((part) => part.from <= part.to)
    })
  }, subnet.ranges)
}

function specialAddresses(site: Site): ReadonlyMap<string, string> {
  const { address, dhcp } = site.server
  const routers = dhcp.subnets.flatMap(({ router }) => (router === undefined ? [] : [[router, 'the router'] as const]))
  return new Map([...routers, ...(address === undefined ? [] : [[address, 'this server'] as const])])
}

function checkMachine(site: Site, machine: Machine, special: ReadonlyMap<string, string>, report: Reporter): void {
  const { ip } = machine
  if (ip === undefined) return
  const whose = special.get(ip)
  if (whose !== undefined)
    report(machine, ['ip'], { message: `${ip} is the address of ${whose}`, hint: 'give the machine one of its own' })
  const { mode, subnets } = site.server.dhcp
  const value = readIpv4(ip)!
  const home = subnets.find(({ cidr }) => contains(cidr, value))
  if (home && !isHost(home.cidr, value)) {
    const message = `${ip} is the network or the broadcast address of ${formatCidr(home.cidr)}`
    report(machine, ['ip'], { message, hint: usable(home.cidr) })
  } else if (!home && mode === 'server' && subnets.length > 0) {
    const hint = 'the DHCP server can never give it; mend the address or add its subnet'
    report(machine, ['ip'], { message: `${ip} is in no subnet of birnam.yaml`, hint, severity: 'warning' })
  }
}
