import type { Udp, UdpMessage, UdpSocket } from '../net/udp.ts'

/** Clients whose last ports are remembered. */
const mostRemembered = 16_384

/**
 * The sockets that transfers are sent from. They are shared, since transfers differ by the client's side; but a client's next transfer is never
 * sent from the port of its last one (RFC 1350 §4), so that a late packet of that is told apart.
 */
export class Pool {
  readonly #sockets: readonly UdpSocket[]
  readonly #isOwned: boolean
  /** The last one, and the one before: a request may overtake the last ACK of the transfer before it. */
  readonly #last = new Map<number, readonly UdpSocket[]>()
  readonly #written = new Set<UdpSocket>()
  #turn = 0

  private constructor(sockets: readonly UdpSocket[], isOwned = true) {
    this.#sockets = sockets
    this.#isOwned = isOwned
  }

  /** A socket for each of the ports; 0 is any that is free. */
  static async open(udp: Udp, address: string, ports: readonly number[], handlers: PoolHandlers): Promise<Pool> {
    const opened: UdpSocket[] = []
    const shared = { address, receiveBuffer: 4 << 20, synchronous: true, mayFragment: true, ...handlers }
    try {
      for (const port of ports) opened.push(await udp.open({ ...shared, port }))
      return new Pool(opened)
    } catch (error) {
      await Promise.all(opened.map((socket) => socket.close()))
      throw error
    }
  }

  /** Every transfer from one socket, which somebody else opened and closes. */
  static of(socket: UdpSocket): Pool {
    return new Pool([socket], false)
  }

  /** The socket for a client's next transfer. */
  take(client: number): UdpSocket {
    const [last] = this.#last.get(client) ?? []
    let socket = this.#sockets[this.#turn++ % this.#sockets.length]!
    if (socket === last) socket = this.#sockets[this.#turn++ % this.#sockets.length]!
    this.#last.delete(client)
    this.#last.set(client, last ? [socket, last] : [socket])
    if (this.#last.size > mostRemembered) this.#last.delete(this.#last.keys().next().value!)
    this.#written.add(socket)
    return socket
  }

  /** Was that the socket of the client's last transfer, or of the one before? */
  wasLast(client: number, socket: UdpSocket): boolean {
    return this.#last.get(client)?.includes(socket) ?? false
  }

  /** Sends what was collected for transfers that have just begun. */
  flush(): void {
    for (const socket of this.#written) socket.flush?.()
    this.#written.clear()
  }

  flushAll(): void {
    for (const socket of this.#sockets) socket.flush?.()
  }

  async close(): Promise<void> {
    if (this.#isOwned) await Promise.all(this.#sockets.map((socket) => socket.close()))
  }
}

export interface PortRange {
  readonly from: number
  readonly to: number
}

export function portsOf({ from, to }: PortRange): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

export interface PoolHandlers {
  onMessage(message: UdpMessage, socket: UdpSocket): void
  onError(error: Error): void
}
