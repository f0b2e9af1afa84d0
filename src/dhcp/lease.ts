import { readIpv4, type Ipv4 } from '../net/ipv4.ts'
import { readMac, type Mac } from '../net/mac.ts'

/** One address in one machine's hands, or kept out of everybody's. The hardware address is the key: EDK2 and Linux call themselves differently. */
export interface Lease {
  readonly mac: Mac
  readonly address: Ipv4
  /** As `10.77.0.0/24`. */
  readonly subnet?: string
  /** Milliseconds since 1970: the end of the lease, or of the quarantine of a declined address. */
  readonly expiresAt: number
  readonly hostname?: string
  readonly state: 'leased' | 'declined' | 'released'
}

/** Where leases survive. A batch that was committed is there after a power cut (or after `kill -9`, in a store that says so). */
export interface LeaseStore {
  /** In the order of their commits: where two tell of the same machine or address, the later one is true. */
  load(): readonly Lease[]
  /** Replaces what was known of the same machine or address. */
  commit(batch: readonly Lease[]): Promise<void>
}

/** Every lease by machine and by address. The truth that answers are made from; the store only remembers it. */
export class LeaseBook {
  readonly #store: LeaseStore
  readonly #byMac = new Map<Mac, Lease>()
  readonly #byAddress = new Map<number, Lease>()
  /** Stored rows that were no leases; told at start, never a reason not to start. */
  readonly unreadable: number

  constructor(store: LeaseStore) {
    this.#store = store
    let unreadable = 0
    for (const lease of store.load()) {
      if (isLease(lease)) this.put(readIpv4(lease.address)!, lease)
      else unreadable++
    }
    this.unreadable = unreadable
  }

  /** The last lease of a machine, even when it has ended: it will get the same address again. */
  leaseOf(mac: Mac): Lease | undefined {
    return this.#byMac.get(mac)
  }

  /** The lease or quarantine of an address, ended or not. */
  leaseAt(address: number): Lease | undefined {
    return this.#byAddress.get(address)
  }

  /** Whose address this is at that moment. */
  holderOf(address: Ipv4, now: number): Mac | undefined {
    const lease = this.#byAddress.get(readIpv4(address) ?? -1)
    return lease?.state === 'leased' && lease.expiresAt > now ? lease.mac : undefined
  }

  list(): readonly Lease[] {
    return [...this.#byAddress.values()]
  }

  /** By address as a number, in no order. */
  entries(): IterableIterator<[number, Lease]> {
    return this.#byAddress.entries()
  }

  /** In memory only, so the next packet sees it; `commit` makes it last. Returns the address that the machine gave up by it. */
  put(address: number, lease: Lease): number | undefined {
    const before = this.#byAddress.get(address)
    if (before && before.mac !== lease.mac) this.#forget(before)
    this.#byAddress.set(address, lease)
    if (lease.state === 'declined') return this.#forget(lease)
    const own = this.#byMac.get(lease.mac)
    this.#byMac.set(lease.mac, lease)
    if (own === undefined || own.address === lease.address) return undefined
    const left = readIpv4(own.address)!
    if (this.#byAddress.get(left) === own) this.#byAddress.delete(left)
    return left
  }

  commit(batch: readonly Lease[]): Promise<void> {
    return this.#store.commit(batch)
  }

  #forget(lease: Lease): undefined {
    if (this.#byMac.get(lease.mac)?.address === lease.address) this.#byMac.delete(lease.mac)
  }
}

function isLease(lease: Lease): boolean {
  return (
    typeof lease.mac === 'string' &&
    readMac(lease.mac) === lease.mac &&
    typeof lease.address === 'string' &&
    readIpv4(lease.address) !== undefined &&
    Number.isFinite(lease.expiresAt) &&
    (lease.state === 'leased' || lease.state === 'declined' || lease.state === 'released')
  )
}
