import type { Bounds, Event, EventStore, StoredEvent } from '../../journal/journal.ts'
import type { Mac } from '../../net/mac.ts'

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

  lastSession(machine: string): string | undefined {
    return this.#events.findLast((event) => event.machine === machine && event.session !== undefined)?.session
  }

  lastSessionOf(mac: Mac): string | undefined {
    const own = `${mac.replaceAll(':', '')}-`
    return this.#events.findLast((event) => event.session?.startsWith(own))?.session
  }

  since(machine: string, session: string, limit: number): readonly StoredEvent[] {
    const own = this.#events.filter((event) => event.machine === machine)
    const first = own.findIndex((event) => event.session === session)
    return first < 0 ? [] : own.slice(first, first + limit)
  }

  trim({ rows }: Bounds, step: number): void {
    this.#events.splice(0, Math.min(step, Math.max(0, this.#events.length - rows)))
  }
}
