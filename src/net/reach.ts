import { isWide, lately } from './interfaces.ts'
import { readIpv4, type Ipv4 } from './ipv4.ts'
import { contains6, readIpv6, type Ipv6 } from './ipv6.ts'

const ownAddresses = lately((own) =>
  own
    .filter(({ family }) => family === 'IPv4')
    .map(({ address, netmask, internal }) => ({
      address,
      value: readIpv4(address)!,
      mask: readIpv4(netmask)!,
      internal,
    })),
)

/**
 * The address under which a client reaches this server: the configured one when it lies in the client's network, else the own
 * interface that does, else the configured one, else the first that is not loopback.
 */
export function serverAddress(client: Ipv4 | undefined, configured: Ipv4 | undefined): Ipv4 {
  const own = ownAddresses()
  const asked = client === undefined ? undefined : readIpv4(client)
  const near = asked === undefined ? undefined : own.find(({ value, mask }) => ((value ^ asked) & mask) === 0)
  if (near && configured !== undefined) {
    const value = readIpv4(configured)!
    if (((value ^ near.value) & near.mask) === 0) return configured
  }
  return near?.address ?? configured ?? own.find(({ internal }) => !internal)?.address ?? '127.0.0.1'
}

const ownAddresses6 = lately((own) =>
  own.filter(isWide).map(({ address, cidr }) => ({
    address,
    cidr: { network: readIpv6(address)!, bits: Number(cidr?.split('/')[1] ?? 128) },
  })),
)

/** Our own address in the network of an IPv6 client; undefined for one behind a router. */
export function serverAddress6(client: Ipv6): Ipv6 | undefined {
  const asked = readIpv6(client)
  return asked === undefined ? undefined : ownAddresses6().find(({ cidr }) => contains6(cidr, asked))?.address
}
