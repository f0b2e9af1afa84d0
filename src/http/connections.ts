import type { IncomingMessage, Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Peer } from '../net/content.ts'
import type { HttpCounters } from './counters.ts'
import type { Limits } from './limits.ts'
import { Slots, type Slot } from './slots.ts'

/** What is known of one TCP connection. */
export interface Connection {
  readonly peer: Peer
  /** Requests that have no whole answer yet. */
  waiting: number
  /** The last one that came, where its body may still be on its way. */
  receiving?: IncomingMessage
  hasStalled: boolean
}

/** On the socket itself: a weak map of thousands of sockets makes each garbage collection slower. */
const known = Symbol('connection')
type Watched = Socket & { [known]?: Connection }

/** What TLS makes of a connection, and the connection below it. */
const secured = Symbol('secured')
type Inner = Watched & { _parent?: Watched & { [secured]?: Watched } }

/** Addresses whose last connection is remembered. */
const remembered = 10_000

function inner(socket: Watched & { [secured]?: Watched }): Watched {
  return socket[secured] ?? socket
}

/** Between requests, or with half of one. */
function isIdle(connection: Connection | undefined): boolean {
  if (!connection || connection.waiting === 0) return true
  return connection.receiving?.complete === false
}

type ConnectionLimits = Pick<Limits, 'connections' | 'connectionsPerPeer'>

/** Counts connections, lets idle ones give way to newcomers, ends those that stall and those that do not speak HTTP. */
export class Connections {
  readonly #slots: Slots
  readonly #last = new Map<string, number>()
  readonly #counters: HttpCounters

  constructor(counters: HttpCounters, limits: ConnectionLimits) {
    this.#counters = counters
    this.#slots = new Slots(limits.connections, limits.connectionsPerPeer)
  }

  watch(server: Server | SecureServer): void {
    // With TLS a connection is one when it has shaken hands; it has a place from the beginning, and does nothing until then.
    const isSecure = 'setSecureContext' in server
    server.on('connection', (socket: Socket) => {
      if (this.#take(socket) && !isSecure) this.#enter(socket)
    })
    if (isSecure) server.on('secureConnection', (socket: Socket) => this.#enter(socket))
    server.on('drop', () => this.#counters.dropped++)
    server.on('timeout', (socket) => this.#stalled(socket))
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#malformed(error, socket))
  }

  /** Milliseconds since the last connection from there began. */
  ago(address: string): number | undefined {
    const last = this.#last.get(address)
    return last === undefined ? undefined : performance.now() - last
  }

  #remember(address: string): void {
    this.#last.delete(address)
    if (this.#last.size >= remembered) this.#last.delete(this.#last.keys().next().value!)
    this.#last.set(address, performance.now())
  }

  of(socket: Watched): Connection | undefined {
    return socket[known]
  }

  #take(socket: Watched): boolean {
    // Read now: it stays readable after the connection is gone, when events still ask who it was.
    const address = plainAddress(socket.remoteAddress ?? '')
    this.#remember(address)
    const slot: Slot = {
      address,
      isIdle: () => isIdle(inner(socket)[known]),
      close: () => {
        this.#counters.dropped++
        inner(socket).destroy()
        socket.destroy()
      },
    }
    if (!this.#slots.enter(slot)) {
      slot.close()
      return false
    }
    socket.once('close', () => this.#slots.leave(slot))
    return true
  }

  #enter(socket: Watched): void {
    const address = plainAddress(socket.remoteAddress ?? '')
    this.#counters.connections++
    this.#counters.open++
    socket[known] = { peer: { address, port: socket.remotePort ?? 0 }, waiting: 0, hasStalled: false }
    const raw = (socket as Inner)._parent
    if (raw) raw[secured] = socket
    socket.once('close', () => this.#counters.open--)
  }

  // Node calls this for idle keep-alive connections too: those end in silence.
  #stalled(socket: Socket): void {
    const connection = this.of(socket)
    if (connection) connection.hasStalled = connection.waiting > 0
    socket.destroy()
  }

  #malformed(error: NodeJS.ErrnoException, socket: Socket): void {
    const isTimeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    if (isTimeout) this.#counters.timeouts++
    else if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') this.#counters.malformed++
    const connection = this.of(socket)
    // With an answer under way its bytes would be read as the body of that answer; where TLS came to nothing nobody reads any.
    if (!connection || !socket.writable || connection.waiting > 0) socket.destroy()
    else
      socket.end(
        `HTTP/1.1 ${errorLines[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      )
  }
}

const errorLines: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
}

/** An IPv4 address as such, where the listener hears both families. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
