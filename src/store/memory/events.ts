import type { Event, EventStore, StoredEvent } from '../../journal/journal.ts'

/** Events that live as long as the process. */
export class MemoryEvents implements EventStore {
  #events: StoredEvent[] = []
  #last = 0

  append(events: readonly Event[]): void {
    for (const event of events) this.#events.push({ ...event, id: ++this.#last })
  }

  ofSession(session: string): readonly StoredEvent[] {
    return this.#events.filter((event) => event.session === session)
  }

  ofMachine(machine: string, limit: number): readonly StoredEvent[] {
    return this.#events
      .filter((event) => event.machine === machine)
      .slice(-limit)
      .toReversed()
  }

  trim(keep: number): void {
    this.#events = this.#events.slice(-keep)
  }
}
