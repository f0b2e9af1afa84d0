import { bootFileFault, isKernel } from '../../files/boot-file-fault.ts'
import type { House } from '../../files/house.ts'
import type { Shelf } from '../../files/shelf.ts'
import { nearCard } from '../../files/unknown-machines.ts'
import type { Underway } from '../../net/content.ts'
import type { Finding } from '../finding.ts'
import type { Fetching, Known } from './facts.ts'
import type { Traced } from './traced.ts'

/** What the server holds beside its events. Where none runs, less is known, and less is said. */
export interface Witness {
  readonly house: House
  readonly shelf: Shelf
  readonly underway?: () => readonly Underway[]
  /** This server's addresses. */
  readonly own?: () => readonly string[]
  /** Milliseconds since that address last connected to an HTTP port; undefined for one that did not. */
  readonly connectedAgo?: (address: string) => number | undefined
  /** What is wrong with the server itself. */
  readonly troubles?: () => readonly Finding[]
}

/** Gathers what the rules may look at, about one machine and one boot. */
export function knownOf(witness: Witness, { macs, machine, name }: Traced, session: string | undefined): Known {
  const { house, shelf, own, connectedAgo } = witness
  const now = house.now()
  const permit = house.permits.of(name)
  const disk = diskOf(witness)
  return {
    now,
    macs: machine ? macs : [],
    underway: underwayOf(witness, session),
    fileFault: (file) => faultOf(house, shelf, file),
    leaps: house.clock.leaps,
    ...(own && { own: own() }),
    ...(permit && { permit }),
    ...(connectedAgo && { connected: (address, since) => now - (connectedAgo(address) ?? Infinity) >= since - 1000 }),
    ...(disk !== undefined && { disk }),
    ...(machine && strangers(house, macs)),
  }
}

function diskOf({ troubles }: Witness): string | undefined {
  const trouble = troubles?.().find(({ severity, message }) => severity === 'error' && message.startsWith(diskFull))
  return trouble?.message.replace(/(?<= is full): .*/, '')
}

/** How the sentence about a full disk begins, wherever it is said. */
export const diskFull = 'the disk of '

function underwayOf({ underway, shelf }: Witness, session: string | undefined): readonly Fetching[] {
  if (!underway || session === undefined) return []
  return underway().flatMap((transfer) => {
    const whose = shelf.whose(transfer)
    return whose?.session?.id === session ? [{ ...transfer, name: whose.rest }] : []
  })
}

const dryAsk = { carrier: 'tftp', peer: { address: '0.0.0.0', port: 0 }, headers: {}, dry: true } as const

/** What is wrong with the kernel or initrd that is served under a name. */
export function faultOf(house: House, shelf: Shelf, name: string): string | undefined {
  const found = shelf.find(name, dryAsk)
  return found?.kind === 'file' ? bootFileFault(name, found, isKernel(house, name) ? 'kernel' : 'initrd') : undefined
}

function strangers({ unknown, now }: House, macs: readonly string[]): Pick<Known, 'near' | 'unknown'> {
  const lately = unknown.list().filter(({ seenAt }) => now() - seenAt < hour)
  const site = [{ name: '', macs }] as unknown as Parameters<typeof nearCard>[1]
  for (const { mac, seenAt } of lately) {
    const near = nearCard(mac, site)
    if (near) return { near: { mac, of: near.mac, digits: near.digits, seenAt }, unknown: lately.length }
  }
  return { unknown: lately.length }
}

const hour = 3_600_000
