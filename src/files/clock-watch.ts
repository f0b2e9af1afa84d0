import type { Event } from '../journal/journal.ts'

/** The clock of this server was set: by so many milliseconds, forward or back. */
export interface Leap {
  readonly at: number
  readonly by: number
}

const most = 20
/** Milliseconds: time servers correct less than that, slowly. */
const noticed = 5000

/** How the clock of this server goes beside one that nobody can set. */
export class ClockWatch {
  #leaps: readonly Leap[] = []
  #offset: number | undefined

  /** Newest last. */
  get leaps(): readonly Leap[] {
    return this.#leaps
  }

  /** Called now and then, with both clocks in milliseconds; the event of a leap comes back. */
  look(now: number, steady: number): Event | undefined {
    const offset = now - steady
    const by = this.#offset === undefined ? 0 : Math.round(offset - this.#offset)
    this.#offset = offset
    if (Math.abs(by) < noticed) return undefined
    this.#leaps = [...this.#leaps, { at: now, by }].slice(-most)
    return { at: now, type: 'clock.leapt', detail: { seconds: Math.round(by / 1000), before: now - by } }
  }
}
