/** One thing that happened, in the order of the boot. The type is stable and documented in docs/boot.md. */
export interface Event {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly type: string
  readonly machine?: string
  readonly mac?: string
  readonly session?: string
  /** Anything else that a person wants to know; never a secret. */
  readonly detail?: Readonly<Record<string, string | number | boolean | undefined>>
}

export interface StoredEvent extends Event {
  readonly id: number
}

/** Storage that the journal needs. */
export interface EventStore {
  append(events: readonly Event[]): void
  ofSession(session: string): readonly StoredEvent[]
  /** Newest first. */
  ofMachine(machine: string, limit: number): readonly StoredEvent[]
  /** Removes the oldest so that at most `keep` remain. */
  trim(keep: number): void
}

const flushAfter = 100
const flushAt = 500
const keep = 1_000_000

/** Collects events and writes them in batches, off the request path. Reading first writes what waits. */
export class Journal {
  readonly #store: EventStore
  readonly #onEvent: (event: Event) => void
  #waiting: Event[] = []
  #timer: NodeJS.Timeout | undefined
  #written = 0

  constructor(store: EventStore, onEvent: (event: Event) => void = () => {}) {
    this.#store = store
    this.#onEvent = onEvent
  }

  record(event: Event): void {
    this.#waiting.push(event)
    this.#onEvent(event)
    if (this.#waiting.length >= flushAt) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), flushAfter).unref()
  }

  ofSession(session: string): readonly StoredEvent[] {
    this.flush()
    return this.#store.ofSession(session)
  }

  ofMachine(machine: string, limit: number): readonly StoredEvent[] {
    this.flush()
    return this.#store.ofMachine(machine, limit)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const batch = this.#waiting
    this.#waiting = []
    this.#store.append(batch)
    this.#written += batch.length
    if (this.#written < keep / 10) return
    this.#written = 0
    this.#store.trim(keep)
  }
}
