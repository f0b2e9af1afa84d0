/** The latest time that was seen, kept on disk, and how often a clock was set back. */
export interface ClockStore {
  load(): { readonly latest: number; readonly era: number } | undefined
  save(latest: number, era: number): void
}

export interface SetBack {
  readonly from: number
  readonly to: number
}

/** By how much a clock may be set back and only go slower for a while, in milliseconds. */
const tolerance = 3600_000
/** Milliseconds after which the latest time is written again. */
const writeAfter = 10_000

/**
 * The time by which every right is judged. It never goes back, so that what has run out stays so: set back by less than an hour, the clock goes at half
 * its pace until the system's has caught up. Set back by more, either was it wrong before or it is wrong now: a new era begins with the system's
 * time, and whoever listens ends all that is open.
 */
export class Clock {
  readonly #system: () => number
  readonly #steady: () => number
  readonly #store: ClockStore
  readonly #listeners: ((setBack: SetBack) => void)[] = []
  #latest: number
  #at: number
  #era: number
  #written: number

  /** `system` may jump, `steady` never does; both in milliseconds. */
  constructor(store: ClockStore, system: () => number, steady: () => number) {
    const { latest, era } = store.load() ?? { latest: 0, era: 0 }
    this.#store = store
    this.#system = system
    this.#steady = steady
    this.#latest = this.#written = latest
    this.#era = era
    this.#at = steady()
  }

  /** Of this moment. */
  get era(): number {
    this.now()
    return this.#era
  }

  onSetBack(listener: (setBack: SetBack) => void): void {
    this.#listeners.push(listener)
  }

  readonly now = (): number => {
    const [system, steady] = [this.#system(), this.#steady()]
    if (this.#latest - system > tolerance) this.#leap(system)
    else this.#latest = Math.max(system, this.#latest + (system < this.#latest ? (steady - this.#at) / 2 : 0))
    this.#at = steady
    return Math.floor(this.#latest)
  }

  /** Writes down the latest time, now and then, and a new era at once. Throws what the store does. */
  keep(): void {
    const now = this.now()
    if (Math.abs(now - this.#written) < writeAfter) return
    this.#store.save(now, this.#era)
    this.#written = now
  }

  #leap(to: number): void {
    const from = this.#latest
    this.#latest = to
    this.#era++
    for (const listener of this.#listeners) listener({ from, to })
    // Where that cannot be written, the next start sees the leap once more.
    this.#written = from
  }
}
