import { formatIpv4, readIpv4, type Cidr } from '../../net/ipv4.ts'
import { bitsOf } from '../network/host.ts'
import type { Statement } from './file.ts'
import { wrong } from '../network/text.ts'

/** `subnet 10.77.0.0 netmask 255.255.255.0`. Throws `config-invalid`, as dhcpd itself would refuse it. */
export function readSubnet({ words, file, line }: Statement): { readonly cidr: Cidr } {
  const [, address, netmask, mask, ...rest] = words.map(({ text }) => text)
  const [network, bits] = [readIpv4(address ?? ''), bitsOf(readIpv4(mask ?? ''))]
  if (network === undefined || netmask?.toLowerCase() !== 'netmask' || bits === undefined || rest.length > 0)
    throw wrong(file, line, 'this is no subnet', 'write it like subnet 10.77.0.0 netmask 255.255.255.0')
  const value = readIpv4(mask!)!
  if ((network & value) >>> 0 !== network)
    throw wrong(
      file,
      line,
      `${address} is not the first address of a network with the mask ${mask}`,
      `it is ${formatIpv4((network & value) >>> 0)}`,
    )
  return { cidr: { network, mask: value, bits } }
}

/** `range [dynamic-bootp] 10.77.0.100 [10.77.0.199]`: dhcpd takes the ends in either order. */
export function readRange({ words }: Statement): { readonly from: number; readonly to: number } | undefined {
  const ends = words.slice(words[1]?.text.toLowerCase() === 'dynamic-bootp' ? 2 : 1).map(({ text }) => readIpv4(text))
  const [first, last = first] = ends
  if (first === undefined || last === undefined || ends.length > 2 || ends.includes(undefined)) return undefined
  return { from: Math.min(first, last), to: Math.max(first, last) }
}
