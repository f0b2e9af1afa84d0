import type { DhcpSettings } from '../config/site.ts'
import type { Client } from '../boot/client.ts'
import { InterfaceDoors, type InterfaceDoor } from '../net/interface-doors.ts'
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
  readonly #doors = new InterfaceDoors((name) => this.#open(name))
  #mode: DhcpSettings['mode'] = 'off'

  constructor(parts: DhcpParts) {
    this.#parts = parts
    this.#desk = new Desk(parts.settings, parts, parts.clock.now())
    this.#clerk = new Clerk(this.#desk, parts.onEvent ?? (() => {}))
  }

  get counters(): DhcpCounters {
    return this.#clerk.counters
  }

  get interfaces(): readonly string[] {
    return this.#doors.names
  }

  get missing(): ReadonlyMap<string, Error> {
    return this.#doors.missing
  }

  async update(settings: DhcpSettings): Promise<void> {
    const { mode, interfaces } = settings
    this.#desk.update(settings, this.#parts.clock.now())
    const isOther = mode !== this.#mode
    this.#mode = mode
    // A proxy has other doors.
    if (isOther) await this.#doors.want([])
    await this.#doors.want(mode === 'off' ? [] : interfaces)
  }

  retry(): Promise<void> {
    return this.#doors.retry()
  }

  forecast(client: Client, interfaceName?: string): Forecast {
    const names = interfaceName === undefined ? this.interfaces : [interfaceName]
    const all = names.map((name) => forecastOn(this.#desk, client, name, this.#parts.clock.now()))
    return all.find(({ packet }) => packet) ?? all[0] ?? { why: 'DHCP is off', lines: ['no answer: DHCP is off'] }
  }

  close(): Promise<void> {
    return this.#doors.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #open(name: string): Promise<InterfaceDoor> {
    const ports = this.#mode === 'proxy' ? ([serverPort, bootServerPort] as const) : [serverPort]
    const doors = ports.map((port) => new Door(name, this.#clerk, this.#parts, port))
    const close = async (): Promise<void> => void (await Promise.all(doors.map((door) => door.close())))
    try {
      for (const door of doors) await door.open()
      return { close }
    } catch (error) {
      await close()
      throw error
    }
  }
}
