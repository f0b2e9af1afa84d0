import { formatIpv4, type Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'

/** Addresses asked for in a second: when a hall is switched on, nobody waits for questions. */
const mostEachSecond = 50
/** Milliseconds in which a client takes an offer, or does not. */
const remembered = 10_000

/**
 * Whether an address that is about to be granted for the first time is somebody's already (RFC 2131 §2.2 and §4.3.1: the server SHOULD probe). A datagram
 * beside the OFFER makes the kernel ask for the address by ARP; until the client's REQUEST is there, whoever has it has answered. Nothing waits, and
 * reservations, renewals and clients behind relays are not asked about.
 */
export class AddressProbe {
  readonly #answering: (address: Ipv4) => Mac | undefined
  readonly #asked = new Map<number, number>()
  #second = 0
  #count = 0

  /** `answering`: the card that the kernel has just heard of at an address. */
  constructor(answering: (address: Ipv4) => Mac | undefined = () => undefined) {
    this.#answering = answering
  }

  /** Whether to ask now; the answer is looked for when the client comes back. */
  ask(address: number, now: number): boolean {
    const second = Math.floor(now / 1000)
    if (second !== this.#second) [this.#second, this.#count] = [second, 0]
    if (this.#count >= mostEachSecond || this.#isAsked(address, now)) return false
    this.#count++
    this.#asked.set(address, now)
    if (this.#asked.size > mostEachSecond * 20) this.#asked.delete(this.#asked.keys().next().value!)
    return true
  }

  /** The card that answers at an address about which was asked. */
  cardAt(address: number, now: number): Mac | undefined {
    return this.#isAsked(address, now) ? this.#answering(formatIpv4(address)) : undefined
  }

  #isAsked(address: number, now: number): boolean {
    const at = this.#asked.get(address)
    return at !== undefined && Math.abs(now - at) < remembered
  }
}
