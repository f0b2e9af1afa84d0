import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { getSystemErrorName } from 'node:util'
import { boundSocket, libc } from './libc.ts'
import { deliver, type Udp, type UdpOptions, type UdpSocket } from './udp.ts'
import { Receiver, Sender } from './udp-mmsg.ts'

/**
 * UDP by recvmmsg and sendmmsg. node:dgram keeps the socket in Node's event loop and reads the first datagram of a batch; the rest of
 * the batch is read here, and all that is sent while it is worked on leaves in one call.
 */
export const ffiUdp: Udp = { kind: 'ffi', open }

async function open(options: UdpOptions): Promise<UdpSocket> {
  const { address = '0.0.0.0', port, device, reuse, broadcast, receiveBuffer } = options
  const fd = boundSocket({
    address,
    port,
    ...(device !== undefined && { device }),
    ...(reuse !== undefined && { reuse }),
    ...(broadcast !== undefined && { broadcast }),
    ...(receiveBuffer !== undefined && { buffers: receiveBuffer }),
  })
  const socket = new FfiSocket(fd, options)
  await socket.listen()
  return socket
}

// Used within one call each, so all sockets share them.
let receiver: Receiver | undefined

class FfiSocket implements UdpSocket {
  readonly #options: UdpOptions
  readonly #loop = createSocket('udp4')
  /** A descriptor of our own: node:dgram closes the one that it was given. */
  readonly #fd: number
  readonly #given: number
  readonly #sender: Sender
  #inBatch = false
  #flushing = false
  #closed = false

  constructor(fd: number, options: UdpOptions) {
    this.#options = options
    this.#given = fd
    this.#fd = libc().dup(fd)
    this.#sender = new Sender((number) => {
      const code = getSystemErrorName(-number)
      options.onError(Object.assign(new Error(`sendmmsg: ${code}`), { code, errno: -number }))
    })
  }

  get port(): number {
    return this.#loop.address().port
  }

  async listen(): Promise<void> {
    const listening = once(this.#loop, 'listening')
    this.#loop.bind({ fd: this.#given })
    await listening
    this.#loop.on('error', (error) => this.#options.onError(error))
    this.#loop.on('message', (bytes, { address, port }) => this.#drain(bytes, address, port))
  }

  send(bytes: Buffer, port: number, address: string): void {
    if (this.#closed) return
    this.#sender.send(this.#fd, bytes, port, address)
    this.#flushSoon()
  }

  sendSegments(bytes: Buffer, segment: number, port: number, address: string): void {
    if (this.#closed) return
    this.#sender.sendSegments(this.#fd, bytes, segment, port, address)
    this.#flushSoon()
  }

  flush(): void {
    if (!this.#closed && this.#sender.waiting > 0) this.#sender.flush(this.#fd)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    const closed = once(this.#loop, 'close')
    this.#loop.close()
    await closed
    libc().close(this.#fd)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #drain(first: Buffer, address: string, port: number): void {
    receiver ??= new Receiver()
    this.#inBatch = true
    try {
      const each = (bytes: Buffer, from: string, at: number): void =>
        deliver(this.#options, { bytes, address: from, port: at }, this)
      each(first, address, port)
      while (!this.#closed && receiver.receive(this.#fd, each));
      this.#options.onBatchEnd?.()
    } finally {
      this.#inBatch = false
      this.flush()
    }
  }

  /** Within a batch its end flushes; outside, whatever else is sent in this turn goes along. */
  #flushSoon(): void {
    if (this.#inBatch || this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => {
      this.#flushing = false
      this.flush()
    })
  }
}
