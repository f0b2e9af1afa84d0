import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { boundSocket } from './libc.ts'
import { addressNumber, endpointKey } from './udp-address.ts'
import { deliver, type Udp, type UdpOptions, type UdpSocket } from './udp.ts'

/** UDP through node:dgram alone; a socket for one interface is made by libc, since dgram cannot name an interface. */
export const dgramUdp: Udp = { kind: 'dgram', open }

async function open(options: UdpOptions): Promise<UdpSocket> {
  const { address = '0.0.0.0', port, device, broadcast = false, reuse = false, receiveBuffer } = options
  const socket = createSocket({
    type: 'udp4',
    reuseAddr: reuse,
    // Only addresses are sent to: nothing to look up, and no turn of the event loop to wait for.
    lookup: (host, _options, done) => done(null, host, 4),
    ...(receiveBuffer !== undefined && { recvBufferSize: receiveBuffer, sendBufferSize: receiveBuffer }),
  })
  try {
    const listening = once(socket, 'listening')
    if (device === undefined) socket.bind({ address, port, exclusive: true })
    else socket.bind({ fd: boundSocket({ ...options, address, device, reuse: true }) })
    await listening
    if (broadcast) socket.setBroadcast(true)
  } catch (error) {
    socket.close()
    throw error
  }
  return new DgramSocket(socket, options)
}

class DgramSocket implements UdpSocket {
  readonly port: number
  readonly #socket: Socket
  readonly #options: UdpOptions
  #closed = false
  #ending = false

  constructor(socket: Socket, options: UdpOptions) {
    this.port = socket.address().port
    this.#socket = socket
    this.#options = options
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
    const key = endpointKey(addressNumber(address) ?? 0, port)
    deliver(this.#options, { bytes, address, port, key }, this)
    if (this.#ending || !this.#options.onBatchEnd) return
    this.#ending = true
    setImmediate(() => {
      this.#ending = false
      this.#options.onBatchEnd!()
    })
  }
}
