const remembered = 1024

/** Lets the first of a kind through and then one in each period, so a flood of requests is not a flood of messages. */
export class Seldom {
  readonly #period: number
  readonly #seen = new Map<string, { at: number; held: number }>()

  /** `period` is in milliseconds. */
  constructor(period: number) {
    this.#period = period
  }

  /** How many there were since the last that got through, this one included; undefined when this one is held back. */
  pass(key: string, now: number): number | undefined {
    const seen = this.#seen.get(key)
    // However the clock jumps.
    if (seen && Math.abs(now - seen.at) < this.#period) {
      seen.held++
      return undefined
    }
    this.#seen.delete(key)
    if (this.#seen.size >= remembered) this.#seen.delete(this.#seen.keys().next().value!)
    this.#seen.set(key, { at: now, held: 0 })
    return (seen?.held ?? 0) + 1
  }
}
