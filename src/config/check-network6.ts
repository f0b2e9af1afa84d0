import { checkOptions, checkShared } from './check-network.ts'
import { contains6, formatCidr6, formatIpv6, readIpv6 } from '../net/ipv6.ts'
import type { Reporter } from './problem.ts'
import type { Machine, Site, Subnet6 } from './site.ts'
import { slowly, type Slices } from './slices.ts'

/** The same as for IPv4: subnets against each other, ranges against their subnet, machines' addresses against both. */
export function* checkAddresses6(site: Site, report: Reporter): Slices<void> {
  const { server } = site
  const { interfaces, subnets } = server.dhcp6
  for (const [index, subnet] of subnets.entries()) {
    checkSubnet(site, index, subnet, report)
    checkShared(server, ['dhcp6', 'subnets', index], subnets, report)
    checkOptions(server, ['dhcp6', 'subnets', index, 'options'], subnet.options, keys6, report)
  }
  if (interfaces.length > 0 && subnets.length === 0) {
    const hint = 'add dhcp6.subnets'
    const message = 'a DHCPv6 server without subnets answers nobody'
    report(server, ['dhcp6', 'interfaces'], { message, hint, severity: 'warning' })
  }
  if (subnets.length > 0 && interfaces.length === 0) {
    const hint = 'name the interface of that network in dhcp6.interfaces'
    const message = 'a DHCPv6 server without interfaces answers nobody'
    report(server, ['dhcp6', 'subnets'], { message, hint, severity: 'warning' })
  }
  yield* slowly(site.machines, (machine) => checkMachine(site, machine, report))
}

const keys6: ReadonlyMap<number, string> = new Map([
  [23, 'dns:'],
  [24, 'domain:'],
])

function checkSubnet(site: Site, index: number, subnet: Subnet6, report: Reporter): void {
  const { server } = site
  const place = ['dhcp6', 'subnets', index]
  const { cidr, range, interface: name } = subnet
  const text = formatCidr6(cidr)
  const other = server.dhcp6.subnets
    .slice(0, index)
    .find((each) => contains6(each.cidr, cidr.network) || contains6(cidr, each.cidr.network))
  if (other) {
    const message = `${text} overlaps ${formatCidr6(other.cidr)}`
    report(server, [...place, 'cidr'], { message, hint: 'one address must belong to one subnet' })
  }
  if (range && !(contains6(cidr, range.from) && contains6(cidr, range.to))) {
    const message = `${formatIpv6(range.from)}-${formatIpv6(range.to)} is not inside ${text}`
    report(server, [...place, 'range'], { message, hint: `its addresses begin with ${text}` })
  }
  if (!range && cidr.bits > widest) {
    const message = `${text} is too small for addresses that are made of cards`
    report(server, [...place, 'cidr'], { message, hint: `name a range:, or a network of /${widest} or wider` })
  }
  const { interfaces } = server.dhcp6
  if (name !== undefined && interfaces.length > 0 && !interfaces.includes(name)) {
    const message = `Birnam does not listen on ${name}`
    report(server, [...place, 'interface'], { message, hint: 'add it to dhcp6.interfaces' })
  }
}

/** 48 bits for the card. */
const widest = 80

function checkMachine({ server }: Site, machine: Machine, report: Reporter): void {
  if (machine.ip6 === undefined || server.dhcp6.subnets.length === 0) return
  const value = readIpv6(machine.ip6)!
  if (server.dhcp6.subnets.some(({ cidr }) => contains6(cidr, value))) return
  const hint = 'the DHCPv6 server can never give it; mend the address or add its subnet under dhcp6'
  report(machine, ['ip6'], { message: `${machine.ip6} is in no subnet of birnam.yaml`, hint, severity: 'warning' })
}
