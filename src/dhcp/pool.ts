import type { Mac } from '../net/mac.ts'
import { Ageing } from './ageing.ts'

export interface Range {
  readonly from: number
  readonly to: number
}

/** Offers are promises of half a minute: they live here alone, and there are never more of them than this. */
const mostOffers = 32_768
export const offerLifetime = 30_000

/** Whom the site does not name: behind one port of a switch or relay (empty: nobody told), so many of them and no more. */
export interface Unnamed {
  readonly port: string
}
const mostPerPort = 64

/**
 * The addresses of one subnet that anybody may get. Finding a free one never looks through leases: addresses never used come from a
 * frontier that only moves forward, and given-back ones from a queue that holds each at most once, so a search costs O(1) amortised.
 */
export class Pool {
  readonly #ranges: readonly (Range & { readonly first: number })[]
  readonly size: number
  readonly #taken: Uint8Array
  readonly #queued: Uint8Array
  readonly #queue: number[] = []
  #head = 0
  #frontier = 0
  /** By address, in the order of the last renewal; with one lease time per subnet that is the order of ending. */
  readonly #leases = new Ageing<number, undefined>()
  readonly #declined = new Ageing<number, undefined>()
  /** Leases of machines that the site does not name: the port of each, and how many each port has. */
  readonly #unnamed = new Map<number, string>()
  readonly #perPort = new Map<string, number>()
  readonly #offers = new Ageing<Mac, number>()
  readonly #offered = new Map<number, Mac>()
  /** How many addresses were looked at so far: what a search costs, for whoever wants to know. */
  looks = 0

  constructor(ranges: readonly Range[]) {
    let first = 0
    this.#ranges = ranges.map(({ from, to }) => {
      const range = { from, to, first }
      first += to - from + 1
      return range
    })
    this.size = first
    this.#taken = new Uint8Array(first)
    this.#queued = new Uint8Array(first)
  }

  contains(address: number): boolean {
    return this.#indexOf(address) !== -1
  }

  get leased(): number {
    return this.#leases.size
  }

  get offers(): number {
    return this.#offers.size
  }

  /** Addresses in line to be used again. */
  get queued(): number {
    return this.#queue.length
  }

  offerTo(mac: Mac, now: number): number | undefined {
    const offer = this.#offers.get(mac)
    return offer && offer.until > now ? offer.value : undefined
  }

  /** Keeps an address for a machine that was just offered it. A later offer replaces the earlier one. */
  offer(mac: Mac, address: number, now: number): void {
    if (!this.contains(address)) return
    this.withdraw(mac)
    this.#dropOffer(address)
    if (this.#offers.size >= mostOffers) this.withdraw(this.#offers.oldest!.key)
    this.#offers.set(mac, address, now + offerLifetime)
    this.#offered.set(address, mac)
    this.#take(address)
  }

  /** Keeps the promises that an earlier pool of the same subnet made. */
  inherit(earlier: Pool, now: number): void {
    for (const { key: mac, value: address, until } of earlier.#offers) {
      if (until > now && this.contains(address) && !this.#leases.has(address)) this.offer(mac, address, now)
    }
  }

  withdraw(mac: Mac): void {
    const offer = this.#offers.get(mac)
    if (!offer) return
    this.#offers.delete(mac)
    this.#offered.delete(offer.value)
    this.#giveBack(offer.value)
  }

  lease(mac: Mac, address: number, until: number, unnamed?: Unnamed): void {
    if (this.#offers.get(mac)?.value !== address) this.withdraw(mac)
    if (!this.contains(address)) return
    this.#dropOffer(address)
    this.#nameless(address, unnamed?.port)
    this.#declined.delete(address)
    this.#leases.set(address, undefined, until)
    this.#take(address)
  }

  /** Whether one more that the site does not name may have a lease, with so many kept for those that it names. */
  mayServe({ port }: Unnamed, kept: number, now: number): boolean {
    this.#sweep(now)
    if (port !== '' && (this.#perPort.get(port) ?? 0) >= mostPerPort) return false
    // Half of it at most: a site may name more machines than fit into one subnet.
    return this.#unnamed.size < this.size - Math.min(kept, Math.floor(this.size / 2))
  }

  release(address: number): void {
    this.#nameless(address, undefined)
    this.#leases.delete(address)
    this.#giveBack(address)
  }

  /** Out of everybody's hands until then: another machine uses it. */
  decline(address: number, until: number): void {
    if (!this.contains(address)) return
    this.#dropOffer(address)
    this.#nameless(address, undefined)
    this.#leases.delete(address)
    this.#declined.set(address, undefined, until)
    this.#take(address)
  }

  /** Never given away, for as long as this pool lives: a reservation or the server itself stands there. */
  block(address: number): void {
    this.#dropOffer(address)
    this.#take(address)
  }

  /** An address to offer next, not yet taken by asking. */
  candidate(now: number): number | undefined {
    this.#sweep(now)
    return this.#fromFrontier() ?? this.#fromQueue()
  }

  /**
   * What is offered when all are in use: the oldest offer that nobody claimed. So a flood of invented machines cannot keep a real one
   * waiting, because only a REQUEST makes a lease.
   */
  get oldestOffer(): number | undefined {
    return this.#offers.oldest?.value
  }

  #dropOffer(address: number): void {
    const mac = this.#offered.get(address)
    if (mac === undefined) return
    this.#offers.delete(mac)
    this.#offered.delete(address)
  }

  #sweep(now: number): void {
    for (let offer = this.#offers.oldest; offer && offer.until <= now; offer = this.#offers.oldest)
      this.withdraw(offer.key)
    for (const ending of [this.#leases, this.#declined]) {
      for (let oldest = ending.oldest; oldest && oldest.until <= now; oldest = ending.oldest) {
        ending.delete(oldest.key)
        this.#nameless(oldest.key, undefined)
        this.#giveBack(oldest.key)
      }
    }
  }

  /** `port` undefined: nobody has it, or a machine that the site names. */
  #nameless(address: number, port: string | undefined): void {
    const before = this.#unnamed.get(address)
    if (before === port) return
    if (before !== undefined) {
      const left = this.#perPort.get(before)! - 1
      if (left > 0) this.#perPort.set(before, left)
      else this.#perPort.delete(before)
      this.#unnamed.delete(address)
    }
    if (port === undefined) return
    this.#unnamed.set(address, port)
    this.#perPort.set(port, (this.#perPort.get(port) ?? 0) + 1)
  }

  #fromFrontier(): number | undefined {
    while (this.#frontier < this.size) {
      this.looks++
      if (this.#taken[this.#frontier] === 0) return this.#addressAt(this.#frontier)
      this.#frontier++
    }
    return undefined
  }

  #fromQueue(): number | undefined {
    while (this.#head < this.#queue.length) {
      this.looks++
      const index = this.#queue[this.#head]!
      if (this.#taken[index] === 0) return this.#addressAt(index)
      this.#queued[index] = 0
      this.#head++
    }
    this.#queue.length = 0
    this.#head = 0
    return undefined
  }

  #take(address: number): void {
    const index = this.#indexOf(address)
    if (index !== -1) this.#taken[index] = 1
  }

  /** Behind the frontier it is queued; before it, the frontier will come by. An address still held otherwise stays taken. */
  #giveBack(address: number): void {
    const index = this.#indexOf(address)
    if (index === -1 || this.#leases.has(address) || this.#declined.has(address) || this.#offered.has(address)) return
    this.#taken[index] = 0
    if (index >= this.#frontier || this.#queued[index] === 1) return
    this.#queued[index] = 1
    this.#compact()
    this.#queue.push(index)
  }

  /** The part of the queue that was read is dropped when it is the larger part, so the queue stays within twice the pool. */
  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#queue.length) return
    this.#queue.splice(0, this.#head)
    this.#head = 0
  }

  #indexOf(address: number): number {
    for (const { from, to, first } of this.#ranges) if (address >= from && address <= to) return first + address - from
    return -1
  }

  #addressAt(index: number): number {
    const range = this.#ranges.find(({ from, to, first }) => index >= first && index <= first + to - from)!
    return range.from + index - range.first
  }
}
