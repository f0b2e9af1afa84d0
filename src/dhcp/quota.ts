import type { Mac } from '../net/mac.ts'

/** A machine that finds each of five addresses in use has a broken network, or means harm. */
const most = 5
const remembered = 4096

/** How often each machine may take an address out of use before it is no longer heard. */
export class DeclineQuota {
  readonly #window: number
  readonly #declines = new Map<Mac, { count: number; until: number }>()

  /** `window` is in milliseconds. */
  constructor(window: number) {
    this.#window = window
  }

  allows(mac: Mac, now: number): boolean {
    const known = this.#declines.get(mac)
    return !known || known.until <= now || known.count < most
  }

  count(mac: Mac, now: number): void {
    const known = this.#declines.get(mac)
    const count = known && known.until > now ? known.count + 1 : 1
    this.#declines.delete(mac)
    this.#declines.set(mac, { count, until: now + this.#window })
    if (this.#declines.size > remembered) this.#declines.delete(this.#declines.keys().next().value!)
  }
}
