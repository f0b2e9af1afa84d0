import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** A read request by hand. */
export function rrq(name: string, mode = 'octet', options: readonly string[] = []): Buffer {
  return Buffer.from(`\0\x01${[name, mode, ...options].map((word) => `${word}\0`).join('')}`)
}

export function ack(block: number): Buffer {
  return Buffer.from([0, 4, block >> 8, block & 0xff])
}

export interface Heard {
  readonly bytes: Buffer
  readonly port: number
  readonly address: string
}

/** A client that says what it is told to, packet by packet, from a port of its own. */
export class RawClient implements AsyncDisposable {
  readonly heard: Heard[] = []
  readonly #socket: Socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  readonly #waiting: ((heard: Heard) => void)[] = []

  static async open(address = '127.0.0.1'): Promise<RawClient> {
    const client = new RawClient()
    client.#socket.on('message', (bytes, from) => client.#hear(bytes, from))
    client.#socket.bind(0, address)
    await once(client.#socket, 'listening')
    return client
  }

  get port(): number {
    return this.#socket.address().port
  }

  send(bytes: Uint8Array, port: number, address = '127.0.0.1'): void {
    this.#socket.send(bytes, port, address)
  }

  /** The next packet that nobody has looked at yet. */
  next(): Promise<Heard> {
    const waiting = this.heard.shift()
    if (waiting) return Promise.resolve(waiting)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async ask(bytes: Uint8Array, port: number, address?: string): Promise<Heard> {
    this.send(bytes, port, address)
    return this.next()
  }

  /** A whole file in windows. */
  async get(name: string, server: number, windowsize = 1, blksize = 512): Promise<Buffer> {
    const options = ['blksize', String(blksize), 'windowsize', String(windowsize)]
    const { port } = await this.ask(rrq(name, 'octet', options), server)
    this.send(ack(0), port)
    const blocks: Buffer[] = []
    for (;;) {
      const { bytes } = await this.next()
      if (bytes[1] !== 3) throw new Error(bytes.toString('latin1', 4))
      if (bytes.readUInt16BE(2) !== ((blocks.length + 1) & 0xffff)) continue
      blocks.push(bytes.subarray(4))
      const isLast = bytes.length < blksize + 4
      if (isLast || blocks.length % windowsize === 0) this.send(ack(blocks.length & 0xffff), port)
      if (isLast) return Buffer.concat(blocks)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  #hear(bytes: Buffer, { port, address }: RemoteInfo): void {
    const heard = { bytes, port, address }
    const waiting = this.#waiting.shift()
    if (waiting) waiting(heard)
    else this.heard.push(heard)
  }
}
