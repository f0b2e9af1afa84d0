import { Fault } from '../fault.ts'

/** IPv4 addresses travel as dotted text between rooms and as unsigned numbers inside look-ups. */
export type Ipv4 = string

/** Strict dotted quad without leading zeros (`010` is octal to some programs). Returns undefined for anything else. */
export function readIpv4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = value * 256 + Number(part)
  }
  return value
}

/** As `readIpv4`, but throws a Fault. */
export function parseIpv4(text: string): number {
  const value = readIpv4(text)
  if (value !== undefined) return value
  throw new Fault('request-invalid', `not an IPv4 address: ${text.slice(0, 40)}`, { hint: 'write it like 10.77.0.11' })
}

export function formatIpv4(value: number): Ipv4 {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

/** Eight upper-case hex digits, as PXELINUX asks for its menu by address. */
export function hexIpv4(address: Ipv4): string {
  return parseIpv4(address).toString(16).toUpperCase().padStart(8, '0')
}

export interface Cidr {
  /** The network address; host bits are zero. */
  readonly network: number
  readonly mask: number
  readonly bits: number
}

/** `10.77.0.0/24`; the host bits must be zero. */
export function parseCidr(text: string): Cidr {
  const [address = '', length = ''] = text.split('/')
  const base = parseIpv4(address)
  const bits = Number(length)
  if (!/^\d{1,2}$/.test(length) || bits > 32) {
    throw new Fault('request-invalid', `not a network: ${text.slice(0, 40)}`, { hint: 'write it like 10.77.0.0/24' })
  }
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0
  const network = (base & mask) >>> 0
  if (network !== base) {
    throw new Fault('request-invalid', `${text} has host bits set`, {
      hint: `the network is ${formatIpv4(network)}/${bits}`,
    })
  }
  return { network, mask, bits }
}

export function contains(cidr: Cidr, address: number): boolean {
  return (address & cidr.mask) >>> 0 === cidr.network
}

export function broadcastOf(cidr: Cidr): number {
  return (cidr.network | ~cidr.mask) >>> 0
}
