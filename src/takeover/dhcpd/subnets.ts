import type { Subnet } from '../../config/site.ts'
import { formatCidr } from '../../config/check-network.ts'
import { broadcastOf, contains, formatIpv4, readIpv4, type Cidr } from '../../net/ipv4.ts'
import type { Statement } from './file.ts'
import { settingsOf, type Scope } from './scope.ts'
import { wrong } from './words.ts'
import type { Often } from '../often.ts'

export interface OldSubnet {
  readonly cidr: Cidr
  readonly scope: Scope
  readonly statement: Statement
  /** Another subnet of the same link. */
  readonly with?: Cidr
}

export interface OldRange {
  readonly from: number
  readonly to: number
  readonly statement: Statement
  /** What keeps unknown machines out of it. */
  readonly closed?: Statement
}

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

function bitsOf(mask: number | undefined): number | undefined {
  if (mask === undefined) return undefined
  const bits = Math.clz32(~mask >>> 0)
  return mask === (bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0) ? bits : undefined
}

/** `range [dynamic-bootp] 10.77.0.100 [10.77.0.199]`: dhcpd takes the ends in either order. */
export function readRange({ words }: Statement): { readonly from: number; readonly to: number } | undefined {
  const ends = words.slice(words[1]?.text.toLowerCase() === 'dynamic-bootp' ? 2 : 1).map(({ text }) => readIpv4(text))
  const [first, last = first] = ends
  if (first === undefined || last === undefined || ends.length > 2 || ends.includes(undefined)) return undefined
  return { from: Math.min(first, last), to: Math.max(first, last) }
}

/** Each range in the subnet that it lies in; those that only known machines may have are for a person to decide. */
export function finishSubnets(
  old: readonly OldSubnet[],
  ranges: readonly OldRange[],
  often: Often,
): { readonly subnets: readonly Subnet[]; readonly todo: readonly string[] } {
  const subnets: (Subnet & { ranges: { from: number; to: number }[] })[] = []
  for (const { cidr, scope, statement, with: shared } of old) {
    const other = subnets.find((each) => contains(each.cidr, cidr.network) || contains(cidr, each.cidr.network))
    if (other) often.add(statement, `subnet ${formatCidr(cidr)}`, `overlaps ${formatCidr(other.cidr)}`)
    else subnets.push({ cidr, ranges: [], ...settingsOf(scope, often), ...withOf(shared, subnets) })
  }
  const todo: string[] = []
  for (const range of ranges) {
    const home = subnets.find(({ cidr }) => contains(cidr, range.from) && contains(cidr, range.to))
    const text = textOf(range)
    if (!home) often.add(range.statement, `range ${text}`, 'is in no subnet')
    else if (range.closed) todo.push(todoFor(range, home))
    else place(home, range, often)
  }
  return { subnets, todo }
}

/** Only one that was taken can be named. */
function withOf(shared: Cidr | undefined, subnets: readonly Subnet[]): Pick<Subnet, 'with'> {
  return shared && subnets.some(({ cidr }) => cidr === shared) ? { with: shared } : {}
}

function place(home: { cidr: Cidr; ranges: { from: number; to: number }[] }, range: OldRange, often: Often): void {
  const { cidr } = home
  const edge = cidr.bits < 31 ? 1 : 0
  const from = Math.max(range.from, cidr.network + edge)
  const to = Math.min(range.to, broadcastOf(cidr) - edge)
  const text = textOf(range)
  if (from !== range.from || to !== range.to)
    often.add(range.statement, `range ${text}`, 'without the addresses of the network itself and of its broadcast')
  if (from > to) return
  if (home.ranges.some((each) => each.from <= to && from <= each.to))
    often.add(range.statement, `range ${text}`, 'overlaps another one')
  else home.ranges.push({ from, to })
}

function todoFor({ closed, ...range }: OldRange, { cidr }: Subnet): string {
  const { file, line } = closed!
  return `range: ${textOf(range)} in ${formatCidr(cidr)}, if you mean it: not everybody was to get an address of it (${file}:${line}), and here every machine does`
}

function textOf({ from, to }: { readonly from: number; readonly to: number }): string {
  return `${formatIpv4(from)}-${formatIpv4(to)}`
}
