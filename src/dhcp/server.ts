import type { DhcpSettings } from '../config/site.ts'
import type { Client } from '../boot/client.ts'
import { Clerk, type Outcome } from './clerk.ts'
import type { DhcpCounters } from './counters.ts'
import { Desk, type DeskParts } from './desk.ts'
import type { DhcpEvent } from './event.ts'
import { forecastOn, type Forecast } from './forecast.ts'
import type { Lease } from './lease.ts'
import { serverPort } from './route.ts'
import type { Datagram, OpenWire, Wire } from './wire.ts'

export interface DhcpParts extends DeskParts {
  readonly settings: DhcpSettings
  readonly openWire: OpenWire
  /** Milliseconds since 1970. */
  readonly clock: { readonly now: () => number }
  /** Called on the path of every packet: it should be quick. */
  readonly onEvent?: (event: DhcpEvent) => void
}

export interface DhcpServer extends AsyncDisposable {
  readonly counters: DhcpCounters
  /** Interfaces that are listened on. */
  readonly interfaces: readonly string[]
  /** A changed site: sockets that stay are not touched, leases and offers are kept. */
  update(settings: DhcpSettings): Promise<void>
  /** The reply that this client would get now; nothing is promised by asking. */
  forecast(client: Client, interfaceName?: string): Forecast
  close(): Promise<void>
}

/** Opens a socket on each interface and answers. Rejects when one cannot be opened, with none left open. */
export async function openDhcp(parts: DhcpParts): Promise<DhcpServer> {
  const server = new Server(parts)
  try {
    await server.update(parts.settings)
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

class Server implements DhcpServer {
  readonly #parts: DhcpParts
  readonly #desk: Desk
  readonly #clerk: Clerk
  readonly #tell: (event: DhcpEvent) => void
  readonly #wires = new Map<string, Wire>()
  readonly #commits = new Set<Promise<void>>()

  constructor(parts: DhcpParts) {
    this.#parts = parts
    this.#tell = parts.onEvent ?? (() => {})
    this.#desk = new Desk(parts.settings, parts, parts.clock.now())
    this.#clerk = new Clerk(this.#desk, this.#tell)
  }

  get counters(): DhcpCounters {
    return this.#clerk.counters
  }

  get interfaces(): readonly string[] {
    return [...this.#wires.keys()]
  }

  async update(settings: DhcpSettings): Promise<void> {
    this.#desk.update(settings, this.#parts.clock.now())
    const wanted = new Set(settings.mode === 'server' ? settings.interfaces : [])
    for (const [name, wire] of this.#wires) {
      if (wanted.has(name)) continue
      this.#wires.delete(name)
      await wire.close()
    }
    for (const name of wanted) if (!this.#wires.has(name)) await this.#listen(name)
  }

  forecast(client: Client, interfaceName?: string): Forecast {
    const names = interfaceName === undefined ? this.interfaces : [interfaceName]
    const all = names.map((name) => forecastOn(this.#desk, client, name, this.#parts.clock.now()))
    return all.find(({ packet }) => packet) ?? all[0] ?? { why: 'DHCP is off', lines: ['no answer: DHCP is off'] }
  }

  async close(): Promise<void> {
    const wires = [...this.#wires.values()]
    this.#wires.clear()
    await Promise.allSettled(this.#commits)
    await Promise.all(wires.map((wire) => wire.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #listen(name: string): Promise<void> {
    const wire = await this.#parts.openWire({ interface: name, port: serverPort })
    this.#wires.set(name, wire)
    wire.receive((batch) => this.#answer(name, wire, batch))
  }

  /** OFFERs leave at once. ACKs wait until the leases of the whole batch are on disk, in one transaction, and leave together. */
  #answer(name: string, wire: Wire, batch: readonly Datagram[]): void {
    const now = this.#parts.clock.now()
    const promises: (Outcome & { readonly lease: Lease })[] = []
    const replies: Datagram[] = []
    for (const { bytes } of batch) {
      const outcome = this.#clerk.take(bytes, name, now)
      if (!outcome) continue
      if (outcome.lease) promises.push({ ...outcome, lease: outcome.lease })
      else this.#finish(outcome, replies)
    }
    if (replies.length > 0) wire.send(replies)
    if (promises.length > 0) this.#keep(name, wire, promises)
  }

  #keep(name: string, wire: Wire, promises: readonly (Outcome & { readonly lease: Lease })[]): void {
    const commit = this.#parts.leases
      .commit(promises.map(({ lease }) => lease))
      .then(() => {
        const replies: Datagram[] = []
        for (const outcome of promises) this.#finish(outcome, replies)
        if (replies.length > 0 && this.#wires.get(name) === wire) wire.send(replies)
      })
      // An ACK without its lease on disk would be a lie: the clients ask again.
      .catch((error: unknown) => {
        for (const _ of promises) this.#clerk.drop('lease not written', name, this.#parts.clock.now(), String(error))
      })
      .finally(() => this.#commits.delete(commit))
    this.#commits.add(commit)
  }

  #finish({ reply, event }: Outcome, replies: Datagram[]): void {
    if (reply) replies.push(reply)
    if (event) this.#tell(event)
  }
}
