import { createHash } from 'node:crypto'
import { SharedLinks } from '../config/shared-link.ts'
import type { Subnet6 } from '../config/site.ts'
import type { Mac } from '../net/mac.ts'
import { contains6 } from '../net/ipv6.ts'

/** Which addresses a client may be given in one subnet, best first; the same ones each time. Without a range, its card is the address. */
export function* candidates({ cidr, range }: Subnet6, identity: string, mac: Mac | undefined): Generator<bigint> {
  const digest = BigInt(`0x${createHash('sha256').update(identity).digest('hex').slice(0, 24)}`)
  if (!range) {
    const own = mac === undefined ? digest & mask48 : BigInt(`0x${mac.replaceAll(':', '')}`)
    // The second and later ones are for a client whose first address is used by somebody else.
    const room = BigInt(128 - cidr.bits) > 48n ? tries : 1n
    for (let n = 0n; n < room; n++) yield cidr.network + (n << 48n) + own
    return
  }
  const size = range.to - range.from + 1n
  const first = digest % size
  for (let n = 0n; n < size && n < mostProbes; n++) yield range.from + ((first + n) % size)
}

const mask48 = 2n ** 48n - 1n
const tries = 4n
const mostProbes = 256n

/** The subnets of a link: those behind the nearest relay, or those of an interface of ours; and what shares the link with them. */
export function subnetsOf(
  subnets: readonly Subnet6[],
  link: bigint | undefined,
  port: { readonly name: string; readonly own: readonly bigint[] },
): readonly Subnet6[] {
  const isMeant = ({ cidr, interface: name }: Subnet6): boolean => {
    if (link !== undefined) return contains6(cidr, link)
    return name === undefined ? port.own.some((address) => contains6(cidr, address)) : name === port.name
  }
  return new SharedLinks(subnets).around(subnets.filter(isMeant))
}
