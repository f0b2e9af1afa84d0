import { readMac, type Mac } from '../net/mac.ts'

/** Events that are not on disk yet, as if they were: their ids come behind all others. */
export class Waiting<T extends object> {
  readonly #events: readonly T[]

  constructor(events: readonly T[]) {
    this.#events = events
  }

  of(matches: (event: T) => boolean): readonly (T & { readonly id: number })[] {
    const first = Number.MAX_SAFE_INTEGER - this.#events.length
    return this.#events.flatMap((event, at) => (matches(event) ? [{ ...event, id: first + at }] : []))
  }
}

/** A session's id begins with the card that began it. */
export function cardOf(session: string): Mac | undefined {
  return readMac(session.split('-')[0] ?? '')
}
