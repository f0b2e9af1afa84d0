import type { Subnet } from '../../config/site.ts'
import { formatCidr } from '../../config/check-network.ts'
import { broadcastOf, contains, formatIpv4, type Cidr } from '../../net/ipv4.ts'
import type { OldSpot } from './host.ts'
import type { Often } from '../often.ts'

export interface OldSubnet {
  readonly cidr: Cidr
  readonly settings: Pick<Subnet, 'router' | 'dns' | 'ntp' | 'domain' | 'lease'>
  readonly statement: OldSpot
  /** Another subnet of the same link. */
  readonly with?: Cidr
}

export interface OldRange {
  readonly from: number
  readonly to: number
  readonly statement: OldSpot
  /** What keeps unknown machines out of it. */
  readonly closed?: OldSpot
}

/** Each range in the subnet that it lies in; those that only known machines may have are for a person to decide. */
export function finishSubnets(
  old: readonly OldSubnet[],
  ranges: readonly OldRange[],
  often: Often,
): { readonly subnets: readonly Subnet[]; readonly todo: readonly string[] } {
  const subnets: (Subnet & { ranges: { from: number; to: number }[] })[] = []
  for (const { cidr, settings, statement, with: shared } of old) {
    const other = subnets.find((each) => contains(each.cidr, cidr.network) || contains(cidr, each.cidr.network))
    if (other) often.add(statement, `subnet ${formatCidr(cidr)}`, `overlaps ${formatCidr(other.cidr)}`)
    else subnets.push({ cidr, ranges: [], ...settings, ...withOf(shared, subnets) })
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
