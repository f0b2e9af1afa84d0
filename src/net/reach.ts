import { networkInterfaces } from 'node:os'
import { readIpv4, type Ipv4 } from './ipv4.ts'

interface Own {
  readonly address: Ipv4
  readonly value: number
  readonly mask: number
  readonly internal: boolean
}

let remembered: { readonly until: number; readonly own: readonly Own[] } | undefined

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

// Interfaces come and go without a word; asking the kernel costs too much for each packet.
function ownAddresses(): readonly Own[] {
  const now = performance.now()
  if (remembered && now < remembered.until) return remembered.own
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address, netmask, internal }) => ({
      address,
      value: readIpv4(address)!,
      mask: readIpv4(netmask)!,
      internal,
    }))
  remembered = { until: now + 2000, own }
  return own
}
