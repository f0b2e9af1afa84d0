import { Allowances } from './allowance.ts'
import type { Mac } from '../net/mac.ts'
import { Seldom } from './seldom.ts'
import { withoutTokens } from './without-tokens.ts'
import { cardOf, Waiting } from './waiting.ts'

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
  /** The session of the machine's newest event that has one. */
  lastSession(machine: string): string | undefined
  /** The newest session that a card began, whatever its machine was called then. */
  lastSessionOf(mac: Mac): string | undefined
  /** All events of the machine from the first of that session on, oldest first; none for a session that is not the machine's. */
  since(machine: string, session: string, limit: number): readonly StoredEvent[]
  /** Removes the oldest so that at most `keep` remain. */
  trim(keep: number): void
}

const flushAfter = 100
const flushAt = 500
const retryAfter = 5000
const keep = 1_000_000
/** Events that may wait while the store cannot write; beyond it the oldest are given up. */
const mostWaiting = 20_000

export interface JournalListeners {
  readonly onEvent?: (event: Event) => void
  /** The store cannot write, a full disk for instance; told once until it can again. */
  readonly onError?: (error: unknown) => void
}

/** Collects events and writes them in batches, off the request path. Reading first writes what waits. */
export class Journal {
  readonly #store: EventStore
  readonly #listeners: JournalListeners
  readonly #allowances: Allowances
  readonly #seldom = new Seldom(1000)
  readonly #rare = new Seldom(60_000)
  readonly counters = { kept: 0, unkept: 0 }
  #waiting: Event[] = []
  #timer: NodeJS.Timeout | undefined
  #written = 0
  /** What the store said when it could last write nothing; undefined when it can. */
  failure: string | undefined

  constructor(store: EventStore, listeners: JournalListeners = {}, allowances: Allowances = new Allowances()) {
    this.#store = store
    this.#listeners = listeners
    this.#allowances = allowances
  }

  /** Keeps the event, unless its boot has told more of the kind than one boot may; that is told once, and the rest is counted. */
  record(event: Event): void {
    const { at, type, machine, mac, session, detail } = event
    const whose = session ?? machine
    if (whose === undefined) return this.#keep(event)
    const verdict = this.#allowances.take(whose, type, bytesOf(detail), at)
    if (verdict.kept)
      return this.#keep(verdict.before === 0 ? event : { ...event, detail: { ...detail, unkept: verdict.before } })
    this.counters.unkept++
    if (!verdict.first) return
    const { rows, bytes } = this.#allowances.each
    const why = `the journal keeps ${rows} events of a kind, or ${bytes} bytes, of one boot in a day`
    const owner = { ...(machine !== undefined && { machine }), ...(mac !== undefined && { mac }) }
    this.#keep({
      at,
      type: 'journal.full',
      ...owner,
      ...(session !== undefined && { session }),
      detail: { of: type, why },
    })
  }

  #keep(told: Event): void {
    const event = told.detail ? { ...told, detail: detailWithoutTokens(told.detail) } : told
    this.counters.kept++
    this.#waiting.push(event)
    this.#listeners.onEvent?.(event)
    if (this.#waiting.length >= flushAt && this.failure === undefined) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), flushAfter).unref()
  }

  /** The same for what anybody can make happen as often as he likes: one event of a kind and an origin in a second, with the number of all. */
  recordSeldom(event: Event, origin: string): void {
    this.#recordFew(this.#seldom, event, origin)
  }

  /** One in a minute: for what is nobody's, and would tell the same again. */
  recordRarely(event: Event, origin: string): void {
    this.#recordFew(this.#rare, event, origin)
  }

  #recordFew(few: Seldom, event: Event, origin: string): void {
    const count = few.pass(`${event.type} ${event.machine} ${origin}`, event.at)
    if (count === undefined) return
    this.record(count === 1 ? event : { ...event, detail: { ...event.detail, count } })
  }

  /** Also what the store cannot write now: a full disk is told by what waits for it. */
  ofSession(session: string): readonly StoredEvent[] {
    const waiting = this.#unwritten()
    return [...this.#store.ofSession(session), ...waiting.of((event) => event.session === session)]
  }

  ofMachine(machine: string, limit: number): readonly StoredEvent[] {
    const waiting = this.#unwritten()
    const newest = waiting.of((event) => event.machine === machine).toReversed()
    return [...newest, ...this.#store.ofMachine(machine, limit)].slice(0, limit)
  }

  lastSession(machine: string): string | undefined {
    const waiting = this.#unwritten()
    const newest = waiting.of((event) => event.machine === machine && event.session !== undefined).at(-1)
    return newest?.session ?? this.#store.lastSession(machine)
  }

  lastSessionOf(mac: Mac): string | undefined {
    const waiting = this.#unwritten()
    const newest = waiting.of(({ session }) => session !== undefined && cardOf(session) === mac).at(-1)
    return newest?.session ?? this.#store.lastSessionOf(mac)
  }

  since(machine: string, session: string, limit: number): readonly StoredEvent[] {
    const waiting = this.#unwritten().of((event) => event.machine === machine)
    const stored = this.#store.since(machine, session, limit)
    const from = stored.length > 0 ? 0 : waiting.findIndex((event) => event.session === session)
    return from < 0 ? [] : [...stored, ...waiting.slice(from)].slice(0, limit)
  }

  /** Writes what waits; what is left cannot be written. */
  #unwritten(): Waiting<Event> {
    this.flush()
    return new Waiting(this.#waiting)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const batch = this.#waiting
    this.#waiting = []
    if (!this.#append(batch)) return
    this.#written += batch.length
    if (this.#written < keep / 10) return
    this.#written = 0
    this.#trim()
  }

  #trim(): void {
    try {
      this.#store.trim(keep)
    } catch (error) {
      this.#listeners.onError?.(error)
    }
  }

  /** A boot is never held up by its own story: what cannot be written now waits, within bounds. */
  #append(batch: readonly Event[]): boolean {
    try {
      this.#store.append(batch)
      this.failure = undefined
      return true
    } catch (error) {
      this.#waiting = [...batch, ...this.#waiting].slice(-mostWaiting)
      if (this.failure === undefined) this.#listeners.onError?.(error)
      this.failure = error instanceof Error ? error.message : String(error)
      this.#timer ??= setTimeout(() => this.flush(), retryAfter).unref()
      return false
    }
  }
}

function detailWithoutTokens(detail: NonNullable<Event['detail']>): NonNullable<Event['detail']> {
  const shown: Record<string, string | number | boolean | undefined> = {}
  for (const key in detail) {
    const value = detail[key]
    shown[key] = typeof value === 'string' ? withoutTokens(value) : value
  }
  return shown
}

/** About as many as are written; of long text, which may be escaped sign by sign, exactly. */
function bytesOf(detail: Event['detail']): number {
  let bytes = 0
  for (const key in detail) {
    const value = detail[key]
    if (typeof value !== 'string') bytes += key.length + 8
    else bytes += key.length + (value.length > 50 ? JSON.stringify(value).length : value.length)
  }
  return bytes
}
