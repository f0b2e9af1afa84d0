import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transfer, Underway } from '../net/content.ts'
import type { Connection } from './connections.ts'
import type { HttpCounters } from './counters.ts'
import type { Held } from './file-cache.ts'

/** One GET or HEAD of a boot name, from its lookup to its last byte. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  readonly name: string
  /** The bytes in memory that it sends, given back at its end. */
  held: Held | undefined
  #bytes = 0
  #whole = 0
  #size: number | undefined
  #progressAt: number | undefined
  #outcome: Transfer['outcome'] | undefined
  #detail: string | undefined
  readonly #began = performance.now()

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection, name: string) {
    this.request = request
    this.response = response
    this.connection = connection
    this.name = name
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD'
  }

  progress(bytes: number): void {
    this.#bytes += bytes
    this.#progressAt = performance.now()
  }

  /** What is to be sent in all. */
  expect(bytes: number): void {
    this.#size = bytes
  }

  /** For an answer that goes out in one write: its bytes count when all of them are out. */
  inOne(bytes: number): void {
    this.#whole = bytes
  }

  /** Says what it came to, where that is known before the last byte. */
  note(outcome: Transfer['outcome'] | undefined, detail?: string): void {
    this.#outcome = outcome
    this.#detail = detail
  }

  /** After the response closed. */
  transfer(): Transfer {
    const { name, connection } = this
    const milliseconds = performance.now() - this.#began
    const detail = this.#detail === undefined ? {} : { detail: this.#detail }
    const outcome = this.#outcome ?? this.#ending()
    const bytes = this.#bytes + (this.response.writableFinished && !this.isHead ? this.#whole : 0)
    return { carrier: 'http', name, peer: connection.peer, bytes, ...this.#sized, milliseconds, outcome, ...detail }
  }

  underway(): Underway {
    const { name, connection } = this
    const now = performance.now()
    const silent = this.#progressAt === undefined ? {} : { silent: now - this.#progressAt }
    const milliseconds = now - this.#began
    const about = { carrier: 'http', name, peer: connection.peer, ...this.#sized, milliseconds, ...silent } as const
    return { ...about, bytes: this.#bytes + this.#takenOfWhole() }
  }

  get #sized(): { readonly size?: number } {
    return this.#size === undefined ? {} : { size: this.#size }
  }

  /** Of an answer in one write, only the system knows how much of it has gone out. */
  #takenOfWhole(): number {
    const handle = (this.response.socket as { readonly _handle?: { readonly writeQueueSize?: number } } | null)?._handle
    return Math.max(0, this.#whole - (handle?.writeQueueSize ?? this.#whole))
  }

  // A HEAD is a question about a file, not a transfer of it (EDK2 sends one before each GET); an upload is none of a boot's.
  isTold(transfer: Transfer): boolean {
    return (
      this.request.method === 'GET' ||
      transfer.outcome === 'missing' ||
      transfer.outcome === 'refused' ||
      transfer.outcome === 'failed'
    )
  }

  #ending(): Transfer['outcome'] {
    if (this.response.writableFinished) return 'sent'
    return this.connection.hasStalled ? 'timeout' : 'aborted'
  }
}

/** Counts one told exchange. */
export function count(counters: HttpCounters, { response }: Exchange, { outcome, bytes }: Transfer): void {
  counters.bytes += bytes
  if (response.statusCode === 304) counters.notModified++
  else counters[outcome === 'timeout' ? 'timeouts' : outcome]++
}
