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
const countAgain = 1000

interface Range6 {
  readonly from: bigint
  readonly to: bigint
}

type Count = Range6 & { readonly at: number; count: number }

function isIn({ from, to }: Range6, address: bigint): boolean {
  return address >= from && address <= to
}

/**
 * Who has which IPv6 address. In memory alone: an address follows from the card, so a restart gives the same one again, and what a client names
 * itself is taken up again.
 */
export class Book6 {
  readonly #byAddress = new Map<bigint, Binding>()
  readonly #byIdentity = new Map<string, Binding>()
  /** Of machines that the site does not name, oldest first. */
  readonly #unnamed = new Map<bigint, Binding>()
  /** How many of them a range has: counted once a second, and up with each one that comes. */
  readonly #counts = new Map<string, Count>()

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

  /** How many addresses of a range machines have that the site does not name; not fewer than there are. */
  unnamedIn({ from, to }: Range6, now: number): number {
    const key = `${from}-${to}`
    const known = this.#counts.get(key)
    if (known && Math.abs(now - known.at) < countAgain) return known.count
    const count: Count = { from, to, at: now, count: 0 }
    for (const { until, address } of this.#unnamed.values()) if (until > now && isIn(count, address)) count.count++
    this.#counts.set(key, count)
    return count.count
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
    if (before) this.#remove(before)
  }

  #put(binding: Binding): void {
    const before = this.#byAddress.get(binding.address)
    if (before?.identity !== undefined) this.#byIdentity.delete(before.identity)
    if (before) this.#remove(before)
    this.#byAddress.set(binding.address, binding)
    if (binding.machine === undefined) this.#countIn(binding, before)
    if (binding.identity !== undefined) this.#byIdentity.set(binding.identity, binding)
    if (this.#byAddress.size <= remembered) return
    const oldest = (this.#unnamed.size > 0 ? this.#unnamed : this.#byAddress).values().next().value!
    this.#remove(oldest)
    if (oldest.identity !== undefined) this.#byIdentity.delete(oldest.identity)
  }

  #countIn(binding: Binding, before: Binding | undefined): void {
    this.#unnamed.set(binding.address, binding)
    if (before && before.machine === undefined) return
    for (const count of this.#counts.values()) if (isIn(count, binding.address)) count.count++
  }

  #remove({ address }: Binding): void {
    this.#byAddress.delete(address)
    this.#unnamed.delete(address)
  }
}
