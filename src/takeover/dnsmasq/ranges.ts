import { broadcastOf, formatIpv4, readIpv4, type Cidr } from '../../net/ipv4.ts'
import { bitsOf, leaseWithin, readCidr } from '../network/host.ts'
import type { Often } from '../often.ts'
import type { Setting } from './lines.ts'

/** A `dhcp-range` of IPv4. */
export interface DhcpRange {
  readonly from: number
  readonly to: number
  readonly cidr: Cidr
  /** Nothing said how large it is. */
  readonly guessed: boolean
  /** `static`, `proxy`: nobody gets an address out of it. */
  readonly isFixed: boolean
  readonly lease: number
  /** Tags that clients of it get, and that it is for. */
  readonly sets: readonly string[]
  readonly tags: readonly string[]
  readonly setting: Setting
}

/** An hour, where nothing is said (dnsmasq(8)). */
const usual = 3600

/** `dhcp-range=[tag:x,][set:y,]start[,end|static|proxy][,netmask[,broadcast]][,lease]`. */
export function readDhcpRange(setting: Setting, often: Often): DhcpRange | undefined {
  const { values } = setting
  const tags = values.flatMap((value) => /^(?:tag|net):(.+)$/.exec(value)?.[1] ?? [])
  const sets = values.flatMap((value) => /^set:(.+)$/.exec(value)?.[1] ?? [])
  const rest = values.filter((value) => !/^(?:tag|net|set|constructor|interface):/.test(value))
  const addresses = rest.flatMap((value) => (readIpv4(value) === undefined ? [] : [value]))
  const mode = rest.find((value) => value === 'static' || value === 'proxy')
  const [from = '', second] = addresses
  const start = readIpv4(from)
  if (start === undefined) {
    const isV6 = rest.some((value) => value.includes(':'))
    often.add(setting, 'dhcp-range', isV6 ? 'IPv6 is not taken: write dhcp6 in birnam.yaml' : 'it is not understood')
    return undefined
  }
  const mask = addresses.find((value) => value.startsWith('255.'))
  const end = mode === undefined && second !== undefined && second !== mask ? readIpv4(second)! : start
  const cidr = mask === undefined ? guess(start, end) : readCidr(networkOf(start, mask))
  if (!cidr || end < start) {
    often.add(setting, 'dhcp-range', mask === undefined ? noMask : 'it is not understood')
    return undefined
  }
  const lease = leaseOf(rest.find((value) => /^(?:\d+[smhdw]?|infinite|deprecated)$/.test(value)))
  return {
    from: start,
    to: end,
    cidr,
    guessed: mask === undefined,
    isFixed: mode !== undefined,
    lease,
    sets,
    tags,
    setting,
  }
}

const noMask = 'it says no netmask, and dnsmasq took that of its interface: write the subnet'

/** In one network of 256 addresses it may well be that. */
function guess(from: number, to: number): Cidr | undefined {
  const cidr = readCidr(`${formatIpv4((from & 0xffff_ff00) >>> 0)}/24`)
  return cidr && to <= broadcastOf(cidr) ? cidr : undefined
}

function networkOf(address: number, mask: string): string {
  const value = readIpv4(mask)!
  return `${formatIpv4((address & value) >>> 0)}/${bitsOf(value) ?? 'none'}`
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

function leaseOf(text: string | undefined): number {
  if (text === undefined || text === 'deprecated') return usual
  if (text === 'infinite') return 0xffff_fffe
  return leaseWithin(Number.parseInt(text, 10) * (units[text.at(-1)!] ?? 1))
}
