import { setTimeout as wait } from 'node:timers/promises'
import type { Udp, UdpMessage, UdpOptions, UdpSocket } from '../../src/net/udp.ts'

/** A socket on loopback that keeps what it hears and what went wrong. */
export class Inbox implements AsyncDisposable {
  readonly heard: UdpMessage[] = []
  readonly errors: NodeJS.ErrnoException[] = []
  batches = 0
  socket!: UdpSocket

  static async open(udp: Udp, options: Partial<UdpOptions> = {}): Promise<Inbox> {
    const inbox = new Inbox()
    inbox.socket = await udp.open({
      address: '127.0.0.1',
      port: 0,
      receiveBuffer: 4 << 20,
      onMessage: (message) => void inbox.heard.push({ ...message, bytes: Buffer.from(message.bytes) }),
      onBatchEnd: () => void inbox.batches++,
      onError: (error) => void inbox.errors.push(error),
      ...options,
    })
    return inbox
  }

  get sizes(): number[] {
    return this.heard.map(({ bytes }) => bytes.length)
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await wait(2)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket.close()
  }
}
