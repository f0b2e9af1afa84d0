import type { Mac } from '../net/mac.ts'
import { formatIpv6, readIpv6 } from '../net/ipv6.ts'

/** An address that somebody has; `identity` undefined: one that was found in use by a stranger. */
interface Binding {
  readonly address: bigint
  readonly identity: string | undefined
  readonly mac: Mac | undefined
  /** Which machine it was given to. */
  readonly machine?: string | undefined
  readonly until: number
}

const remembered = 100_000
/** Milliseconds. */
const grace = 15 * 60_000

/**
 * Who has which IPv6 address. In memory alone: an address follows from the card, so a restart gives the same one again, and what a client names
 * itself is taken up again.
 */
export class Book6 {
  readonly #byAddress = new Map<bigint, Binding>()
  readonly #byIdentity = new Map<string, Binding>()

  get size(): number {
    return this.#byAddress.size
  }

  addressOf(identity: string, now: number): bigint | undefined {
    const binding = this.#byIdentity.get(identity)
    return binding && binding.until > now ? binding.address : undefined
  }

  /** Nobody's, or that client's own. */
  isFree(address: bigint, identity: string, now: number): boolean {
    const binding = this.#byAddress.get(address)
    return !binding || binding.until <= now || binding.identity === identity
  }

  /** Whose it is now; undefined too for one that was found in use. */
  leaseAt(address: bigint, now: number): Pick<Binding, 'mac' | 'machine'> | undefined {
    const binding = this.#byAddress.get(address)
    return binding && binding.identity !== undefined && binding.until > now ? binding : undefined
  }

  grant(identity: string, mac: Mac | undefined, address: bigint, until: number, machine?: string): void {
    this.#forget(identity)
    this.#put({ address, identity, mac, until, machine })
  }

  /** It stays that client's for a while: EDK2 gives the address back with which its loader goes on. */
  release(identity: string, now: number): void {
    const before = this.#byIdentity.get(identity)
    if (before && before.until > now + grace) this.#put({ ...before, until: now + grace })
  }

  /** Nobody gets it until then. */
  decline(identity: string, address: bigint, until: number): void {
    this.#forget(identity)
    this.#put({ address, identity: undefined, mac: undefined, until })
  }

  /** The card that was given an address. */
  holderOf(address: string, now: number): Mac | undefined {
    const value = readIpv6(address)
    const binding = value === undefined ? undefined : this.#byAddress.get(value)
    return binding && binding.until > now ? binding.mac : undefined
  }

  /** What a card was given, as text. */
  leaseOf(mac: Mac, now: number): string | undefined {
    const address = this.addressOf(mac, now)
    return address === undefined ? undefined : formatIpv6(address)
  }

  #forget(identity: string): void {
    const before = this.#byIdentity.get(identity)
    this.#byIdentity.delete(identity)
    if (before) this.#byAddress.delete(before.address)
  }

  #put(binding: Binding): void {
    const before = this.#byAddress.get(binding.address)
    if (before?.identity !== undefined) this.#byIdentity.delete(before.identity)
    this.#byAddress.delete(binding.address)
    this.#byAddress.set(binding.address, binding)
    if (binding.identity !== undefined) this.#byIdentity.set(binding.identity, binding)
    if (this.#byAddress.size <= remembered) return
    const [address, oldest] = this.#byAddress.entries().next().value!
    this.#byAddress.delete(address)
    if (oldest.identity !== undefined) this.#byIdentity.delete(oldest.identity)
  }
}
