import { Allowances, hourly } from './allowance.ts'
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
  /** Removes some of the oldest, `step` at most, where there is more than may be kept. */
  trim(keep: Bounds, step: number): void
}

const flushAfter = 100
const flushAt = 500
const retryAfter = 5000
const flushAtBytes = 1 << 20
/** Events that may wait while the store cannot write, and their bytes; beyond it the oldest are given up. */
const mostWaiting = 20_000
const mostWaitingBytes = 32 << 20

/** How much is kept of all there ever was. */
export interface Bounds {
  readonly rows: number
  /** Of the disk. */
  readonly bytes: number
}

export const usualBounds: Bounds = { rows: 1_000_000, bytes: 1 << 30 }
/** Rows that are removed at once: a few milliseconds. */
const trimStep = 1000

export interface JournalListeners {
  readonly onEvent?: (event: Event) => void
  /** The store cannot write, a full disk for instance; told once until it can again. */
  readonly onError?: (error: unknown) => void
}

export interface JournalLimits {
  readonly boot?: Allowances
  readonly hour?: Allowances
  readonly bounds?: Bounds
}

/** Collects events and writes them in batches, off the request path. Reading first writes what waits. */
export class Journal {
  readonly #store: EventStore
  readonly #listeners: JournalListeners
  readonly #allowances: Allowances
  /** Of a machine, however many boots it begins. */
  readonly #hourly: Allowances
  readonly #bounds: Bounds
  readonly #seldom = new Seldom(1000)
  readonly #rare = new Seldom(60_000)
  readonly counters = { kept: 0, unkept: 0 }
  #waiting: Event[] = []
  #waitingBytes = 0
  #isUntidy = false
  #timer: NodeJS.Timeout | undefined
  /** What the store said when it could last write nothing; undefined when it can. */
  failure: string | undefined

  constructor(
    store: EventStore,
    listeners: JournalListeners = {},
    { boot = new Allowances(), hour = new Allowances(hourly), bounds = usualBounds }: JournalLimits = {},
  ) {
    this.#store = store
    this.#listeners = listeners
    this.#allowances = boot
    this.#hourly = hour
    this.#bounds = bounds
  }

  /** Keeps the event, unless its boot or its machine has told more of the kind than it may; that is told once, and the rest is counted. */
  record(event: Event): void {
    const { at, type, machine, mac, session, detail } = event
    const whose = session ?? machine
    if (whose === undefined) return this.#keep(event)
    const bytes = bytesOf(detail)
    const ofBoot = this.#allowances.take(whose, type, bytes, at)
    if (!ofBoot.kept) return this.#unkept(event, ofBoot.first, this.#allowances, 'one boot in a day')
    const ofMachine = this.#hourly.take(machine ?? mac ?? whose, type, bytes, at)
    if (!ofMachine.kept) return this.#unkept(event, ofMachine.first, this.#hourly, 'one machine in an hour')
    const unkept = ofBoot.before + ofMachine.before
    this.#keep(unkept === 0 ? event : { ...event, detail: { ...detail, unkept } })
  }

  #unkept({ at, type, machine, mac, session }: Event, isFirst: boolean, { each }: Allowances, whose: string): void {
    this.counters.unkept++
    if (!isFirst) return
    const why = `the journal keeps ${each.rows} events of a kind, or ${each.bytes} bytes, of ${whose}`
    const owner = { ...(machine !== undefined && { machine }), ...(mac !== undefined && { mac }) }
    const boot = session === undefined ? {} : { session }
    this.#keep({ at, type: 'journal.full', ...owner, ...boot, detail: { of: type, why } })
  }

  #keep(told: Event): void {
    const event = told.detail ? { ...told, detail: detailWithoutTokens(told.detail) } : told
    this.counters.kept++
    this.#waiting.push(event)
    this.#waitingBytes += sizeOf(event)
    this.#listeners.onEvent?.(event)
    const isMuch = this.#waiting.length >= flushAt || this.#waitingBytes >= flushAtBytes
    if (this.failure !== undefined) this.#giveUpOldest()
    if (isMuch && this.failure === undefined) this.flush()
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
    this.#waitingBytes = 0
    if (this.#append(batch)) this.#trim()
  }

  /** After each batch, so that it is never much. */
  #trim(): void {
    try {
      this.#store.trim(this.#bounds, trimStep)
      this.#isUntidy = false
    } catch (error) {
      if (!this.#isUntidy) this.#listeners.onError?.(error)
      this.#isUntidy = true
    }
  }

  /** Somewhat more than the most waits, so that not each event moves all of them. */
  #giveUpOldest(most = 1.1): void {
    if (this.#waiting.length <= mostWaiting * most && this.#waitingBytes <= mostWaitingBytes * most) return
    let first = 0
    while (this.#waiting.length - first > mostWaiting || this.#waitingBytes > mostWaitingBytes)
      this.#waitingBytes -= sizeOf(this.#waiting[first++]!)
    this.#waiting = this.#waiting.slice(first)
  }

  /** A boot is never held up by its own story: what cannot be written now waits, within bounds. */
  #append(batch: readonly Event[]): boolean {
    try {
      this.#store.append(batch)
      this.failure = undefined
      return true
    } catch (error) {
      this.#waiting = [...batch, ...this.#waiting]
      this.#waitingBytes = this.#waiting.reduce((sum, event) => sum + sizeOf(event), 0)
      this.#giveUpOldest(1)
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

function sizeOf({ detail }: Event): number {
  return bytesOf(detail) + 200
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
