import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Peer } from '../net/content.ts'
import type { HttpCounters } from './counters.ts'
import type { Limits } from './limits.ts'

/** What is known of one TCP connection. */
export interface Connection {
  readonly peer: Peer
  /** Requests that have no whole answer yet. */
  waiting: number
  hasStalled: boolean
}

/** On the socket itself: a weak map of thousands of sockets makes each garbage collection slower. */
const known = Symbol('connection')
type Watched = Socket & { [known]?: Connection }

type ConnectionLimits = Pick<Limits, 'connectionsPerPeer'>

/** Counts connections, keeps one peer from taking all of them, ends those that stall and those that do not speak HTTP. */
export class Connections {
  readonly #perPeer = new Map<string, number>()
  readonly #counters: HttpCounters
  readonly #limits: ConnectionLimits

  constructor(counters: HttpCounters, limits: ConnectionLimits) {
    this.#counters = counters
    this.#limits = limits
  }

  watch(server: Server | SecureServer): void {
    // With TLS a connection is one when it has shaken hands; who does not is bounded by the server's own limits.
    server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => this.#enter(socket))
    server.on('drop', () => this.#counters.dropped++)
    server.on('timeout', (socket) => this.#stalled(socket))
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#malformed(error, socket))
  }

  of(socket: Watched): Connection | undefined {
    return socket[known]
  }

  #enter(socket: Watched): void {
    // Read now: it stays readable after the connection is gone, when events still ask who it was.
    const address = plainAddress(socket.remoteAddress ?? '')
    const count = this.#perPeer.get(address) ?? 0
    if (count >= this.#limits.connectionsPerPeer) {
      this.#counters.dropped++
      socket.destroy()
      return
    }
    this.#perPeer.set(address, count + 1)
    this.#counters.connections++
    this.#counters.open++
    socket[known] = { peer: { address, port: socket.remotePort ?? 0 }, waiting: 0, hasStalled: false }
    socket.once('close', () => this.#leave(address))
  }

  #leave(address: string): void {
    this.#counters.open--
    const count = this.#perPeer.get(address) ?? 1
    if (count > 1) this.#perPeer.set(address, count - 1)
    else this.#perPeer.delete(address)
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
