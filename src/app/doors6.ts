import type { Logger } from 'pino'
import type { Dhcp6Settings } from '../config/site.ts'
import type { Book6 } from '../dhcp6/book.ts'
import { openDhcp6 } from '../dhcp6/server.ts'
import type { House } from '../files/house.ts'
import type { HttpServer } from '../http/server.ts'
import type { Underway } from '../net/content.ts'
import { addresses6On } from '../net/interfaces.ts'
import type { TftpServer } from '../tftp/server.ts'
import type { Core } from './core.ts'
import { advisor6 } from './forecast.ts'
import { hear } from './heard.ts'
import { interfaceListener, type Listener, type Opened } from './listeners.ts'

/** DHCPv6, and the files over IPv6: all of it only where the site names an interface under dhcp6. */
export interface Doors6 {
  readonly listeners: readonly Listener[]
  counters(): Record<string, unknown>
  /** Files that are on their way. */
  underway(): readonly Underway[]
  http(): HttpServer | undefined
  retry(): Promise<void>
  update(settings: Dhcp6Settings): Promise<void>
  /** No new boots. */
  stop(): Promise<void>
  close(): Promise<void>
}

export interface Doors6Parts {
  readonly core: Core
  readonly book6: Book6
  readonly log: Logger
  readonly openHttp: () => Promise<Opened<HttpServer>>
  readonly openTftp: () => Promise<Opened<TftpServer>>
}

export async function openDoors6(parts: Doors6Parts): Promise<Doors6> {
  const { house } = parts.core
  const settings = house.registry.site.server.dhcp6
  const dhcp = await openDhcp6({ ...deskParts(parts), settings, clock: { now: house.now } })
  for (const [name, error] of dhcp.missing) parts.log.warn({ interface: name, why: error.message }, 'dhcp6.missing')
  const files = new Files(parts)
  if (settings.interfaces.length > 0) await files.open()
  return {
    listeners: [...files.listeners, interfaceListener('DHCPv6', dhcp)].filter((each) => each !== undefined),
    counters: () => (files.isOpen ? { dhcp6: dhcp.counters, ...files.counters() } : {}),
    underway: () => files.underway(),
    http: () => files.http,
    retry: () => dhcp.retry(),
    async update(next) {
      if (next.interfaces.length > 0) await files.open()
      await dhcp.update(next)
    },
    stop: () => dhcp.close(),
    close: () => files.close(),
  }
}

/** TFTP and HTTP on every IPv6 address, at the ports that they have over IPv4. */
class Files {
  readonly #parts: Doors6Parts
  #opening: Promise<void> | undefined
  #http: Opened<HttpServer> | undefined
  #tftp: Opened<TftpServer> | undefined

  constructor(parts: Doors6Parts) {
    this.#parts = parts
  }

  get isOpen(): boolean {
    return this.#opening !== undefined
  }

  get listeners(): readonly Listener[] {
    return [this.#http?.listener, this.#tftp?.listener].filter((each) => each !== undefined)
  }

  get http(): HttpServer | undefined {
    return this.#http?.door
  }

  underway(): readonly Underway[] {
    return [this.#http?.door, this.#tftp?.door].flatMap((door) => door?.underway() ?? [])
  }

  /** Once, however often it is asked for. */
  open(): Promise<void> {
    return (this.#opening ??= this.#open())
  }

  async #open(): Promise<void> {
    const { core, openHttp, openTftp } = this.#parts
    // Who listens on :: hears both families already.
    if (!core.house.registry.site.server.http.address.includes(':')) this.#http = await openHttp()
    this.#tftp = await openTftp()
  }

  counters(): Record<string, unknown> {
    return { http6: this.#http?.door?.counters, tftp6: this.#tftp?.door?.counters }
  }

  async close(): Promise<void> {
    await Promise.all([this.#http?.door?.close(), this.#tftp?.door?.close()])
  }
}

function deskParts({ core, book6 }: Doors6Parts): Omit<Parameters<typeof openDhcp6>[0], 'settings' | 'clock'> {
  const { house } = core
  return {
    book: book6,
    serverId: duidOf(house),
    addressesOn: addresses6On,
    advisor: advisor6(house),
    onEvent: (event) => hear(house, event, ['dhcp6.other-server', 'dhcp6.dropped']),
  }
}

/** DUID-UUID (RFC 6355) out of the server's key: the same after a restart, another one on every server. */
function duidOf({ sessions }: House): Buffer {
  return Buffer.from(`0004${sessions.seal('dhcp6 server', '')}`, 'hex')
}
