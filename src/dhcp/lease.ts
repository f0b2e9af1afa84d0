import { readIpv4, type Ipv4 } from '../net/ipv4.ts'
import { readMac, type Mac } from '../net/mac.ts'
import type { RelayPort } from '../net/relay-port.ts'

/** One address in one machine's hands, or kept out of everybody's. The hardware address is the key: EDK2 and Linux call themselves differently. */
export interface Lease {
  readonly mac: Mac
  readonly address: Ipv4
  /** As `10.77.0.0/24`. */
  readonly subnet?: string
  /** Milliseconds since 1970: the end of the lease, or of the quarantine of a declined address. */
  readonly expiresAt: number
  readonly hostname?: string
  /** Where the machine hung when it was given. */
  readonly relay?: RelayPort
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
  readonly #byMac = new Map<Mac, Held>()
  readonly #byAddress = new Map<number, Held>()
  /** What a store could not write, by address. */
  readonly #unkept = new Map<string, Lease>()
  /** Stored rows that were no leases; told at start, never a reason not to start. */
  readonly unreadable: number
  #failure: string | undefined

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
    return this.#byMac.get(mac)?.lease
  }

  /** The address of that lease. */
  addressOf(mac: Mac): number | undefined {
    return this.#byMac.get(mac)?.address
  }

  /** The lease or quarantine of an address, ended or not. */
  leaseAt(address: number): Lease | undefined {
    return this.#byAddress.get(address)?.lease
  }

  /** Whose address this is at that moment. */
  holderOf(address: Ipv4, now: number): Mac | undefined {
    const lease = this.leaseAt(readIpv4(address) ?? -1)
    return lease?.state === 'leased' && lease.expiresAt > now ? lease.mac : undefined
  }

  /** Every lease and quarantine, in no order. */
  list(): readonly Lease[] {
    return [...this.#byAddress.values()].map(({ lease }) => lease)
  }

  /** The same, with each address as a number. */
  entries(): Iterable<Held> {
    return this.#byAddress.values()
  }

  /** In memory only, so the next packet sees it; `commit` makes it last. Returns the address that the machine gave up by it. */
  put(address: number, lease: Lease): number | undefined {
    const held = { address, lease }
    const before = this.#byAddress.get(address)
    if (before && before.lease.mac !== lease.mac) this.#forget(before)
    this.#byAddress.set(address, held)
    if (lease.state === 'declined') return this.#forget(held)
    const own = this.#byMac.get(lease.mac)
    this.#byMac.set(lease.mac, held)
    if (own === undefined || own.address === address) return undefined
    if (this.#byAddress.get(own.address) === own) this.#byAddress.delete(own.address)
    return own.address
  }

  /** What the store said when it could last write nothing; undefined when it can. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Whether this very lease is where it survives, so that nobody else will be given the address. */
  isKept(mac: Mac, address: number): boolean {
    const lease = this.leaseOf(mac)
    return lease?.state === 'leased' && this.addressOf(mac) === address && !this.#unkept.has(lease.address)
  }

  async commit(batch: readonly Lease[]): Promise<void> {
    try {
      await this.#store.commit(batch)
      this.#failure = undefined
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error)
      for (const lease of batch) this.#unkept.set(lease.address, lease)
      throw error
    }
    for (const { address } of batch) this.#unkept.delete(address)
    if (this.#unkept.size > 0) this.#catchUp()
  }

  /** The store writes again: what is still true of all that it could not write. */
  #catchUp(): void {
    const late = [...this.#unkept.values()].filter((lease) => this.leaseAt(readIpv4(lease.address)!) === lease)
    this.#unkept.clear()
    this.#store.commit(late).catch(() => {
      for (const lease of late) this.#unkept.set(lease.address, lease)
    })
  }

  #forget({ address, lease }: Held): undefined {
    if (this.#byMac.get(lease.mac)?.address === address) this.#byMac.delete(lease.mac)
  }
}

interface Held {
  readonly address: number
  readonly lease: Lease
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
