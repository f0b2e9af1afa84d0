import { networkInterfaces } from 'node:os'
import type { Ipv4 } from './ipv4.ts'

let remembered: { readonly until: number; readonly byName: ReadonlyMap<string, Ipv4> } | undefined

/** The first IPv4 address of an interface; asked for every packet, so the kernel is asked every two seconds at most. */
export function addressOn(device: string): Ipv4 | undefined {
  const now = performance.now()
  if (!remembered || now >= remembered.until) remembered = { until: now + 2000, byName: read() }
  return remembered.byName.get(device)
}

function read(): ReadonlyMap<string, Ipv4> {
  const found = new Map<string, Ipv4>()
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const first = addresses?.find(({ family }) => family === 'IPv4')
    if (first) found.set(name, first.address)
  }
  return found
}

let remembered6: { readonly until: number; readonly byName: ReadonlyMap<string, readonly string[]> } | undefined

/** The IPv6 addresses of an interface, without link-local ones. */
export function addresses6On(device: string): readonly string[] {
  const now = performance.now()
  if (!remembered6 || now >= remembered6.until) remembered6 = { until: now + 2000, byName: read6() }
  return remembered6.byName.get(device) ?? []
}

function read6(): ReadonlyMap<string, readonly string[]> {
  const all = Object.entries(networkInterfaces()).map(([name, addresses]) => {
    const own = (addresses ?? []).filter(({ family, scopeid }) => family === 'IPv6' && scopeid === 0)
    return [name, own.map(({ address }) => address)] as const
  })
  return new Map(all)
}
