import { Fault } from '../fault.ts'
import type { Content, Finding, Peer, Transfer as Ended, Underway } from '../net/content.ts'
import type { Udp, UdpMessage, UdpSocket } from '../net/udp.ts'
import { newCounters, type TftpCounters } from './counters.ts'
import { Library } from './library.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { negotiate, type Terms } from './negotiate.ts'
import { toNetascii } from './netascii.ts'
import { decodeRequest, encodeError, errors, isReply, type ReadRequest } from './packet.ts'
import { pagesOf, type Pages } from './pages.ts'
import type { PortRange } from './pool.ts'
import { over, Transfers, type Asked } from './transfers.ts'

/** What a name means: asked once for each request. */
export interface TftpSource {
  find(name: string, peer: Peer): Finding | Promise<Finding>
}

export interface TftpOptions {
  readonly udp: Udp
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  /** Where transfers are sent from: these ports (both ends count), or the listening port itself. Any free ones when not given. */
  readonly ports?: PortRange | 'listener'
  readonly source: TftpSource
  readonly onEnd?: (transfer: Ended) => void
  /** Packets that make no sense, told once in a while. */
  readonly onStrange?: (what: string) => void
  readonly limits?: Partial<Limits>
}

export interface TftpServer extends AsyncDisposable {
  readonly port: number
  readonly counters: Readonly<TftpCounters>
  underway(): readonly Underway[]
  close(): Promise<void>
}

/** Opens the listening port and the sockets that transfers are sent from. Rejects when the port cannot be had. */
export async function openTftp(options: TftpOptions): Promise<TftpServer> {
  const server = new Server(options)
  await server.open()
  return server
}

class Server implements TftpServer {
  readonly counters = newCounters()
  readonly #options: TftpOptions
  readonly #limits: Limits
  readonly #library: Library
  readonly #transfers: Transfers
  /** Clients whose name is being looked up, or whose file is being read. */
  readonly #asking = new Set<number>()
  #listener!: UdpSocket
  #strangeAt = -Infinity
  #settling = false
  #closed = false

  constructor(options: TftpOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#library = new Library(this.#limits.memory)
    this.#transfers = new Transfers({
      counters: this.counters,
      limits: this.#limits,
      onEnd: (ended) => this.#tell(ended),
      onStrange: (what) => this.#strange(what),
    })
  }

  get port(): number {
    return this.#listener.port
  }

  underway(): readonly Underway[] {
    return this.#transfers.underway()
  }

  async open(): Promise<void> {
    const { udp, address, port, ports } = this.#options
    this.#listener = await udp.open({
      address,
      port,
      receiveBuffer: 4 << 20,
      // Bound to one address, only that one can have been asked.
      tellLocal: address === '0.0.0.0',
      onError: () => void this.counters.sendErrors++,
      mayFragment: true,
      onMessage: (message, socket) => this.#arrive(message, socket),
      onBatchEnd: () => this.#transfers.flush(),
    })
    try {
      await this.#transfers.open(udp, address, ports === 'listener' ? this.#listener : ports)
    } catch (error) {
      await this.#listener.close()
      throw error
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([this.#transfers.close(), this.#listener.close()])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** RFC 1350 §4 gives each transfer a port of its own; behind NAT and published ports there is none but this. */
  #arrive(message: UdpMessage, socket: UdpSocket): void {
    if (this.#options.ports === 'listener' && isReply(message.bytes)) this.#transfers.hear(message, socket)
    else this.#hear(message)
  }

  #hear({ bytes, key, address, port, local, toAll }: UdpMessage): void {
    if (toAll) return void this.counters.broadcasts++
    this.counters.requests++
    const request = decodeRequest(bytes)
    if (!request) {
      this.counters.malformed++
      return this.#strange(`a packet of ${bytes.length} bytes from ${address} is no request`)
    }
    const name = request.kind === 'read' ? request.read.name : ''
    const asked: Asked = { key, peer: { address, port }, name, ...(local !== undefined && { local }) }
    if (request.kind === 'read') return this.#take(asked, request.read)
    this.counters.refused++
    this.#strange(`a request from ${address}: ${request.why}`)
    this.#refuse(asked, request.code, request.why)
  }

  #take(asked: Asked, read: ReadRequest): void {
    if (this.#asking.has(asked.key) || this.#transfers.isRepeat(asked)) return
    if (this.#transfers.hasRoom(asked, this.#asking.size)) return this.#find(asked, read)
    this.counters.overloaded++
    this.#refuse(asked, errors.undefined, 'too many transfers at once: try again')
  }

  #find(asked: Asked, read: ReadRequest): void {
    try {
      const finding = this.#options.source.find(read.name, asked.peer)
      if (!(finding instanceof Promise)) return this.#answer(asked, read, finding)
      this.#wait(
        asked,
        finding.then((found) => this.#answer(asked, read, found)),
      )
    } catch (error) {
      this.#fail(asked, error)
    }
  }

  #wait(asked: Asked, work: Promise<void>): void {
    this.#asking.add(asked.key)
    void work.catch((error: unknown) => this.#fail(asked, error)).finally(() => this.#asking.delete(asked.key))
  }

  #answer(asked: Asked, read: ReadRequest, finding: Finding): void {
    if (this.#closed) return
    if (!finding) {
      this.counters.missing++
      return this.#say(asked, errors.notFound, 'there is no such file', 'missing')
    }
    if (finding.kind === 'refused') {
      this.counters.refused++
      const code = finding.status === 404 ? errors.notFound : errors.access
      return this.#say(asked, code, finding.message, 'refused', finding.message)
    }
    this.#send(asked, read, finding)
  }

  #send(who: Asked, read: ReadRequest, content: Content): void {
    const asked = content.mayGoOn ? { ...who, mayGoOn: content.mayGoOn } : who
    const isText = read.mode === 'netascii'
    const size = content.kind === 'file' ? content.size : content.bytes.length
    const terms = negotiate(read.options, isText ? undefined : size, this.#limits)
    const pages = this.#pagesOf(content, terms.blksize, isText)
    if (!(pages instanceof Promise)) return this.#transfers.start(asked, terms, pages)
    this.#wait(
      asked,
      pages.then((ready) => this.#start(asked, terms, ready)),
    )
  }

  /** The file was waited for. */
  #start(asked: Asked, terms: Terms, pages: Pages): void {
    const isOver = asked.mayGoOn?.() === false
    if (!isOver && !this.#closed) return this.#transfers.start(asked, terms, pages)
    pages.close()
    if (!isOver) return
    this.counters.refused++
    this.#say(asked, errors.access, over, 'refused', over)
  }

  #pagesOf(content: Content, blksize: number, isText: boolean): Pages | Promise<Pages> {
    if (content.kind === 'bytes') return pagesOf(isText ? toNetascii(content.bytes) : content.bytes, blksize)
    const ready = isText ? undefined : this.#library.pagesNow(content, blksize)
    return ready ?? this.#library.pages(content, blksize, isText)
  }

  #fail(asked: Asked, error: unknown): void {
    this.counters.failed++
    const why = error instanceof Error ? error.message : String(error)
    this.#say(asked, errors.undefined, sayable(error), 'failed', why)
  }

  #say(asked: Asked, code: number, why: string, outcome: Ended['outcome'], detail?: string): void {
    this.#refuse(asked, code, why)
    const { name, peer } = asked
    this.#tell({
      carrier: 'tftp',
      name,
      peer,
      bytes: 0,
      milliseconds: 0,
      outcome,
      ...(detail !== undefined && { detail }),
    })
  }

  #refuse({ peer, local }: Asked, code: number, why: string): void {
    this.#listener.send(encodeError(code, why), peer.port, peer.address, local)
  }

  /** A mistake of whoever listens ends nobody's transfer. */
  #tell(ended: Ended): void {
    if (!this.#options.onEnd) return
    try {
      this.#options.onEnd(ended)
    } catch (error) {
      this.#strange(`what is done at the end of a transfer failed: ${String(error)}`)
    }
    this.#settle()
  }

  /** The sockets of transfers spare themselves a turn of the event loop for each batch; who was told may have left promises. */
  #settle(): void {
    if (this.#settling) return
    this.#settling = true
    setImmediate(() => (this.#settling = false))
  }

  #strange(what: string): void {
    const now = performance.now()
    if (now - this.#strangeAt < 10_000) return
    this.#strangeAt = now
    this.#options.onStrange?.(what)
  }
}

/** What the system says of a file names its path, which is nobody's business on the wire; the journal has it. */
export function sayable(error: unknown): string {
  return error instanceof Fault ? error.message : 'the file cannot be read'
}
