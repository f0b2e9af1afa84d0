import { readFileSync } from 'node:fs'
import { readMac, type Mac } from './mac.ts'

/** The card that the kernel sees at an address of a network that this host is on; undefined where it sees none. Never throws, never waits. */
export type Neighbours = (address: string) => Mac | undefined

/** Netlink, which knows both families and costs the same however many neighbours there are; else the table of IPv4 as text. */
export async function openNeighbours(): Promise<Neighbours> {
  try {
    const { NeighbourTable } = await import('./neighbour-table.ts')
    const table = new NeighbourTable()
    return (address) => table.cardAt(address)
  } catch {
    return (address) => readNeighbours(arpTable()).get(address)
  }
}

/** The card that has answered at an address just now; nobody where there is no netlink to ask. */
export async function openAnswering(): Promise<Neighbours> {
  try {
    const { NeighbourTable } = await import('./neighbour-table.ts')
    const table = new NeighbourTable()
    return (address) => table.answeringAt(address)
  } catch {
    return () => undefined
  }
}

const complete = 2

/** The text of /proc/net/arp (proc(5)): address, type, flags, card, mask, device. Without the flag of a whole entry the card is from before, or none. */
export function readNeighbours(text: string): ReadonlyMap<string, Mac> {
  const found = new Map<string, Mac>()
  for (const line of text.split('\n')) {
    const [address = '', , flags = '', card = ''] = line.split(/\s+/)
    const mac = readMac(card)
    if (mac !== undefined && (Number(flags) & complete) !== 0) found.set(address, mac)
  }
  return found
}

// The kernel keeps a thousand entries at most (gc_thresh3), so it is read whole each time: what was so a second ago is no fact.
function arpTable(): string {
  try {
    return readFileSync('/proc/net/arp', 'utf8')
  } catch {
    return ''
  }
}
