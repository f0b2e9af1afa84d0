import { getSystemErrorName } from 'node:util'
import { boundSocket, libc, portOf } from './libc.ts'
import { slots } from './udp-frames.ts'
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
  #alone = 0
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
    this.#inBatch = true
    try {
      this.#receive()
      this.#options.onBatchEnd?.()
    } catch (error) {
      // Nothing may be thrown through the C code that called.
      setImmediate(() => {
        throw error
      })
    }
    this.#inBatch = false
    this.flush()
    if (!this.#options.synchronous) setImmediate(nothing)
  }

  /**
   * A client in lock-step sends one datagram and waits: while that is so, one is received at a time, and now and then it is seen whether
   * more are waiting. What is left makes the descriptor readable again, after other sockets and timers had their turn.
   */
  #receive(): void {
    const { tellLocal = false } = this.#options
    if (this.#alone > 0 && this.#alone < mostAlone) {
      this.#alone++
      return this.#receiver.receiveOne(this.#fd, tellLocal, this.#each)
    }
    let count = slots
    for (let calls = 0; calls < mostCalls && count === slots && !this.#closed; calls++) {
      count = this.#receiver.receive(this.#fd, tellLocal, this.#each)
      this.#alone = calls === 0 && count <= 1 ? 1 : 0
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

/** Receive calls in a batch, of 64 datagrams each. */
const mostCalls = 16
/** Datagrams received one by one before it is seen whether more are waiting. */
const mostAlone = 8

/** Lets Node run what promises wait for: libuv called us outside of its callback scopes. */
function nothing(): void {}
