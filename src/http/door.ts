import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Transfer } from '../net/content.ts'
import { answerBoot, type HttpSource } from './boot.ts'
import type { BootFiles } from './boot-files.ts'
import type { Connection, Connections } from './connections.ts'
import type { HttpCounters } from './counters.ts'
import { count, Exchange } from './exchange.ts'
import type { Limits } from './limits.ts'
import { closing, replyText } from './reply.ts'
import { readTarget, type Target } from './target.ts'

interface DoorOptions {
  readonly source: HttpSource
  readonly files: BootFiles
  readonly app?: FastifyInstance
  readonly appPrefixes?: readonly string[]
  readonly onEnd?: (transfer: Transfer) => void
  readonly onError?: (error: unknown) => void
  readonly limits: Limits
  readonly counters: HttpCounters
  readonly connections: Connections
}

type Named = Extract<Target, { ok: true }>

/** Each request comes through here: what is no clear request ends, the application gets its prefixes, the rest are boot names. */
export class Door {
  readonly #options: DoorOptions
  readonly #prefixes: ReadonlySet<string>

  constructor(options: DoorOptions) {
    this.#options = options
    this.#prefixes = new Set(
      (options.appPrefixes ?? []).map((prefix) => prefix.split('/').find((part) => part !== '') ?? ''),
    )
  }

  enter(request: IncomingMessage, response: ServerResponse): void {
    const { connections, counters, limits } = this.#options
    const connection = connections.of(request.socket)
    counters.requests++
    if (!connection || connection.waiting >= limits.pipelined) {
      counters.dropped++
      request.socket.destroy()
      return
    }
    connection.waiting++
    response.once('close', () => connection.waiting--)
    this.#route(request, response, connection)
  }

  #route(request: IncomingMessage, response: ServerResponse, connection: Connection): void {
    const trouble = troubleOf(request, this.#options.limits)
    if (trouble) return this.#refuse(response, trouble.status, trouble.why)
    const target = readTarget(request.url ?? '')
    if (!target.ok) return this.#refuse(response, target.status, target.why)
    if (this.#options.app && this.#prefixes.has(target.name.split('/', 1)[0] ?? '')) {
      // What looks like an application path only after decoding is an attempt to get around somebody's filter.
      if (!target.plain) return this.#refuse(response, 400, 'write this path plainly')
      return this.#options.app.routing(request, response)
    }
    this.#answer(request, response, connection, target)
  }

  #answer(request: IncomingMessage, response: ServerResponse, connection: Connection, target: Named): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return replyText(response, 405, 'boot files are only read', [['Allow', 'GET, HEAD'], ...closing])
    }
    // RFC 9110 §9.3.1: a body on GET means nothing, and is how requests are smuggled past a proxy.
    if (hasBody(request)) return this.#refuse(response, 400, 'a GET has no body')
    const exchange = new Exchange(request, response, connection, target.name)
    response.once('close', () => this.#ended(exchange))
    const { source, files } = this.#options
    const onError = (error: unknown): void => this.#options.onError?.(error)
    void inTurn(response).then(() =>
      answerBoot({ source, files, onError }, exchange, new URLSearchParams(target.search)),
    )
  }

  #ended(exchange: Exchange): void {
    const transfer = exchange.transfer()
    if (!exchange.isTold(transfer)) return
    count(this.#options.counters, exchange, transfer)
    try {
      this.#options.onEnd?.(transfer)
    } catch (error) {
      this.#options.onError?.(error)
    }
  }

  #refuse(response: ServerResponse, status: number, why: string): void {
    this.#options.counters.malformed++
    replyText(response, status, why, closing)
  }
}

function troubleOf(
  { rawHeaders, httpVersion }: IncomingMessage,
  limits: Limits,
): { status: 400 | 431; why: string } | undefined {
  // The parser lets HTTP/0.9 pass, whose answer would be a file without a head.
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return { status: 400, why: 'this is no HTTP version that is spoken here' }
  if (rawHeaders.length > 2 * limits.headers) return { status: 431, why: 'too many headers' }
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts++
  // RFC 9112 §3.2: more than one Host is a 400. Node would quietly take the first.
  return hosts > 1 ? { status: 400, why: 'more than one Host header' } : undefined
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** A pipelined request waits here, not with a buffer in its hand, until the answers before it are out. */
function inTurn(response: ServerResponse): Promise<void> {
  if (response.socket) return Promise.resolve()
  return new Promise((resolve) => response.once('socket', () => resolve()))
}
