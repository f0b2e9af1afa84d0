import type { DhcpSettings } from '../config/site.ts'
import type { Client } from '../boot/client.ts'
import type { Udp } from '../net/udp.ts'
import { Clerk } from './clerk.ts'
import type { DhcpCounters } from './counters.ts'
import { Desk, type DeskParts } from './desk.ts'
import type { DhcpEvent } from './event.ts'
import { Door } from './door.ts'
import { bootServerPort } from './proxy.ts'
import { serverPort } from './route.ts'
import { forecastOn, type Forecast } from './forecast.ts'

export interface DhcpParts extends DeskParts {
  readonly settings: DhcpSettings
  readonly udp: Udp
  /** Milliseconds since 1970. */
  readonly clock: { readonly now: () => number }
  /** Called on the path of every packet: it should be quick. */
  readonly onEvent?: (event: DhcpEvent) => void
}

export interface DhcpServer extends AsyncDisposable {
  readonly counters: DhcpCounters
  /** Interfaces that are listened on. */
  readonly interfaces: readonly string[]
  /** Interfaces that should be listened on and cannot be, with what the system said. */
  readonly missing: ReadonlyMap<string, Error>
  /** Tries the missing interfaces again: a card or a bridge may come later than this server. */
  retry(): Promise<void>
  /** A changed site: sockets that stay are not touched, leases and offers are kept. */
  update(settings: DhcpSettings): Promise<void>
  /** The reply that this client would get now; nothing is promised by asking. */
  forecast(client: Client, interfaceName?: string): Forecast
  close(): Promise<void>
}

/** Opens a socket on each interface and answers. An interface that cannot be opened is `missing`; the others answer. */
export async function openDhcp(parts: DhcpParts): Promise<DhcpServer> {
  const server = new Server(parts)
  await server.update(parts.settings)
  return server
}

class Server implements DhcpServer {
  readonly #parts: DhcpParts
  readonly #desk: Desk
  readonly #clerk: Clerk
  readonly #doors = new Map<string, readonly Door[]>()
  #mode: DhcpSettings['mode'] = 'off'
  readonly missing = new Map<string, Error>()
  /** Sockets are opened and closed in turn: two at once would open the same interface twice. */
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(parts: DhcpParts) {
    this.#parts = parts
    this.#desk = new Desk(parts.settings, parts, parts.clock.now())
    this.#clerk = new Clerk(this.#desk, parts.onEvent ?? (() => {}))
  }

  get counters(): DhcpCounters {
    return this.#clerk.counters
  }

  get interfaces(): readonly string[] {
    return [...this.#doors.keys()]
  }

  async update(settings: DhcpSettings): Promise<void> {
    this.#desk.update(settings, this.#parts.clock.now())
    await this.#inTurn(async () => {
      // A proxy has other doors.
      if (settings.mode !== this.#mode) await this.#listenOn([])
      this.#mode = settings.mode
      await this.#listenOn(settings.mode === 'off' ? [] : settings.interfaces)
    })
  }

  async retry(): Promise<void> {
    await this.#inTurn(async () => {
      for (const name of this.missing.keys()) await this.#listen(name)
    })
  }

  forecast(client: Client, interfaceName?: string): Forecast {
    const names = interfaceName === undefined ? this.interfaces : [interfaceName]
    const all = names.map((name) => forecastOn(this.#desk, client, name, this.#parts.clock.now()))
    return all.find(({ packet }) => packet) ?? all[0] ?? { why: 'DHCP is off', lines: ['no answer: DHCP is off'] }
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#isClosed = true
      const doors = [...this.#doors.values()].flat()
      this.#doors.clear()
      await Promise.all(doors.map((door) => door.close()))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(() => (this.#isClosed ? undefined : work()))
    this.#turn = done.catch(() => {})
    return done
  }

  async #listenOn(names: readonly string[]): Promise<void> {
    const wanted = new Set(names)
    for (const [name, doors] of this.#doors) {
      if (wanted.has(name)) continue
      this.#doors.delete(name)
      await Promise.all(doors.map((door) => door.close()))
    }
    for (const name of this.missing.keys()) if (!wanted.has(name)) this.missing.delete(name)
    for (const name of wanted) if (!this.#doors.has(name)) await this.#listen(name)
  }

  async #listen(name: string): Promise<void> {
    const ports = this.#mode === 'proxy' ? ([serverPort, bootServerPort] as const) : [serverPort]
    const doors = ports.map((port) => new Door(name, this.#clerk, this.#parts, port))
    try {
      for (const door of doors) await door.open()
      this.#doors.set(name, doors)
      this.missing.delete(name)
    } catch (error) {
      await Promise.all(doors.map((door) => door.close()))
      this.missing.set(name, error instanceof Error ? error : new Error(String(error)))
    }
  }
}
