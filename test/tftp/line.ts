import type { Terms } from '../../src/tftp/negotiate.ts'
import { Transfer } from '../../src/tftp/transfer.ts'

/** A packet on a made-up line: its 16-bit number, and which block of the file is really in it. */
export type Packet =
  | { readonly kind: 'oack' }
  | { readonly kind: 'data'; readonly block: number; readonly content: number; readonly last: boolean }
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'rrq' }

/** What becomes of a packet: after how many milliseconds it arrives; nowhere for a lost one, twice for a doubled one. */
export type Fate = (packet: Packet, now: number) => readonly number[]

/** A true model of a client's side. */
export interface Client {
  /** What it would write to its file. */
  readonly got: readonly number[]
  readonly state: 'waiting' | 'done' | 'gone'
  hear(packet: Packet, now: number, send: (packet: Packet) => void): void
  tick(now: number, send: (packet: Packet) => void): void
}

export interface LineOptions {
  readonly terms: Terms
  readonly blocks: number
  readonly client: Client
  readonly fate?: Fate
}

export const lockStep: Terms = { blksize: 512, windowsize: 1, acknowledged: [] }

/** Terms that were asked for, so that they begin with an OACK. */
export function termsOf(windowsize: number, timeout?: number): Terms {
  const asked = { blksize: 512, windowsize, acknowledged: [['windowsize', String(windowsize)]] as const }
  return timeout === undefined ? asked : { ...asked, timeout: timeout * 1000 }
}

/** One transfer and one client on a line of their own, in made-up time. */
export class Line {
  now = 0
  /** Everything that either side sent. */
  readonly sent: { readonly at: number; readonly packet: Packet }[] = []
  readonly transfer: Transfer
  readonly #client: Client
  readonly #fate: Fate
  readonly #underway = new Map<number, Packet[]>()

  constructor({ terms, blocks, client, fate = () => [1] }: LineOptions) {
    this.#client = client
    this.#fate = fate
    this.transfer = new Transfer(terms, blocks, {
      oack: () => this.#put({ kind: 'oack' }),
      blocks: (first, count) => {
        for (let n = first; n < first + count; n++) {
          this.#put({ kind: 'data', block: n & 0xffff, content: n, last: n === blocks })
        }
      },
    })
  }

  /** Runs until the server has nothing more to do. True: it saw the transfer finish. */
  run(): boolean {
    this.transfer.start(0)
    for (; this.now < 3_600_000; this.now++) {
      for (const packet of this.#arriving()) this.#arrive(packet)
      if (this.transfer.finished) return true
      if (this.now % 10 === 0 && !this.transfer.tick(this.now)) return false
      if (this.#client.state === 'waiting') this.#client.tick(this.now, (packet) => this.#put(packet))
    }
    throw new Error('it never ends')
  }

  /** How often each block left the server. */
  get timesSent(): ReadonlyMap<number, number> {
    const times = new Map<number, number>()
    for (const { packet } of this.sent) {
      if (packet.kind === 'data') times.set(packet.content, (times.get(packet.content) ?? 0) + 1)
    }
    return times
  }

  #put(packet: Packet): void {
    this.sent.push({ at: this.now, packet })
    for (const delay of this.#fate(packet, this.now)) {
      const at = this.now + Math.max(1, delay)
      const others = this.#underway.get(at)
      if (others) others.push(packet)
      else this.#underway.set(at, [packet])
    }
  }

  #arriving(): readonly Packet[] {
    const packets = this.#underway.get(this.now) ?? []
    this.#underway.delete(this.now)
    return packets
  }

  #arrive(packet: Packet): void {
    if (packet.kind === 'ack') return this.transfer.acknowledge(packet.block, this.now)
    if (packet.kind === 'rrq') return this.transfer.requestedAgain(this.now)
    if (this.#client.state !== 'gone') this.#client.hear(packet, this.now, (reply) => this.#put(reply))
  }
}

/** The blocks of a file, in order. */
export function wholeOf(blocks: number): number[] {
  return Array.from({ length: blocks }, (_, n) => n + 1)
}
