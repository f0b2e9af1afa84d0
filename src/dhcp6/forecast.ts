import { archOf } from '../boot/arch.ts'
import type { Client } from '../boot/client.ts'
import type { Dhcp6Settings, Subnet6 } from '../config/site.ts'
import { contains6, formatIpv6, readIpv6, type Ipv6 } from '../net/ipv6.ts'
import type { Advisor6 } from './advice.ts'
import type { Book6 } from './book.ts'
import { candidates } from './net.ts'
import { bootUrl } from './reply.ts'

export interface Forecast6Parts {
  readonly settings: Dhcp6Settings
  readonly advisor: Advisor6
  readonly book: Pick<Book6, 'addressOf'>
  readonly now: number
  /** Our addresses on an interface; none on a host that lacks it. */
  readonly addressesOn: (interfaceName: string) => readonly string[]
  /** A relay that the client asks through. */
  readonly relay?: Ipv6
}

/** What this client would be told over IPv6, for people: nothing where DHCPv6 is off, and to a BIOS, which has no IPv6. */
export function forecast6(client: Client, parts: Forecast6Parts): readonly string[] {
  const { settings } = parts
  const { mac } = client
  if (settings.interfaces.length === 0 || mac === undefined || archOf(client.arch ?? 0)?.platform !== 'uefi') return []
  return subnetFor(client, parts).flatMap((subnet) => {
    const server = serverIn(subnet, parts)
    const { ignore, boot, address } = parts.advisor.advise(client, formatIpv6(server))
    if (ignore !== undefined) return [`over IPv6: no answer: ${ignore}`]
    const promised = address === undefined ? undefined : readIpv6(address)
    const own = promised !== undefined && contains6(subnet.cidr, promised) ? promised : undefined
    const given = own ?? parts.book.addressOf(mac, parts.now) ?? candidates(subnet, mac, mac).next().value
    return [
      `over IPv6: REPLY to ${mac}`,
      ...(given === undefined ? [] : [`5 address: ${formatIpv6(given)}`]),
      ...(boot ? [`59 boot file URL: ${bootUrl(boot.file, server)}`] : []),
    ]
  })
}

/** That of the relay, else the one that holds its reservation, else the first. */
function subnetFor(client: Client, { settings, advisor, relay }: Forecast6Parts): readonly Subnet6[] {
  const { subnets } = settings
  const holding = (address: Ipv6 | undefined): Subnet6 | undefined => {
    const value = address === undefined ? undefined : readIpv6(address)
    return value === undefined ? undefined : subnets.find(({ cidr }) => contains6(cidr, value))
  }
  if (relay !== undefined) return [holding(relay)].filter((subnet) => subnet !== undefined)
  return [holding(advisor.advise(client, '::1').address) ?? subnets[0]].filter((subnet) => subnet !== undefined)
}

/** Our own address there; a site that is read elsewhere is shown with the first of the network. */
function serverIn({ cidr, interface: name }: Subnet6, { settings, addressesOn }: Forecast6Parts): bigint {
  const names = name === undefined ? settings.interfaces : [name]
  const own = names.flatMap((each) => addressesOn(each)).map((text) => readIpv6(text)!)
  return own.find((address) => contains6(cidr, address)) ?? cidr.network + 1n
}
