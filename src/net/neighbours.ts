import { readFileSync } from 'node:fs'
import type { Ipv4 } from './ipv4.ts'
import { readMac, type Mac } from './mac.ts'

let remembered: { readonly until: number; readonly byAddress: ReadonlyMap<string, Mac> } | undefined

/** The card behind an address of a network that this host is on, when the kernel has heard of it; asked of it every two seconds at most. */
export function neighbour(address: Ipv4): Mac | undefined {
  const now = performance.now()
  if (!remembered || now >= remembered.until) remembered = { until: now + 2000, byAddress: readNeighbours(arpTable()) }
  return remembered.byAddress.get(address)
}

/** The text of /proc/net/arp (proc(5)): address, type, flags, card, mask, device. A card of zeros was asked for and did not answer. */
export function readNeighbours(text: string): ReadonlyMap<string, Mac> {
  const found = new Map<string, Mac>()
  for (const line of text.split('\n')) {
    const [address = '', , , card = ''] = line.split(/\s+/)
    const mac = readMac(card)
    if (mac !== undefined && mac !== '00:00:00:00:00:00') found.set(address, mac)
  }
  return found
}

function arpTable(): string {
  try {
    return readFileSync('/proc/net/arp', 'utf8')
  } catch {
    return ''
  }
}
