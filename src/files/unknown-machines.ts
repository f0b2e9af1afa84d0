import type { Client } from '../boot/client.ts'
import type { Machine } from '../config/site.ts'
import type { Event, StoredEvent } from '../journal/journal.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'

/** A machine that nobody named, as it was seen to boot. */
export interface UnknownMachine {
  readonly mac: Mac
  readonly uuid?: string
  /** Option 93. */
  readonly arch?: number
  readonly address?: Ipv4
  readonly relay?: Ipv4
  /** Milliseconds since 1970, of its first boot that is remembered and of its last word. */
  readonly since: number
  readonly seenAt: number
  /** What it did, oldest first. */
  readonly events: readonly StoredEvent[]
}

interface Kept {
  about: Omit<UnknownMachine, 'events'>
  events: StoredEvent[]
}

const mostMachines = 100
const mostEvents = 60
/** Milliseconds of silence after which it has come again. */
const away = 10 * 60_000
/** How many new ones are told in an hour: cards are invented easily. */
const mostTold = 100
const hour = 3_600_000

/** The last hundred of them, in memory alone: whoever invents cards pushes out others, and writes nothing. */
export class UnknownMachines {
  readonly #byMac = new Map<Mac, Kept>()
  #quota = { since: 0, left: mostTold }
  #last = 0

  /** It asked for an address in order to boot. True where that is news. */
  meet({ mac, uuid, arch }: Client, relay: Ipv4 | undefined, now: number): boolean {
    if (mac === undefined) return false
    const before = this.#byMac.get(mac)
    const isNew = before === undefined || Math.abs(now - before.about.seenAt) > away
    const { address, since = now } = before?.about ?? {}
    const about = {
      mac,
      ...(uuid !== undefined && { uuid }),
      ...(arch !== undefined && { arch }),
      ...(address !== undefined && { address }),
      ...(relay !== undefined && { relay }),
      since,
      seenAt: now,
    }
    this.#byMac.delete(mac)
    if (this.#byMac.size >= mostMachines) this.#byMac.delete(this.#byMac.keys().next().value!)
    this.#byMac.set(mac, { about, events: before?.events ?? [] })
    return isNew && this.#mayTell(now)
  }

  /** Something that it did; of a card that never came to boot, nothing is kept. */
  tell(event: Event & { readonly mac: Mac }): void {
    const kept = this.#byMac.get(event.mac)
    if (!kept) return
    const address = event.type === 'dhcp.ack' ? event.detail?.['address'] : undefined
    kept.about = { ...kept.about, seenAt: event.at, ...(typeof address === 'string' && { address }) }
    kept.events.push({ ...event, id: ++this.#last })
    if (kept.events.length > mostEvents) kept.events.shift()
  }

  of(mac: Mac): UnknownMachine | undefined {
    const kept = this.#byMac.get(mac)
    return kept && { ...kept.about, events: kept.events }
  }

  /** Newest first. */
  list(): readonly UnknownMachine[] {
    return [...this.#byMac.values()].map(({ about, events }) => ({ ...about, events })).toReversed()
  }

  #mayTell(now: number): boolean {
    if (Math.abs(now - this.#quota.since) > hour) this.#quota = { since: now, left: mostTold }
    return this.#quota.left-- > 0
  }
}

/** A card of the site that differs in so few digits that one of the two may be a slip of the pen. */
export interface NearCard {
  readonly machine: string
  readonly mac: Mac
  readonly digits: number
}

const mostDigits = 2

export function nearCard(mac: Mac, machines: readonly Pick<Machine, 'name' | 'macs'>[]): NearCard | undefined {
  let best: NearCard | undefined
  for (const { name, macs } of machines)
    for (const other of macs) {
      const digits = different(mac, other, best ? best.digits - 1 : mostDigits)
      if (digits !== undefined) best = { machine: name, mac: other, digits }
    }
  return best
}

/** Undefined for more than `most`. */
function different(one: string, other: string, most: number): number | undefined {
  let count = 0
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at] && ++count > most) return undefined
  return count
}
