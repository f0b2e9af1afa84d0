import type { Peer, Transfer as Ended, Underway } from '../net/content.ts'
import type { Udp, UdpMessage, UdpSocket } from '../net/udp.ts'
import type { TftpCounters } from './counters.ts'
import { header } from './layout.ts'
import type { Limits } from './limits.ts'
import type { Terms } from './negotiate.ts'
import { decodeReply, encodeError, encodeOack, errors, type Reply } from './packet.ts'
import type { Pages } from './pages.ts'
import { Pool, portsOf, type PortRange } from './pool.ts'
import { Transfer } from './transfer.ts'

/** Who asks, for what, and under which of our addresses. */
export interface Asked {
  readonly key: number
  readonly peer: Peer
  readonly name: string
  readonly local?: string
  /** Asked before each window: false ends the transfer there. */
  readonly mayGoOn?: () => boolean
}

/** A transfer under way. */
interface Going {
  readonly machine: Transfer
  readonly socket: UdpSocket
  readonly asked: Asked
  readonly pages: Pages
  readonly blksize: number
  readonly startedAt: number
}

export interface Parts {
  readonly counters: TftpCounters
  readonly limits: Limits
  readonly onEnd: (ended: Ended) => void
  readonly onStrange: (what: string) => void
}

/** What was allowed when its name was looked up has been withdrawn. */
export const over = 'its permit is over'

const tickEvery = 10

/** All transfers under way, by client: a client has one at each of its ports. */
export class Transfers {
  readonly #parts: Parts
  readonly #going = new Map<number, Going>()
  /** Those that the client has not answered yet, the oldest first: they give way when there is no room. */
  readonly #unanswered = new Set<number>()
  readonly #bySource = new Map<string, number>()
  #pool!: Pool
  #timer: NodeJS.Timeout | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `from`: the ports that transfers are sent from, or the one socket for all of them, which stays its owner's. */
  async open(udp: Udp, address: string, from?: PortRange | UdpSocket): Promise<void> {
    if (from && 'send' in from) {
      this.#pool = Pool.of(from)
      return
    }
    const ports = from ? portsOf(from) : Array<number>(this.#parts.limits.sockets).fill(0)
    this.#pool = await Pool.open(udp, address, ports, {
      onMessage: (message, socket) => this.hear(message, socket),
      onError: () => void this.#parts.counters.sendErrors++,
    })
  }

  /** The clients are told, since nobody here will know their transfers any more. */
  async close(): Promise<void> {
    for (const [key, going] of this.#going) {
      this.#say(going, encodeError(errors.undefined, 'the server stops'))
      this.#end(key, going, 'aborted', { detail: 'this server was stopped' })
    }
    await this.#pool.close()
  }

  flush(): void {
    this.#pool.flush()
  }

  /** The same RRQ again, because its answer was lost: the transfer that is there answers it. Another one takes its place. */
  isRepeat({ key, name }: Asked): boolean {
    const going = this.#going.get(key)
    if (!going) return false
    if (!going.machine.answered && going.asked.name === name) {
      this.#parts.counters.repeated++
      going.machine.requestedAgain(performance.now())
      return true
    }
    this.#end(key, going, 'aborted', { detail: 'the client asked for something else', harmless: true })
    return false
  }

  /** Room for one more, beside `others` that are being looked up. Made-up clients, who never answer, give way. */
  hasRoom({ peer }: Asked, others: number): boolean {
    const { limits, counters } = this.#parts
    if ((this.#bySource.get(peer.address) ?? 0) >= limits.transfersPerSource) return false
    if (this.#going.size + others < limits.transfers) return true
    const [oldest] = this.#unanswered
    if (oldest === undefined) return false
    counters.crowdedOut++
    this.#end(oldest, this.#going.get(oldest)!, 'timeout', { detail: 'it never answered, and others wanted its place' })
    return true
  }

  start(asked: Asked, terms: Terms, pages: Pages): void {
    const { key, peer } = asked
    const socket = this.#pool.take(key)
    const step = terms.blksize + header
    const oack = terms.acknowledged.length > 0 ? encodeOack(terms.acknowledged) : undefined
    const machine = new Transfer(terms, pages.blocks, {
      oack: () => oack && this.#say(going, oack),
      blocks: (first, count) => this.#sendBlocks(going, step, first, count),
    })
    const going: Going = { machine, socket, asked, pages, blksize: terms.blksize, startedAt: performance.now() }
    this.#going.set(key, going)
    this.#unanswered.add(key)
    this.#bySource.set(peer.address, (this.#bySource.get(peer.address) ?? 0) + 1)
    this.#timer ??= setInterval(() => this.#tick(), tickEvery)
    machine.start(going.startedAt)
  }

  #sendBlocks(going: Going, step: number, first: number, count: number): void {
    this.#parts.counters.windows++
    const window = going.pages.window(first, count)
    if (window instanceof Promise) return this.#sendLater(going, step, window)
    this.#sendWindow(going, step, window)
  }

  #sendWindow({ socket, asked }: Going, step: number, window: Buffer): void {
    const { peer, local } = asked
    if (window.length <= step) socket.send(window, peer.port, peer.address, local)
    else socket.sendSegments(window, step, peer.port, peer.address, local)
  }

  #sendLater(going: Going, step: number, loading: Promise<Buffer>): void {
    loading
      .then((window) => {
        if (this.#going.get(going.asked.key) === going) this.#sendWindow(going, step, window)
      })
      .catch((error: unknown) => {
        if (this.#going.get(going.asked.key) !== going) return
        const why = error instanceof Error ? error.message : String(error)
        this.#parts.counters.failed++
        this.#say(going, encodeError(errors.undefined, why))
        this.#end(going.asked.key, going, 'failed', { detail: why })
      })
  }

  #say({ socket, asked: { peer, local } }: Going, bytes: Buffer): void {
    socket.send(bytes, peer.port, peer.address, local)
  }

  /** A packet at a transfer's port. */
  hear(message: UdpMessage, socket: UdpSocket): void {
    const { bytes, key } = message
    const reply = decodeReply(bytes)
    if (!reply) return this.#malformed(message)
    const going = this.#going.get(key)
    if (!going || going.socket !== socket) return this.#stray(reply, message, socket)
    if (reply.kind === 'error') return this.#endedByClient(key, going, reply.code, reply.message)
    if (going.asked.mayGoOn?.() === false) return this.#stop(key, going)
    const { machine } = going
    const wasAnswered = machine.answered
    machine.acknowledge(reply.block, performance.now())
    if (!wasAnswered && machine.answered) this.#unanswered.delete(key)
    if (machine.finished) this.#finish(key, going)
  }

  #stop(key: number, going: Going): void {
    this.#parts.counters.refused++
    this.#say(going, encodeError(errors.access, over))
    this.#end(key, going, 'refused', { detail: over })
  }

  #finish(key: number, going: Going): void {
    this.#parts.counters.sent++
    this.#end(key, going, 'sent')
  }

  #malformed({ bytes, address }: UdpMessage): void {
    this.#parts.counters.malformed++
    this.#parts.onStrange(`a packet of ${bytes.length} bytes from ${address} is no ACK`)
  }

  // RFC 1350 §4: a packet from elsewhere gets ERROR 5 and disturbs nothing. An ERROR is never answered, nor is the echo of a last ACK:
  // some ROMs repeat it, and use the same port for their next transfer.
  #stray(reply: Reply, { key, address, port }: UdpMessage, socket: UdpSocket): void {
    const { counters } = this.#parts
    if (this.#pool.wasLast(key, socket)) return void counters.late++
    counters.strays++
    if (reply.kind === 'ack') socket.send(encodeError(errors.unknownTransfer, 'no such transfer'), port, address)
  }

  #endedByClient(key: number, going: Going, code: number, message: string): void {
    this.#parts.counters.aborted++
    const detail = `the client said ERROR ${code}${message && `: ${message}`}`
    const harmless = going.machine.arrived === 0 && isProbe(code, message)
    this.#end(key, going, 'aborted', { detail, ...(harmless && { harmless }) })
  }

  #tick(): void {
    const now = performance.now()
    for (const [key, going] of this.#going) {
      if (going.machine.tick(now)) continue
      this.#parts.counters.timeouts++
      const why = going.machine.ending ? 'all was sent, but its last ACK never came' : 'the client stopped answering'
      this.#end(key, going, 'timeout', { detail: why })
    }
    this.#pool.flushAll()
  }

  /** All that goes on, for whoever wants to know how far it is. */
  underway(): readonly Underway[] {
    const now = performance.now()
    return [...this.#going.values()].map((going) => ({
      ...aboutOf(going),
      milliseconds: now - going.startedAt,
      silent: now - going.machine.progressAt,
    }))
  }

  #end(
    key: number,
    going: Going,
    outcome: Ended['outcome'],
    more: { readonly detail?: string; readonly harmless?: true } = {},
  ): void {
    this.#going.delete(key)
    this.#unanswered.delete(key)
    going.pages.close()
    const { peer } = going.asked
    const left = (this.#bySource.get(peer.address) ?? 1) - 1
    if (left > 0) this.#bySource.set(peer.address, left)
    else this.#bySource.delete(peer.address)
    if (this.#going.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    this.#parts.onEnd({
      ...aboutOf(going),
      blksize: going.blksize,
      milliseconds: performance.now() - going.startedAt,
      outcome,
      ...more,
    })
  }
}

function aboutOf({
  machine,
  asked: { name, peer },
  pages: { size },
  blksize,
}: Going): Pick<Underway, 'carrier' | 'name' | 'peer' | 'bytes' | 'size' | 'answered'> {
  const bytes = machine.finished ? size : Math.min(machine.arrived * blksize, size)
  return { carrier: 'tftp', name, peer, bytes, size, answered: machine.answered }
}

/** EDK2 wants to know the size only: it takes the terms and ends with ERROR 8 (RFC 2347); other ROMs do so with ERROR 0. */
function isProbe(code: number, message: string): true | undefined {
  return code === 8 || (code === 0 && /abort/i.test(message)) || undefined
}
