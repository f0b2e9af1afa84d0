import { isIPv6 } from 'node:net'
import { Fault } from '../fault.ts'
import { readMac, type Mac } from './mac.ts'

/** IPv6 addresses travel as text in the form of RFC 5952 between rooms, and as numbers of 128 bits inside. */
export type Ipv6 = string

/** Undefined for everything else, for a zone (`%eth0`) too. */
export function readIpv6(text: string): bigint | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [head = '', tail] = withoutDots(text).split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => 0)
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65_536n + BigInt(group), 0n)
}

export function isIpv6(text: string): boolean {
  return text.includes(':')
}

/** RFC 5952: lower case, no leading zeros, the longest run of zeros as `::`. */
export function formatIpv6(value: bigint): Ipv6 {
  const groups = Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16))
  const runs = [...groups.join(':').matchAll(/\b0(?::0){1,7}\b/g)].map(([run]) => run)
  const longest = runs.toSorted((one, other) => other.length - one.length)[0]
  const text = groups.join(':')
  if (longest === undefined) return text
  const at = text.search(new RegExp(String.raw`\b${longest}\b`))
  const [before, after] = [text.slice(0, at), text.slice(at + longest.length)]
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`
}

/** 16 bytes of a packet. */
export function ipv6At(bytes: Buffer, at: number): bigint {
  return bytes.readBigUInt64BE(at) * 2n ** 64n + bytes.readBigUInt64BE(at + 8)
}

export function ipv6Bytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64BE(value >> 64n, 0)
  bytes.writeBigUInt64BE(value & (2n ** 64n - 1n), 8)
  return bytes
}

export interface Cidr6 {
  /** Host bits are zero. */
  readonly network: bigint
  readonly bits: number
}

/** `fd77::/64`; the host bits must be zero. */
export function parseCidr6(text: string): Cidr6 {
  const [address = '', length = '', rest] = text.split('/')
  const base = readIpv6(address)
  const bits = Number(length)
  if (base === undefined || rest !== undefined || !/^\d{1,3}$/.test(length) || bits > 128)
    throw new Fault('request-invalid', `not an IPv6 network: ${text.slice(0, 60)}`, { hint: 'write it like fd77::/64' })
  const network = (base >> BigInt(128 - bits)) << BigInt(128 - bits)
  if (network !== base) {
    const hint = `the network is ${formatIpv6(network)}/${bits}`
    throw new Fault('request-invalid', `${text} has host bits set`, { hint })
  }
  return { network, bits }
}

export function contains6({ network, bits }: Cidr6, address: bigint): boolean {
  return (address ^ network) >> BigInt(128 - bits) === 0n
}

export function formatCidr6({ network, bits }: Cidr6): string {
  return `${formatIpv6(network)}/${bits}`
}

/** fe80::/10 */
export function isLinkLocal(address: bigint): boolean {
  return address >> 118n === 0xfe80n >> 6n
}

/** The card behind a link-local address that was made of it (RFC 4291 appendix A); privacy addresses have none in them. */
export function macOfEui64(address: bigint): Mac | undefined {
  const bytes = ipv6Bytes(address)
  if (!isLinkLocal(address) || bytes.readUInt16BE(11) !== 0xfffe) return undefined
  const parts = [bytes[8]! ^ 2, bytes[9]!, bytes[10]!, bytes[13]!, bytes[14]!, bytes[15]!]
  return readMac(Buffer.from(parts).toString('hex'))
}

/** A dotted end, as in ::ffff:10.77.0.1, in hexadecimal. */
function withoutDots(text: string): string {
  return text.replace(/(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  )
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}
