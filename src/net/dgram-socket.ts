import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import { deliver, type UdpOptions, type UdpSocket } from './udp.ts'

type KeyOf = (address: string, port: number) => number

/** Makes the socket and waits until `bind` has taken effect; nothing is left open when it cannot. */
export async function bound(
  family: 4 | 6,
  { receiveBuffer }: UdpOptions,
  more: Partial<SocketOptions>,
  bind: (socket: Socket) => void,
): Promise<Socket> {
  const socket = createSocket({
    ...more,
    type: `udp${family}`,
    // Only addresses are sent to: nothing to look up, and no turn of the event loop to wait for.
    lookup: (host, _options, done) => done(null, host, family),
    ...(receiveBuffer !== undefined && { recvBufferSize: receiveBuffer, sendBufferSize: receiveBuffer }),
  })
  try {
    const listening = once(socket, 'listening')
    bind(socket)
    await listening
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/** A socket of node:dgram; `keyOf` makes one number of an address and a port. */
export class DgramSocket implements UdpSocket {
  readonly port: number
  readonly #socket: Socket
  readonly #options: UdpOptions
  readonly #keyOf: KeyOf
  #closed = false
  #ending = false

  constructor(socket: Socket, options: UdpOptions, keyOf: KeyOf) {
    this.port = socket.address().port
    this.#socket = socket
    this.#options = options
    this.#keyOf = keyOf
    socket.on('error', (error) => options.onError(error))
    socket.on('message', (bytes, { address, port }) => this.#hear(bytes, address, port))
  }

  send(bytes: Buffer, port: number, address: string): void {
    if (this.#closed) return
    try {
      this.#socket.send(bytes, port, address, (error) => error && this.#options.onError(error))
    } catch (error) {
      this.#options.onError(error instanceof Error ? error : new Error(String(error)))
    }
  }

  sendSegments(bytes: Buffer, segment: number, port: number, address: string): void {
    for (let at = 0; at < bytes.length; at += segment) this.send(bytes.subarray(at, at + segment), port, address)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #hear(bytes: Buffer, address: string, port: number): void {
    deliver(this.#options, { bytes, address, port, key: this.#keyOf(address, port) }, this)
    if (this.#ending || !this.#options.onBatchEnd) return
    this.#ending = true
    setImmediate(() => {
      this.#ending = false
      this.#options.onBatchEnd!()
    })
  }
}
