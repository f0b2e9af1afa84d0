/** One connection, as the choice of who gives way sees it. */
export interface Slot {
  readonly address: string
  /** Nothing is owed to it: it waits for its next request, or is still sending one. */
  isIdle(): boolean
  close(): void
}

/** An address with more connections than any boot client has. */
const crowd = 32

/**
 * Who has a connection. When all places are taken, a newcomer gets one of those that do nothing: of the address that has the most, the oldest.
 * When none is idle, the oldest of an address that has a crowd of them gives way.
 */
export class Slots {
  readonly #most: number
  readonly #perAddress: number
  /** Each in the order in which they came. */
  readonly #taken = new Map<string, Set<Slot>>()
  #size = 0

  constructor(most: number, perAddress: number) {
    this.#most = most
    this.#perAddress = perAddress
  }

  /** Whether it may stay; somebody else may have been closed for it. */
  enter(slot: Slot): boolean {
    const own = this.#taken.get(slot.address)
    if (own && own.size >= this.#perAddress) {
      if (!this.#close(oldestIdle(own))) return false
    } else if (this.#size >= this.#most && !this.#close(this.#idleOfGreediest() ?? this.#ofCrowd())) return false
    const among = this.#taken.get(slot.address) ?? new Set()
    this.#taken.set(slot.address, among.add(slot))
    this.#size++
    return true
  }

  leave(slot: Slot): void {
    const among = this.#taken.get(slot.address)
    if (!among?.delete(slot)) return
    this.#size--
    if (among.size === 0) this.#taken.delete(slot.address)
  }

  #close(slot: Slot | undefined): boolean {
    if (!slot) return false
    // Now: the connection itself may take a while to be gone.
    this.leave(slot)
    slot.close()
    return true
  }

  /** Of several that have as many, of the one that came first. */
  #idleOfGreediest(): Slot | undefined {
    let found: Slot | undefined
    let most = 0
    for (const among of this.#taken.values()) {
      if (among.size <= most) continue
      const idle = oldestIdle(among)
      if (!idle) continue
      found = idle
      most = among.size
    }
    return found
  }

  #ofCrowd(): Slot | undefined {
    let greediest: ReadonlySet<Slot> | undefined
    for (const among of this.#taken.values()) if (among.size > (greediest?.size ?? crowd - 1)) greediest = among
    return greediest?.values().next().value
  }
}

function oldestIdle(among: ReadonlySet<Slot>): Slot | undefined {
  for (const slot of among) if (slot.isIdle()) return slot
  return undefined
}
