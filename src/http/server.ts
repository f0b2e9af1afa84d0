import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { Fault } from '../fault.ts'
import type { Transfer, Underway } from '../net/content.ts'
import { BootFiles } from './boot-files.ts'
import type { HttpSource } from './boot.ts'
import { Connections, plainAddress } from './connections.ts'
import { newCounters, type HttpCounters } from './counters.ts'
import { Door, type Desk } from './door.ts'
import { defaultLimits, type Limits } from './limits.ts'

export interface HttpOptions {
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  /** `::` without the IPv4 addresses, which another listener has. */
  readonly ipv6Only?: boolean
  /** TLS with this certificate and key, both PEM. */
  readonly tls?: TlsPair
  readonly source: HttpSource
  /** Answers everything under `appPrefixes`; it is not closed with the listener. */
  readonly app?: FastifyInstance
  /** `/api`, `/r`: whole first segments; `/` is the root page alone. */
  readonly appPrefixes?: readonly string[]
  /** By their first segment (`v2`): what reads and answers requests by itself, bodies of any length included. */
  readonly desks?: ReadonlyMap<string, Desk>
  readonly onEnd?: (transfer: Transfer) => void
  /** Errors of this program, for the log; the client gets a sentence without them. */
  readonly onError?: (error: unknown) => void
  /** A client with which TLS came to nothing, and the system's name for why. */
  readonly onTlsFailed?: (from: string, code: string) => void
  readonly limits?: Partial<Limits>
  /** Share one between several listeners, so that a file is in memory once. */
  readonly files?: BootFiles
}

export interface TlsPair {
  readonly cert: Buffer
  readonly key: Buffer
}

export interface HttpServer extends AsyncDisposable {
  readonly address: string
  readonly port: number
  readonly counters: Readonly<HttpCounters>
  underway(): readonly Underway[]
  /** Milliseconds since an address last opened a connection; undefined for one that never did, or long ago. */
  connectedAgo(address: string): number | undefined
  /** New connections get this certificate; those under way keep theirs. Without TLS it does nothing. */
  renew(tls: TlsPair): void
  /** Takes no more connections, lets running answers end for `limits.grace`, then ends the rest. */
  close(): Promise<void>
}

/**
 * Listens. Boot names are answered by node:http itself (a framework costs three times the CPU per kernel), the application's prefixes
 * by Fastify. Throws Fault `port-taken`, `not-permitted` or `config-invalid` (the address is not of this host).
 */
export async function openHttp(options: HttpOptions): Promise<HttpServer> {
  const limits = { ...defaultLimits, ...options.limits }
  const counters = newCounters()
  const connections = new Connections(counters, limits)
  await options.app?.ready()
  const door = new Door({ ...options, limits, counters, connections, files: options.files ?? new BootFiles(limits) })
  const server = strictServer(limits, options.tls, (request, response) => door.enter(request, response))
  connections.watch(server)
  if (options.onTlsFailed) hearTls(server, options.onTlsFailed)
  await listen(server, options)
  const { address, port } = addressOf(server)
  const close = (): Promise<void> => closeServer(server, limits.grace)
  const renew = (tls: TlsPair): void => void ('setSecureContext' in server && server.setSecureContext(tls))
  return {
    address,
    port,
    counters,
    underway: () => door.underway(),
    connectedAgo: (from) => connections.ago(from),
    renew,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Connections that were told to end and are still counted. */
const ending = 1024

function strictServer(
  limits: Limits,
  tls: TlsPair | undefined,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Server | SecureServer {
  const { headersTimeout, headerBytes: maxHeaderSize, keepAlive: keepAliveTimeout } = limits
  const strict = { insecureHTTPParser: false, requireHostHeader: true, maxHeaderSize }
  // Node looks for late requests every 30 s unless told otherwise, whatever the time-outs say.
  const connectionsCheckingInterval = Math.min(1000, headersTimeout)
  // A layer takes as long as it takes; the door looks after the bodies of all others.
  const times = { headersTimeout, requestTimeout: 0, keepAliveTimeout, connectionsCheckingInterval }
  const handshakeTimeout = headersTimeout
  const server = tls
    ? createSecureServer({ ...strict, ...times, ...tls, handshakeTimeout, minVersion: 'TLSv1.2' }, answer)
    : createServer({ ...strict, ...times }, answer)
  server.timeout = limits.stall
  // Who gives way is chosen before; one that was ended is counted by Node until it is gone.
  server.maxConnections = limits.connections + ending
  // No cut: with the default of 2000 the header after it (Origin, say) is dropped in silence. The size limits the number.
  server.maxHeadersCount = 0
  return server
}

function hearTls(server: Server | SecureServer, told: (from: string, code: string) => void): void {
  // Read once it stays readable, also of a connection that was reset.
  server.on('connection', (socket: Socket) => socket.remoteAddress)
  // Before anybody else hears of it and takes the connection down.
  server.prependListener('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket & { _parent?: Socket }) => {
    const from = socket._parent?.remoteAddress ?? socket.remoteAddress
    if (from !== undefined) told(plainAddress(from), error.code ?? error.message)
  })
}

async function listen(server: Server | SecureServer, { address, port, ipv6Only = false }: HttpOptions): Promise<void> {
  try {
    server.listen({ host: address, port, ipv6Only, backlog: 1024 })
    await once(server, 'listening')
  } catch (error) {
    throw listenFault(error, address, port)
  }
}

function addressOf(server: Server | SecureServer): { address: string; port: number } {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Fault('internal', 'the HTTP listener has no TCP address')
  return bound
}

function listenFault(error: unknown, address: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const where = `TCP port ${port} of ${address}`
  if (code === 'EADDRINUSE')
    return new Fault('port-taken', `another program listens on ${where}`, {
      hint: `ss -ltnp sport = :${port} shows which; stop it, or choose another port`,
    })
  if (code === 'EACCES')
    return new Fault('not-permitted', `no permission for ${where}`, {
      hint: 'ports below 1024 need root or CAP_NET_BIND_SERVICE',
    })
  if (code === 'EADDRNOTAVAIL')
    return new Fault('config-invalid', `${address} is not an address of this host`, {
      field: 'http.address',
      hint: 'ip address shows them; mend http.address in birnam.yaml',
    })
  return error
}

async function closeServer(server: Server | SecureServer, grace: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  // A connection becomes idle when its running answer ends, and would then be kept for its next request.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const end = setTimeout(() => server.closeAllConnections(), grace)
  await closed
  clearInterval(sweep)
  clearTimeout(end)
}
