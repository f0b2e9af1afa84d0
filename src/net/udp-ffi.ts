import { getSystemErrorName } from 'node:util'
import { boundSocket, libc, portOf } from './libc.ts'
import { Poll } from './udp-poll.ts'
import { Receiver } from './udp-receive.ts'
import { Sender } from './udp-send.ts'
import { deliver, type Udp, type UdpMessage, type UdpOptions, type UdpSocket } from './udp.ts'

/**
 * UDP by recvmmsg and sendmmsg. Node's event loop says when there is something to read; all that waits is read then, and all that is sent
 * while it is worked on leaves in one call.
 */
export const ffiUdp: Udp = { kind: 'ffi', open }

async function open(options: UdpOptions): Promise<UdpSocket> {
  const fd = boundSocket({ ...options, address: options.address ?? '0.0.0.0' })
  try {
    return new FfiSocket(fd, options)
  } catch (error) {
    libc().close(fd)
    throw error
  }
}

// Used within one call each, so all sockets share it.
let receiver: Receiver | undefined

class FfiSocket implements UdpSocket {
  readonly port: number
  readonly #fd: number
  readonly #options: UdpOptions
  readonly #receiver = (receiver ??= new Receiver())
  readonly #sender: Sender
  readonly #poll: Poll
  readonly #each = (message: UdpMessage): void => {
    if (!this.#closed) deliver(this.#options, message, this)
  }
  #inBatch = false
  #flushing = false
  #closed = false

  constructor(fd: number, options: UdpOptions) {
    this.#fd = fd
    this.#options = options
    this.port = portOf(fd)
    this.#sender = new Sender(fd, (number) => {
      const code = getSystemErrorName(-number)
      options.onError(Object.assign(new Error(`sendmmsg: ${code}`), { code, errno: -number }))
    })
    this.#poll = new Poll(fd, () => this.#drain())
  }

  send(bytes: Buffer, port: number, address: string, from?: string): void {
    if (this.#closed) return
    this.#sender.send(bytes, port, address, from)
    this.#flushSoon()
  }

  sendSegments(bytes: Buffer, segment: number, port: number, address: string, from?: string): void {
    if (this.#closed) return
    this.#sender.sendSegments(bytes, segment, port, address, from)
    this.#flushSoon()
  }

  flush(): void {
    if (!this.#closed && this.#sender.waiting > 0) this.#sender.flush()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    await this.#poll.close()
    libc().close(this.#fd)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #drain(): void {
    if (this.#closed) return
    const { tellLocal = false, synchronous = false } = this.#options
    this.#inBatch = true
    try {
      // Other sockets and timers want their turn too: what is left makes the descriptor readable again.
      for (let calls = 0; calls < mostCalls; calls++) {
        if (!this.#receiver.receive(this.#fd, tellLocal, this.#each) || this.#closed) break
      }
      this.#options.onBatchEnd?.()
    } catch (error) {
      // Nothing may be thrown through the C code that called.
      setImmediate(() => {
        throw error
      })
    }
    this.#inBatch = false
    this.flush()
    if (!synchronous) setImmediate(nothing)
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

/** Receive calls in a batch, of 64 datagrams each. */
const mostCalls = 16

/** Lets Node run what promises wait for: libuv called us outside of its callback scopes. */
function nothing(): void {}
