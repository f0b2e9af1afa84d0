import { readMac, type Mac } from '../../net/mac.ts'
import { parseCidr, readIpv4, type Cidr } from '../../net/ipv4.ts'

/** Where something stands in the old file. */
export interface OldSpot {
  readonly file: string
  readonly line: number
}

/** A machine as another DHCP server knew it. */
export interface OldHost extends OldSpot {
  readonly name: string
  readonly macs: readonly Mac[]
  /** Addresses, and names that DNS would have to resolve. */
  readonly addresses: readonly string[]
  readonly hostname?: string
  /** The named groups around it. */
  readonly groups: readonly string[]
}

/** Of one Ethernet card: 0:1:2 is 00:01:02. */
export function cardOf(text: string): Mac | undefined {
  const pairs = text.split(/[:-]/).map((pair) => pair.padStart(2, '0'))
  const mac = readMac(pairs.join(':'))
  return mac !== undefined && mac !== '00:00:00:00:00:00' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0
    ? mac
    : undefined
}

/** Not 0.*, loopback, multicast or reserved: what a site can hold. */
export function isHost(text: string): boolean {
  const first = (readIpv4(text) ?? 0) >>> 24
  return first > 0 && first < 224 && first !== 127
}

/** A lease lasts a minute at least, and ends some day. */
export function leaseWithin(seconds: number): number {
  return Math.min(Math.max(Math.trunc(seconds), 60), 0xffff_fffe)
}

/** Undefined for what is no network. */
export function readCidr(text: string): Cidr | undefined {
  try {
    return parseCidr(text)
  } catch {
    return undefined
  }
}

/** Of a netmask; undefined for one with holes. */
export function bitsOf(mask: number | undefined): number | undefined {
  if (mask === undefined) return undefined
  const bits = Math.clz32(~mask >>> 0)
  return mask === (bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0) ? bits : undefined
}
