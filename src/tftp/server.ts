import type { Content, Finding, Peer, Transfer as Ended } from '../net/content.ts'
import type { Udp, UdpSocket } from '../net/udp.ts'
import { newCounters, type TftpCounters } from './counters.ts'
import { header, LayoutCache, layOut, windowOf, type Layout } from './layout.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { negotiate, type Terms } from './negotiate.ts'
import { toNetascii } from './netascii.ts'
import { decodeReply, decodeRequest, encodeError, encodeOack, errors, type ReadRequest } from './packet.ts'
import { Transfer } from './transfer.ts'

/** What a name means: asked once for each request. */
export interface TftpSource {
  find(name: string, peer: Peer): Finding | Promise<Finding>
}

export interface TftpOptions {
  readonly udp: Udp
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  readonly source: TftpSource
  readonly onEnd?: (transfer: Ended) => void
  /** Packets that make no sense, told once in a while. */
  readonly onStrange?: (what: string) => void
  readonly limits?: Partial<Limits>
}

export interface TftpServer extends AsyncDisposable {
  readonly port: number
  readonly counters: Readonly<TftpCounters>
  close(): Promise<void>
}

/** Opens the listening port and the sockets that transfers are sent from. Rejects when the port cannot be had. */
export async function openTftp(options: TftpOptions): Promise<TftpServer> {
  const server = new Server(options)
  await server.open()
  return server
}

/** A transfer under way, and where it goes. */
interface Going {
  readonly machine: Transfer
  readonly socket: UdpSocket
  readonly peer: Peer
  readonly read: ReadRequest
  readonly startedAt: number
  readonly size: number
}

class Server implements TftpServer {
  readonly counters = newCounters()
  readonly #options: TftpOptions
  readonly #limits: Limits
  readonly #layouts: LayoutCache
  /** By client address and port: a client has one transfer at a port. */
  readonly #going = new Map<string, Going>()
  readonly #asking = new Set<string>()
  readonly #bySource = new Map<string, number>()
  #listener!: UdpSocket
  #pool: readonly UdpSocket[] = []
  #turn = 0
  #timer: NodeJS.Timeout | undefined
  #strangeAt = -Infinity

  constructor(options: TftpOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#layouts = new LayoutCache(this.#limits.memory)
  }

  get port(): number {
    return this.#listener.port
  }

  async open(): Promise<void> {
    const { udp, address, port } = this.#options
    const onError = (): void => void this.counters.sendErrors++
    const receiveBuffer = 4 << 20
    this.#listener = await udp.open({
      address,
      port,
      receiveBuffer,
      onError,
      onMessage: ({ bytes, address: from, port: at }) => this.#request(bytes, { address: from, port: at }),
    })
    try {
      // Shared by all transfers, which differ by the client's side; rotated, so that a client's next transfer has another TID.
      this.#pool = await Promise.all(
        Array.from({ length: this.#limits.sockets }, () =>
          udp.open({
            address,
            port: 0,
            receiveBuffer,
            onError,
            onMessage: ({ bytes, address: from, port: at }, socket) => this.#reply(bytes, from, at, socket),
          }),
        ),
      )
    } catch (error) {
      await this.#listener.close()
      throw error
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const [key, going] of this.#going) this.#end(key, going, 'aborted', 'the server stops')
    await Promise.all([this.#listener, ...this.#pool].map((socket) => socket.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #request(bytes: Buffer, peer: Peer): void {
    this.counters.requests++
    const request = decodeRequest(bytes)
    if (!request) return this.#strange(`a packet of ${bytes.length} bytes from ${peer.address} is no request`)
    if (request.kind === 'refused') {
      this.counters.refused++
      return this.#refuse(peer, request.code, request.why)
    }
    const key = keyOf(peer)
    if (this.#asking.has(key) || this.#isRepeat(key, request.read)) return
    if (!this.#hasRoom(peer)) {
      this.counters.overloaded++
      return this.#refuse(peer, errors.undefined, 'too many transfers at once: try again')
    }
    this.#find(key, request.read, peer)
  }

  /** The same RRQ again, because our OACK was lost: the transfer that is there answers it. */
  #isRepeat(key: string, read: ReadRequest): boolean {
    const going = this.#going.get(key)
    if (!going) return false
    if (going.machine.opening && going.read.name === read.name) {
      this.counters.repeated++
      going.machine.requestedAgain(performance.now())
      return true
    }
    this.#end(key, going, 'aborted', 'the client asked for something else')
    return false
  }

  #hasRoom({ address }: Peer): boolean {
    return (
      this.#going.size < this.#limits.transfers && (this.#bySource.get(address) ?? 0) < this.#limits.transfersPerSource
    )
  }

  #find(key: string, read: ReadRequest, peer: Peer): void {
    try {
      const finding = this.#options.source.find(read.name, peer)
      if (!(finding instanceof Promise)) return this.#answer(key, read, peer, finding)
      this.#wait(
        key,
        read,
        peer,
        finding.then((found) => this.#answer(key, read, peer, found)),
      )
    } catch (error) {
      this.#fail(read, peer, error)
    }
  }

  #wait(key: string, read: ReadRequest, peer: Peer, work: Promise<void>): void {
    this.#asking.add(key)
    void work.catch((error: unknown) => this.#fail(read, peer, error)).finally(() => this.#asking.delete(key))
  }

  #answer(key: string, read: ReadRequest, peer: Peer, finding: Finding): void {
    if (!finding) {
      this.counters.missing++
      this.#refuse(peer, errors.notFound, 'there is no such file')
      return this.#tell(read, peer, 'missing')
    }
    if (finding.kind === 'refused') {
      this.counters.refused++
      this.#refuse(peer, finding.status === 404 ? errors.notFound : errors.access, finding.message)
      return this.#tell(read, peer, 'refused', finding.message)
    }
    const netascii = read.mode === 'netascii'
    const size = sizeOf(finding)
    if (size > this.#limits.largestFile)
      return this.#fail(read, peer, new Error('too large for TFTP: fetch it by HTTP'))
    const terms = negotiate(read.options, netascii ? undefined : size, this.#limits)
    const layout = this.#layoutOf(finding, terms, netascii)
    if (!(layout instanceof Promise)) return this.#start(key, read, peer, terms, layout)
    this.#wait(
      key,
      read,
      peer,
      layout.then((ready) => this.#start(key, read, peer, terms, ready)),
    )
  }

  #layoutOf(content: Content, { blksize }: Terms, netascii: boolean): Layout | Promise<Layout> {
    if (content.kind === 'file') return this.#layouts.of(content, blksize, netascii)
    return layOut(netascii ? toNetascii(content.bytes) : content.bytes, blksize)
  }

  #start(key: string, read: ReadRequest, peer: Peer, terms: Terms, layout: Layout): void {
    const socket = this.#pool[this.#turn++ % this.#pool.length]!
    const { address, port } = peer
    const oack = terms.acknowledged.length > 0 ? encodeOack(terms.acknowledged) : undefined
    const machine = new Transfer(terms, layout.blocks, {
      oack: () => oack && socket.send(oack, port, address),
      blocks: (first, count) => {
        this.counters.windows++
        const window = windowOf(layout, first, count)
        if (count === 1) socket.send(window, port, address)
        else socket.sendSegments(window, terms.blksize + header, port, address)
      },
    })
    const startedAt = performance.now()
    const size = layout.bytes.length - layout.blocks * header
    this.#going.set(key, { machine, socket, peer, read, startedAt, size })
    this.#bySource.set(address, (this.#bySource.get(address) ?? 0) + 1)
    this.#timer ??= setInterval(() => this.#tick(), 20)
    machine.start(startedAt)
  }

  #reply(bytes: Buffer, address: string, port: number, socket: UdpSocket): void {
    const reply = decodeReply(bytes)
    if (!reply) return this.#strange(`a packet of ${bytes.length} bytes from ${address} is no ACK`)
    const key = `${address}:${port}`
    const going = this.#going.get(key)
    if (!going || going.socket !== socket) return this.#stray(reply, port, address, socket)
    if ('error' in reply) return this.#endedByClient(key, going, reply.error)
    going.machine.acknowledge(reply.ack, performance.now())
    if (going.machine.finished) this.#end(key, going, 'sent')
  }

  // RFC 1350 §4: a packet from elsewhere gets ERROR 5 and disturbs nothing. An ERROR is never answered.
  #stray(reply: { ack: number } | { error: number }, port: number, address: string, socket: UdpSocket): void {
    this.counters.strays++
    if ('ack' in reply) socket.send(encodeError(errors.unknownTransfer, 'no such transfer'), port, address)
  }

  // EDK2 asks for the size only: it takes the OACK and ends with ERROR 8. That is no failure.
  #endedByClient(key: string, going: Going, code: number): void {
    this.counters.aborted++
    this.#end(key, going, 'aborted', `the client said ERROR ${code}`)
  }

  #tick(): void {
    const now = performance.now()
    for (const [key, going] of this.#going) {
      if (going.machine.tick(now)) continue
      this.counters.timeouts++
      this.#end(key, going, 'timeout', 'the client stopped answering')
    }
    for (const socket of this.#pool) socket.flush?.()
  }

  #end(key: string, going: Going, outcome: Ended['outcome'], detail?: string): void {
    this.#going.delete(key)
    const { address } = going.peer
    const left = (this.#bySource.get(address) ?? 1) - 1
    if (left > 0) this.#bySource.set(address, left)
    else this.#bySource.delete(address)
    if (this.#going.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    if (outcome === 'sent') this.counters.sent++
    this.#tell(going.read, going.peer, outcome, detail, going)
  }

  #fail(read: ReadRequest, peer: Peer, error: unknown): void {
    this.counters.failed++
    const why = error instanceof Error ? error.message : String(error)
    this.#refuse(peer, errors.undefined, why)
    this.#tell(read, peer, 'failed', why)
  }

  #refuse({ address, port }: Peer, code: number, why: string): void {
    this.#listener.send(encodeError(code, why), port, address)
  }

  #tell({ name }: ReadRequest, peer: Peer, outcome: Ended['outcome'], detail?: string, going?: Going): void {
    const bytes = outcome === 'sent' ? going!.size : 0
    const milliseconds = going ? performance.now() - going.startedAt : 0
    this.#options.onEnd?.({
      carrier: 'tftp',
      name,
      peer,
      bytes,
      milliseconds,
      outcome,
      ...(detail !== undefined && { detail }),
    })
  }

  #strange(what: string): void {
    this.counters.malformed++
    const now = performance.now()
    if (now - this.#strangeAt < 10_000) return
    this.#strangeAt = now
    this.#options.onStrange?.(what)
  }
}

function sizeOf(content: Content): number {
  return content.kind === 'file' ? content.size : content.bytes.length
}

function keyOf({ address, port }: Peer): string {
  return `${address}:${port}`
}
