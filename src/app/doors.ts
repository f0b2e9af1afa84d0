import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { DhcpSettings, Site } from '../config/site.ts'
import type { LeaseBook } from '../dhcp/lease.ts'
import { openDhcp, type DhcpServer } from '../dhcp/server.ts'
import type { DhcpEvent } from '../dhcp/event.ts'
import type { Session } from '../boot/session.ts'
import { advise } from '../files/advise.ts'
import { machineOf, type House } from '../files/house.ts'
import type { Mac } from '../net/mac.ts'
import type { Desk } from '../http/door.ts'
import { openHttp, type HttpServer } from '../http/server.ts'
import type { Finding, Peer, Transfer } from '../net/content.ts'
import type { Udp } from '../net/udp.ts'
import { chooseUdp } from '../net/udp-choose.ts'
import { openTftp, type TftpServer } from '../tftp/server.ts'
import type { Core } from './core.ts'
import { addressOn } from '../net/interfaces.ts'
import { neighbour } from '../net/neighbours.ts'
import { listenerOf, shut, tryOpen, type Listener, type Opened } from './listeners.ts'

/** DHCP, TFTP and HTTP on one core. */
export interface Doors {
  readonly listeners: readonly Listener[]
  readonly httpPort: number | undefined
  counters(): Record<string, unknown>
  update(site: Site): void
  close(): Promise<void>
}

export interface DoorParts {
  readonly core: Core
  readonly app: FastifyInstance
  /** By first segment: `v2`. */
  readonly desks?: ReadonlyMap<string, Desk>
  readonly leases: LeaseBook
  readonly log: Logger
}

export async function openDoors(parts: DoorParts): Promise<Doors> {
  const udp = await chooseUdp()
  const http = await openWeb(parts)
  const tftp = await openFiles(parts, udp)
  const dhcp = await openAddresses(parts, udp)
  const failed = (error: unknown): void => parts.log.error({ err: error }, 'dhcp.failed')
  const retrying = setInterval(() => void dhcp.door.retry().catch(failed), 5000)
  const counters = (): Record<string, unknown> => ({
    http: http.door?.counters,
    tftp: tftp.door?.counters,
    dhcp: dhcp.door.counters,
  })
  return {
    listeners: [http.listener, tftp.listener, dhcp.listener],
    httpPort: http.door?.port,
    counters,
    update: (site) => void dhcp.door.update(site.server.dhcp).catch(failed),
    async close() {
      // No new boots first, then let those under way end.
      clearInterval(retrying)
      await dhcp.door.close()
      await Promise.all([tftp.door?.close(), http.door?.close()])
    },
  }
}

async function openWeb({ core, app, desks, log }: DoorParts): Promise<Opened<HttpServer>> {
  const { address, port } = core.house.registry.site.server.http
  const opened = await tryOpen('HTTP', `${address}:${port}`, () =>
    openHttp({
      address,
      port,
      app,
      ...(desks && { desks }),
      appPrefixes: ['/api', '/r', '/k', '/i', '/o', '/w', '/u', '/b', '/m'],
      source: { find: (name, { peer, headers }) => core.shelf.find(name, { carrier: 'http', peer, headers }) },
      onEnd: (transfer: Transfer) => core.shelf.ended(transfer),
      onError: (error) => log.error({ err: error }, 'http.failed'),
    }),
  )
  return atItsPort(opened, address)
}

/** Port 0 is any that is free: which one is told when it is there. */
function atItsPort<T extends { readonly port: number }>({ door, listener }: Opened<T>, address: string): Opened<T> {
  return door ? { door, listener: { ...listener, where: `${address}:${door.port}` } } : { listener }
}

async function openFiles({ core, log }: DoorParts, udp: Udp): Promise<Opened<TftpServer>> {
  const { address, port, enabled } = core.house.registry.site.server.tftp
  if (!enabled) return { listener: shut('TFTP', 'switched off in birnam.yaml', 'tftp: { enabled: true } opens it') }
  const find = (name: string, peer: Peer): Finding => core.shelf.find(name, { carrier: 'tftp', peer, headers: {} })
  const opened = await tryOpen('TFTP', `${address}:${port}`, () =>
    openTftp({
      udp,
      address,
      port,
      source: { find },
      onEnd: (transfer) => core.shelf.ended(transfer),
      onStrange: (what) => log.warn({ what }, 'tftp.strange'),
    }),
  )
  return atItsPort(opened, address)
}

/** Always there, so that a site may switch it on while the server runs; interfaces that are missing are tried again. */
async function openAddresses({ core, leases, log }: DoorParts, udp: Udp): Promise<Required<Opened<DhcpServer>>> {
  const { house } = core
  const settings = house.registry.site.server.dhcp
  const door = await openDhcp({
    udp,
    clock: { now: house.now },
    serverAddressFor: addressOn,
    settings,
    leases,
    advisor: {
      advise: (client, server) => advise(house, client, server),
      isReserved: (address) => house.registry.at(address) !== undefined,
    },
    onEvent: (event: DhcpEvent) => heard(core, event),
  })
  for (const [name, error] of door.missing) log.warn({ interface: name, why: error.message }, 'dhcp.missing')
  return { door, listener: addressListener(settings, door) }
}

function addressListener(settings: DhcpSettings, { interfaces, missing }: DhcpServer): Listener {
  if (settings.mode === 'off')
    return shut('DHCP', noDhcp(settings), 'set dhcp.mode, interfaces and subnets in birnam.yaml')
  const failed = [...missing].map(([name, error]) => listenerOf('DHCP', name, error))
  if (interfaces.length === 0)
    return failed[0] ?? shut('DHCP', 'no interface is named', 'name one: dhcp.interfaces in birnam.yaml')
  const but = failed.map(({ why }) => `; ${why}, tried again every 5 s`).join('')
  const how = settings.mode === 'proxy' ? ' as a proxy (ports 67 and 4011): boot files, never addresses' : ''
  return { name: 'DHCP', state: 'listening', where: `${interfaces.join(', ')}${how}${but}` }
}

/** DHCP's events become the machine's; strangers are only counted, so that a flood of made-up cards writes nothing. */
function heard({ house }: Core, { type, mac, machine, client: _, interface: link, count, ...rest }: DhcpEvent): void {
  const named = machine ?? (mac && machineOf(house, mac)?.name)
  if (named === undefined && type !== 'dhcp.full' && type !== 'dhcp.other-server') return
  const session = mac && bootOf(house, mac)
  const event = {
    at: house.now(),
    type,
    ...(named !== undefined && { machine: named }),
    ...(mac && { mac }),
    ...(session && { session: session.id }),
    detail: { interface: link, count, ...rest, ...(type === 'dhcp.other-server' && cardOf(rest.server)) },
  }
  // Anybody can speak with the address of a known card; of made-up ones, only that there are any is told.
  house.journal.recordSeldom(event, named === undefined ? link : `${link} ${mac} ${session?.id} ${rest.why}`)
}

/** A server that nobody knows of is found by its card. */
function cardOf(server: DhcpEvent['server']): { readonly serverMac?: Mac } {
  const card = server === undefined ? undefined : neighbour(server)
  return card === undefined ? {} : { serverMac: card }
}

/** The boot that a DHCP message belongs to; a system that renews its lease hours later is not booting any more. */
function bootOf({ sessions, now }: House, mac: Mac): Session | undefined {
  const session = sessions.current(mac)
  return session && now() - session.stageAt < 15 * 60_000 ? session : undefined
}

function noDhcp({ subnets }: DhcpSettings): string {
  return subnets.length === 0
    ? 'no subnet is named, and Birnam never answers on a network nobody named'
    : 'dhcp.mode is off'
}
