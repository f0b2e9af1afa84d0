import type { Client, Packet } from './line.ts'

type Send = (packet: Packet) => void

const retryAfter = 5000
const mostRetries = 5

/** What all clients do: blocks in order, an ACK for each window, their last word again after five seconds of silence. */
abstract class Receiver implements Client {
  readonly got: number[] = []
  state: 'waiting' | 'done' | 'gone' = 'waiting'
  protected readonly windowsize: number
  #inWindow = 0
  #opened: boolean
  #quietSince = 0
  #retries = 0

  /** `opened`: false when an OACK is waited for. */
  constructor(windowsize = 1, opened = windowsize === 1) {
    this.windowsize = windowsize
    this.#opened = opened
  }

  hear(packet: Packet, now: number, send: Send): void {
    this.#quietSince = now
    if (packet.kind === 'oack') return this.#hearOack(send)
    if (packet.kind !== 'data') return
    if (packet.block !== ((this.got.length + 1) & 0xffff)) return this.wrong(packet.block, send)
    this.got.push(packet.content)
    this.right()
    if (packet.last) this.state = 'done'
    if (++this.#inWindow >= this.windowsize || packet.last) this.acknowledge(send)
  }

  tick(now: number, send: Send): void {
    if (now - this.#quietSince < retryAfter) return
    this.#quietSince = now
    if (++this.#retries > mostRetries) this.state = 'gone'
    else if (this.#opened && (this.got.length > 0 || this.windowsize > 1)) this.acknowledge(send)
    else send({ kind: 'rrq' })
    this.right()
  }

  protected acknowledge(send: Send): void {
    this.#inWindow = 0
    send({ kind: 'ack', block: this.got.length & 0xffff })
  }

  /** Something went as it should. */
  protected abstract right(): void

  /** A block that is not the next one. */
  protected abstract wrong(block: number, send: Send): void

  protected again(send: Send): void {
    if (this.got.length === 0) send({ kind: 'ack', block: 0 })
  }

  #hearOack(send: Send): void {
    if (this.got.length > 0) return
    if (this.#opened) return this.again(send)
    this.#opened = true
    this.acknowledge(send)
  }
}

/** RFC 1350 and RFC 7440 by the letter: what came again is acknowledged again; behind a gap, what came before it. */
export class PatientClient extends Receiver {
  #toldGap = false

  protected right(): void {
    this.#toldGap = false
  }

  protected wrong(block: number, send: Send): void {
    const isLast = block === (this.got.length & 0xffff)
    if (!isLast && this.#toldGap) return
    this.#toldGap = true
    this.acknowledge(send)
  }
}

/**
 * atftp 0.8: the first wrong block is answered by one more ACK and those after it by nothing, until the right one comes, or five seconds
 * without any packet: each one restarts its clock. `--option "timeout 2"` changes nothing of that. A second OACK ends it.
 */
export class AtftpClient extends Receiver {
  #saidAgain = false

  protected right(): void {
    this.#saidAgain = false
  }

  protected wrong(_block: number, send: Send): void {
    if (this.#saidAgain) return
    this.#saidAgain = true
    this.acknowledge(send)
  }

  protected override again(): void {
    this.state = 'gone'
  }
}
