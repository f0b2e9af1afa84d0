import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import type { Ipv4 } from './ipv4.ts'

/** An address of this host, and the interface that has it. */
export type OwnAddress = NetworkInterfaceInfo & { readonly device: string }

/** Milliseconds. Interfaces come and go without a word; asking the kernel costs too much for each packet. */
const memory = 2000

/** What is made of the addresses of this host, made again every two seconds at most. */
export function lately<T>(make: (own: readonly OwnAddress[]) => T): () => T {
  let kept: { readonly until: number; readonly made: T } | undefined
  return () => {
    const now = performance.now()
    if (!kept || now >= kept.until) kept = { until: now + memory, made: make(read()) }
    return kept.made
  }
}

function read(): readonly OwnAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
    (addresses ?? []).map((address) => ({ ...address, device })),
  )
}

/** IPv6 addresses that mean something beyond their link. */
export function isWide({ family, scopeid }: OwnAddress): boolean {
  return family === 'IPv6' && scopeid === 0
}

const byDevice = lately((own) => {
  const first = own.filter(({ family }) => family === 'IPv4').toReversed()
  return new Map(first.map(({ device, address }) => [device, address]))
})

const byDevice6 = lately((own) => Map.groupBy(own.filter(isWide), ({ device }) => device))

/** The first IPv4 address of an interface. */
export function addressOn(device: string): Ipv4 | undefined {
  return byDevice().get(device)
}

/** The IPv6 addresses of an interface, without link-local ones. */
export function addresses6On(device: string): readonly string[] {
  return (byDevice6().get(device) ?? []).map(({ address }) => address)
}

/** The IPv4 addresses of this host. */
export const ownIpv4: () => readonly OwnAddress[] = lately((own) => own.filter(({ family }) => family === 'IPv4'))
