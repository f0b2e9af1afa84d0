import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { DhcpSettings, Site } from '../config/site.ts'
import type { LeaseBook } from '../dhcp/lease.ts'
import { openDhcp, type DhcpServer } from '../dhcp/server.ts'
import type { DhcpEvent } from '../dhcp/event.ts'
import { advise } from '../files/advise.ts'
import type { House } from '../files/house.ts'
import { cobblerPrefixes } from '../api/cobbler.ts'
import type { Book6 } from '../dhcp6/book.ts'
import type { Mac } from '../net/mac.ts'
import { udp6 } from '../net/udp6.ts'
import { openDoors6 } from './doors6.ts'
import { hear } from './heard.ts'
import { SecureDoor, tlsFailed } from './https.ts'
import type { Desk } from '../http/door.ts'
import { openHttp, type HttpOptions, type HttpServer } from '../http/server.ts'
import type { Finding, Peer, Transfer, Underway } from '../net/content.ts'
import type { Udp } from '../net/udp.ts'
import { chooseUdp } from '../net/udp-choose.ts'
import { openTftp, type TftpServer } from '../tftp/server.ts'
import type { Core } from './core.ts'
import { addressOn } from '../net/interfaces.ts'
import { openAnswering } from '../net/neighbours.ts'
import { pairFiles } from '../net/certificate.ts'
import { isIpv6 } from '../net/ipv6.ts'
import { interfaceListener, shut, tryOpen, type Listener, type Opened } from './listeners.ts'

/** DHCP, TFTP and HTTP on one core. */
export interface Doors {
  readonly listeners: readonly Listener[]
  readonly httpPort: number | undefined
  /** Undefined where TLS is not spoken. */
  readonly httpsPort: number | undefined
  counters(): Record<string, unknown>
  /** Files that are on their way to machines. */
  underway(): readonly Underway[]
  /** Milliseconds since an address last connected to an HTTP port. */
  connectedAgo(address: string): number | undefined
  update(site: Site): void
  close(): Promise<void>
}

export interface DoorParts {
  readonly core: Core
  readonly app: FastifyInstance
  /** By first segment: `v2`. */
  readonly desks?: ReadonlyMap<string, Desk>
  readonly leases: LeaseBook
  readonly book6: Book6
  readonly log: Logger
}

export async function openDoors(parts: DoorParts): Promise<Doors> {
  const udp = await chooseUdp()
  const http = await openWeb(parts)
  const https = await openSecure(parts)
  const tftp = await openFiles(parts, udp)
  const dhcp = await openAddresses(parts, udp)
  const six = await openDoors6({
    ...parts,
    openHttp: () => openWeb(parts, { address: '::', port: http.door?.port ?? 0 }),
    openTftp: () => openFiles(parts, udp6, { address: '::', port: tftp.door?.port ?? 0 }),
  })
  const failed = (error: unknown): void => parts.log.error({ err: error }, 'dhcp.failed')
  const retrying = setInterval(() => {
    https?.renew()
    void Promise.all([dhcp.door.retry(), six.retry()]).catch(failed)
  }, 5000)
  const counters = (): Record<string, unknown> => ({
    http: http.door?.counters,
    ...(https?.server && { https: https.server.counters }),
    tftp: tftp.door?.counters,
    dhcp: dhcp.door.counters,
    ...six.counters(),
  })
  return {
    listeners: [http.listener, ...(https ? [https.listener] : []), tftp.listener, dhcp.listener, ...six.listeners],
    httpPort: http.door?.port,
    httpsPort: https?.server?.port,
    counters,
    underway: () => [
      ...[http.door, https?.server, tftp.door].flatMap((door) => door?.underway() ?? []),
      ...six.underway(),
    ],
    connectedAgo: (from) => newest([http.door, https?.server, six.http()].map((door) => door?.connectedAgo(from))),
    update: (site) =>
      void Promise.all([dhcp.door.update(site.server.dhcp), six.update(site.server.dhcp6)]).catch(failed),
    async close() {
      // No new boots first, then let those under way end.
      clearInterval(retrying)
      await Promise.all([dhcp.door.close(), six.stop()])
      await Promise.all([tftp.door?.close(), http.door?.close(), https?.server?.close(), six.close()])
    },
  }
}

function newest(ages: readonly (number | undefined)[]): number | undefined {
  const known = ages.filter((age) => age !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** Where to listen, when not as the site says: on every IPv6 address. */
interface OverIpv6 {
  readonly address: '::'
  readonly port: number
}

async function openWeb(parts: DoorParts, over?: OverIpv6): Promise<Opened<HttpServer>> {
  const { address, port } = over ?? parts.core.house.registry.site.server.http
  const ipv6Only = over && { ipv6Only: true }
  const opened = await tryOpen('HTTP', whereOf(address, port), () =>
    openHttp({ address, port, ...ipv6Only, ...web(parts) }),
  )
  return atItsPort(opened, address)
}

async function openSecure(parts: DoorParts): Promise<SecureDoor | undefined> {
  const { site } = parts.core.house.registry
  const { https } = site.server
  if (!https) return undefined
  const { address, port } = https
  return await SecureDoor.open(pairFiles(site.directory, https), parts.log, async (read) => {
    const open = (): Promise<HttpServer> => openHttp({ address, port, tls: read(), ...web(parts) })
    return atItsPort(await tryOpen('HTTPS', whereOf(address, port), async () => await open()), address)
  })
}

/** What is behind every door of HTTP. */
function web({ core, app, desks, log }: DoorParts): Omit<HttpOptions, 'address' | 'port'> {
  return {
    app,
    ...(desks && { desks }),
    appPrefixes: ['/api', '/r', '/k', '/i', '/o', '/w', '/u', '/b', '/m', ...cobblerPrefixes],
    source: { find: (name, request) => core.shelf.find(name, { carrier: 'http', ...request }) },
    onEnd: (transfer: Transfer) => core.shelf.ended(transfer),
    onTlsFailed: (from, code) => tlsFailed(core.house, from, code),
    onError: (error) => log.error({ err: error }, 'http.failed'),
  }
}

/** Port 0 is any that is free: which one is told when it is there. */
function atItsPort<T extends { readonly port: number }>({ door, listener }: Opened<T>, address: string): Opened<T> {
  return door ? { door, listener: { ...listener, where: whereOf(address, door.port) } } : { listener }
}

function whereOf(address: string, port: number): string {
  return isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`
}

async function openFiles({ core, log }: DoorParts, udp: Udp, over?: OverIpv6): Promise<Opened<TftpServer>> {
  const { tftp } = core.house.registry.site.server
  const { enabled } = tftp
  const { address, port } = over ?? tftp
  if (!enabled) return { listener: shut('TFTP', 'switched off in birnam.yaml', 'tftp: { enabled: true } opens it') }
  const find = (name: string, peer: Peer): Finding => core.shelf.find(name, { carrier: 'tftp', peer, headers: {} })
  const opened = await tryOpen('TFTP', whereOf(address, port), () =>
    openTftp({
      udp,
      address,
      port,
      ...(tftp.ports && { ports: tftp.ports.from === tftp.ports.to ? 'listener' : tftp.ports }),
      limits: { blksize: tftp.blksize },
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
    answering: await openAnswering(),
    settings,
    leases,
    advisor: {
      advise: (client, server) => advise(house, client, server),
      isReserved: (address) => house.registry.at(address) !== undefined,
      named: {
        has: (mac) => house.registry.byHardware({ mac }) !== undefined,
        get withoutAddress() {
          return house.registry.withoutIp
        },
      },
    },
    onEvent: (event: DhcpEvent) =>
      hear(
        house,
        event,
        ['dhcp.full', 'dhcp.other-server', 'dhcp.dropped', 'dhcp.unwritten'],
        event.type === 'dhcp.other-server' ? cardOf(house, event.server) : {},
      ),
  })
  for (const [name, error] of door.missing) log.warn({ interface: name, why: error.message }, 'dhcp.missing')
  return { door, listener: addressListener(settings, door) }
}

function addressListener(settings: DhcpSettings, door: DhcpServer): Listener {
  if (settings.mode === 'off')
    return shut('DHCP', noDhcp(settings), 'set dhcp.mode, interfaces and subnets in birnam.yaml')
  const how = settings.mode === 'proxy' ? ' as a proxy (ports 67 and 4011): boot files, never addresses' : ''
  return (
    interfaceListener('DHCP', door, how) ??
    shut('DHCP', 'no interface is named', 'name one: dhcp.interfaces in birnam.yaml')
  )
}

/** A server that nobody knows of is found by its card. */
function cardOf({ addresses }: House, server: DhcpEvent['server']): { readonly serverMac?: Mac } {
  const card = server === undefined ? undefined : addresses.seenAt?.(server)
  return card === undefined ? {} : { serverMac: card }
}

function noDhcp({ subnets }: DhcpSettings): string {
  return subnets.length === 0
    ? 'no subnet is named, and Birnam never answers on a network nobody named'
    : 'dhcp.mode is off'
}
