import type { Leap } from '../../files/clock-watch.ts'
import type { Event, StoredEvent } from '../../journal/journal.ts'
import type { Permit } from '../../machine/permit.ts'
import type { Underway } from '../../net/content.ts'

export type Events = readonly StoredEvent[]

/** A file of this boot that is on its way, by its name within the boot. */
export type Fetching = Pick<Underway, 'carrier' | 'name' | 'bytes' | 'size' | 'answered' | 'milliseconds' | 'silent'>

/** What is known beside the events of the boot: what the server holds in memory, its files and its configuration. */
export interface Known {
  readonly now: number
  readonly underway: readonly Fetching[]
  /** The cards that the site names. */
  readonly macs: readonly string[]
  /** This server's own addresses; undefined where nobody listens. */
  readonly own?: readonly string[]
  /** Whether a connection came from that address to the HTTP port since then; undefined where nobody listens. */
  readonly connected?: (address: string, since: number) => boolean
  /** What is wrong with the file that is served under that name. */
  readonly fileFault?: (name: string) => string | undefined
  readonly permit?: Permit
  readonly leaps?: readonly Leap[]
  /** Why nothing can be written: the disk of the data directory is full. */
  readonly disk?: string
  /** A machine that nobody named, and whose card is nearly one of this machine's. */
  readonly near?: { readonly mac: string; readonly of: string; readonly digits: number; readonly seenAt: number }
  /** Everything of the machine since the boot began, renewals of its running system included. */
  readonly later?: Events
  /** How many machines that nobody named have booted lately. */
  readonly unknown?: number
}

/** For events alone: nothing goes on, and all is long ago. */
export const nothingKnown: Known = { now: Infinity, underway: [], macs: [] }

/** One try to boot: its events, oldest first, and what else is known. */
export interface Facts extends Known {
  readonly events: Events
}

export function isType(...types: readonly string[]): (event: Event) => boolean {
  return ({ type }) => types.includes(type)
}

export const menuGiven = isType('menu.given')
export const wasSent = isType('file.sent')

/** A proxy is only asked a second time by a machine that has its address. */
export function hasAddress({ type, detail }: Event): boolean {
  if (type === 'dhcp6.reply') return detail?.['why'] !== noAddress
  return type === 'dhcp.ack' || type === 'dhcp.proxy-ack'
}

/** As DHCPv6 says it. */
export const noAddress = 'no address is free'

export const isOffer = isType('dhcp.offer', 'dhcp.proxy-offer', 'dhcp6.advertise')

export function isTransfer({ type }: Event): boolean {
  return type.startsWith('file.')
}

export function nameOf({ detail }: Event): string {
  return String(detail?.['name'])
}

export function whyOf({ detail }: Event): string {
  return String(detail?.['why'])
}

export function textOf({ detail }: Event, key: string): string | undefined {
  const value = detail?.[key]
  return value === undefined ? undefined : String(value)
}

export function numberOf({ detail }: Event, key: string): number | undefined {
  const value = detail?.[key]
  return typeof value === 'number' ? value : undefined
}

export function menuOf(events: Events): StoredEvent | undefined {
  return events.findLast(menuGiven)
}

export function sinceMenu(events: Events): Events {
  return events.slice(events.findLastIndex(menuGiven) + 1)
}

/** Whether the started system was heard of. */
export function isAfterwards(events: Events): boolean {
  return events.some(({ type }) => /^(answer\.given|script\.given|report\.)/.test(type))
}

/** The running system's own question for an address, behind the kernel. */
export function systemAddress(events: Events): StoredEvent | undefined {
  return sinceMenu(events).findLast(
    (event) => event.type === 'dhcp.ack' && !['firmware', 'ipxe'].includes(textOf(event, 'asker') ?? ''),
  )
}

/** The file that DHCP told this try to begin with, and from where. */
export function toldFile(events: Events): { readonly file: string; readonly next?: string } | undefined {
  const told = events.findLast((event) => textOf(event, 'file') !== undefined)
  const next = told && textOf(told, 'next')
  return told && { file: textOf(told, 'file')!, ...(next !== undefined && { next }) }
}

/** Without the session that every offered name begins with. */
export function shortFile(file: string): string {
  return file.replace(/(?<=^|\/)s\/[0-9a-f]{12}-[0-9a-z]+-[0-9a-f]+\//, 's/…/')
}

/** Date and time in UTC. */
export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `137 of 293 KiB`. */
export function progressText(bytes: number, size: number | undefined): string {
  if (size === undefined) return sizeText(bytes)
  const { divisor, unit } = unitOf(size)
  return `${amount(bytes, divisor)} of ${amount(size, divisor)} ${unit}`
}

export function sizeText(bytes: number): string {
  const { divisor, unit } = unitOf(bytes)
  return `${amount(bytes, divisor)} ${unit}`
}

function unitOf(bytes: number): { readonly divisor: number; readonly unit: string } {
  if (bytes < 1 << 10) return { divisor: 1, unit: 'bytes' }
  return bytes < 10 << 20 ? { divisor: 1 << 10, unit: 'KiB' } : { divisor: 1 << 20, unit: 'MiB' }
}

/** Never the whole before it is there. */
function amount(bytes: number, divisor: number): number {
  return Math.floor(bytes / divisor)
}

/** `4 s`, `12 min`, `3 h`, `2 days`. */
export function spanText(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}

export function digitsText(digits: number): string {
  return digits === 1 ? 'one digit' : `${digits === 2 ? 'two' : digits} digits`
}
