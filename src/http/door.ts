import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Transfer, Underway } from '../net/content.ts'
import { answerBoot, type BootDesk, type HttpSource } from './boot.ts'
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
  readonly desks?: ReadonlyMap<string, Desk>
  readonly onEnd?: (transfer: Transfer) => void
  readonly onError?: (error: unknown) => void
  readonly limits: Limits
  readonly counters: HttpCounters
  readonly connections: Connections
}

/** Answers the requests of one first segment, whatever their method; must end every response and never throw. */
export interface Desk {
  answer(exchange: Exchange, query: URLSearchParams): void
}

type Named = Extract<Target, { ok: true }>

/** Each request comes through here: what is no clear request ends, the application gets its prefixes, the rest are boot names. */
export class Door {
  readonly #options: DoorOptions
  readonly #prefixes: ReadonlySet<string>
  readonly #desk: BootDesk
  readonly #going = new Set<Exchange>()

  constructor(options: DoorOptions) {
    this.#options = options
    const { source, files, onError } = options
    this.#desk = { source, files, onError: (error) => onError?.(error) }
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
    this.#route(request, response, connection)
  }

  #route(request: IncomingMessage, response: ServerResponse, connection: Connection): void {
    const { app, desks, limits } = this.#options
    const target = troubleOf(request, limits) ?? readTarget(request.url ?? '')
    const desk = target.ok ? desks?.get(firstSegment(target.name)) : undefined
    const isForApp = target.ok && app !== undefined && this.#prefixes.has(firstSegment(target.name))
    const refusal = target.ok ? (isForApp || desk ? appRefusal(target) : bootRefusal(request)) : target
    if (target.ok && !isForApp && !refusal) return this.#answer(request, response, connection, target, desk)
    response.once('close', () => connection.waiting--)
    if (refusal) return this.#refuse(response, refusal)
    this.#hurry(request)
    connection.receiving = request
    app?.routing(request, response)
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    connection: Connection,
    { name, search }: Named,
    desk: Desk | undefined,
  ): void {
    const exchange = new Exchange(request, response, connection, name)
    this.#going.add(exchange)
    response.once('close', () => this.#ended(exchange))
    const query = new URLSearchParams(search)
    const answer = (): void => (desk ? desk.answer(exchange, query) : answerBoot(this.#desk, exchange, query))
    if (response.socket) return answer()
    // A pipelined request waits here, not with a buffer in its hand, until the answers before it are out.
    response.once('socket', answer)
  }

  /** A body that trickles in is waited for no longer than a request may take. */
  #hurry(request: IncomingMessage): void {
    const { limits, counters } = this.#options
    const end = setTimeout(() => {
      if (request.complete) return
      counters.timeouts++
      request.socket.destroy()
    }, limits.requestTimeout)
    request.once('close', () => clearTimeout(end))
  }

  /** Files that are on their way, for whoever wants to know how far they are. */
  underway(): readonly Underway[] {
    return [...this.#going].filter(({ isHead }) => !isHead).map((exchange) => exchange.underway())
  }

  #ended(exchange: Exchange): void {
    this.#going.delete(exchange)
    exchange.connection.waiting--
    exchange.held?.release()
    const transfer = exchange.transfer()
    if (!exchange.isTold(transfer)) return
    count(this.#options.counters, exchange, transfer)
    try {
      this.#options.onEnd?.(transfer)
    } catch (error) {
      this.#desk.onError(error)
    }
  }

  #refuse(response: ServerResponse, { status, why }: NoRequest): void {
    const { counters } = this.#options
    if (status === 405) counters.refused++
    else counters.malformed++
    replyText(response, status, why, status === 405 ? [['Allow', 'GET, HEAD'], ...closing] : closing)
  }
}

interface NoRequest {
  readonly ok: false
  readonly status: 400 | 405 | 414 | 431
  readonly why: string
}

function no(status: NoRequest['status'], why: string): NoRequest {
  return { ok: false, status, why }
}

function firstSegment(name: string): string {
  const slash = name.indexOf('/')
  return slash < 0 ? name : name.slice(0, slash)
}

// What looks like an application path only after decoding is an attempt to get around somebody's filter.
function appRefusal({ plain }: Named): NoRequest | undefined {
  return plain ? undefined : no(400, 'write this path plainly')
}

function bootRefusal({ method, headers }: IncomingMessage): NoRequest | undefined {
  if (method !== 'GET' && method !== 'HEAD') return no(405, 'boot files are only read')
  // RFC 9110 §9.3.1: a body on GET means nothing, and is how requests are smuggled past a proxy.
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return hasBody ? no(400, 'a GET has no body') : undefined
}

function troubleOf({ rawHeaders, httpVersion }: IncomingMessage, limits: Limits): NoRequest | undefined {
  // The parser lets HTTP/0.9 pass, whose answer would be a file without a head.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return no(400, 'this is no HTTP version that is spoken here')
  if (rawHeaders.length > 2 * limits.headers) return no(431, 'too many headers')
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  // RFC 9112 §3.2: more than one Host is a 400. Node would quietly take the first.
  return hosts > 1 ? no(400, 'more than one Host header') : undefined
}
