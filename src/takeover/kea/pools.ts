import { broadcastOf, readIpv4 } from '../../net/ipv4.ts'
import { readCidr } from '../network/host.ts'

/** `10.77.0.10 - 10.77.0.20`, or `10.77.0.128/25`. */
export function rangeOf(text: string): { readonly from: number; readonly to: number } | undefined {
  const cidr = readCidr(text.trim())
  if (cidr) return { from: cidr.network, to: broadcastOf(cidr) }
  const [from, to, ...more] = text.split('-').map((end) => readIpv4(end.trim()))
  return from !== undefined && to !== undefined && from <= to && more.length === 0 ? { from, to } : undefined
}
