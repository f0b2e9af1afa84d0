/** How much of one kind of event the journal keeps of one boot. */
export interface Allowance {
  readonly rows: number
  readonly bytes: number
  /** A boot that runs on, a live machine for instance, has a new allowance after so many milliseconds. */
  readonly period: number
}

/**
 * An honest boot leaves fewer than a hundred events of a kind; an installer that reports each percent and each step, some hundreds. A
 * machine in somebody else's hands can send reports and ask for names without end: of a million events that are kept it then has
 * a few thousand, and of the disk a few megabytes.
 */
export const usual: Allowance = { rows: 500, bytes: 1 << 20, period: 24 * 3600_000 }

/** Of a machine, however many boots it begins in that time. */
export const hourly: Allowance = { rows: 2000, bytes: 2 << 20, period: 3600_000 }

export type Verdict =
  | { readonly kept: true; /** How many were not, since the last that was. */ readonly before: number }
  | { readonly kept: false; /** Whether it is the first of its kind that is not. */ readonly first: boolean }

interface Spent {
  since: number
  unkept: number
  readonly kinds: Map<string, { rows: number; bytes: number; full: boolean }>
}

/** What each boot has told already. Each kind has an allowance of its own, so that no flood of one drowns the end of an install. */
export class Allowances {
  readonly each: Allowance
  readonly #remembered: number
  readonly #spent = new Map<string, Spent>()

  constructor(each: Allowance = usual, remembered = 100_000) {
    this.each = each
    this.#remembered = remembered
  }

  get size(): number {
    return this.#spent.size
  }

  /** `whose`: the boot's session, or the machine. `bytes`: as the event is written. `now` in milliseconds. */
  take(whose: string, kind: string, bytes: number, now: number): Verdict {
    const spent = this.#of(whose, now)
    let own = spent.kinds.get(kind)
    if (!own) spent.kinds.set(kind, (own = { rows: 0, bytes: 0, full: false }))
    if (own.rows < this.each.rows && own.bytes + bytes <= this.each.bytes) {
      own.rows++
      own.bytes += bytes
      const before = spent.unkept
      spent.unkept = 0
      return { kept: true, before }
    }
    const first = !own.full
    own.full = true
    spent.unkept++
    return { kept: false, first }
  }

  #of(whose: string, now: number): Spent {
    const known = this.#spent.get(whose)
    // However the clock jumps.
    if (known && Math.abs(now - known.since) < this.each.period) return known
    const fresh = { since: now, unkept: known?.unkept ?? 0, kinds: new Map() }
    this.#spent.delete(whose)
    if (this.#spent.size >= this.#remembered) this.#spent.delete(this.#spent.keys().next().value!)
    this.#spent.set(whose, fresh)
    return fresh
  }
}
