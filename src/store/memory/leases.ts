import type { Lease, LeaseStore } from '../../dhcp/lease.ts'

/** Leases that live as long as the process: for tests, and for commands that only forecast. */
export class MemoryLeases implements LeaseStore {
  readonly #byAddress = new Map<string, Lease>()

  constructor(leases: readonly Lease[] = []) {
    for (const lease of leases) this.#put(lease)
  }

  load(): readonly Lease[] {
    return [...this.#byAddress.values()]
  }

  async commit(batch: readonly Lease[]): Promise<void> {
    for (const lease of batch) this.#put(lease)
  }

  /** A machine has one lease; quarantined addresses are nobody's. */
  #put(lease: Lease): void {
    if (lease.state !== 'declined') {
      for (const [address, { mac, state }] of this.#byAddress) {
        if (mac === lease.mac && state !== 'declined') this.#byAddress.delete(address)
      }
    }
    this.#byAddress.delete(lease.address)
    this.#byAddress.set(lease.address, lease)
  }
}
