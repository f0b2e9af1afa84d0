import type { Client } from '../boot/client.ts'
import type { FirstFile } from '../boot/loader.ts'
import { offeredFile, offeredPrefix } from '../boot/offer.ts'
import type { Session } from '../boot/session.ts'
import type { SiteOption } from '../net/dhcp-option.ts'
import type { Machine } from '../config/site.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import { isIpv6 } from '../net/ipv6.ts'
import { firstOf } from './first.ts'
import { askHouse, firstUrlAt, speaksForItself, urlAt, type House } from './house.ts'

/** What DHCP is told of one client: the same `ask()` as everywhere, as an address, a name and a first file. */
export interface Advised {
  readonly machine?: string
  readonly address?: Ipv4
  readonly cards?: readonly Mac[]
  readonly hostname?: string
  readonly boot?: { readonly file: string; readonly server: Ipv4; readonly prefix?: string; readonly isOwn?: true }
  /** What its site says besides of this machine and its groups. */
  readonly options?: readonly SiteOption[]
}

/** `server` is the address of the interface that the client is behind. `dry`: a forecast, which begins no session. */
export function advise(house: House, client: Client, server: Ipv4, dry = false): Advised {
  const answer = askHouse(house, client)
  const { machine, plan } = answer
  if (machine?.file !== undefined)
    return { ...nameOf(house, machine, server), boot: { file: machine.file, server: house.reach(server), isOwn: true } }
  const isKept = machine !== undefined || plan.do === 'menu' || plan.do === 'discover'
  const session = isKept ? sessionOf(house, client, machine?.name, dry) : undefined
  if (!dry) rememberWho(house, client)
  // An address is for everybody in the pool; a machine that nobody named boots nothing from here.
  if (plan.do === 'ignore') return {}
  const first = boots(house, client, server) ? firstOf(house, client, answer) : undefined
  // The address that the site names, where it is one of that link.
  const at = house.reach(server)
  const boot = first ? { boot: bootFrom(first, session, urlFor(house, first, at), at) } : {}
  return machine ? { ...nameOf(house, machine, server), ...boot } : boot
}

function nameOf({ registry }: House, machine: Machine, server: string): Advised {
  const { name, ip, hostname, macs: cards } = machine
  const options = registry.optionsOf(machine, isIpv6(server) ? 'options6' : 'options')
  const more = { ...(ip !== undefined && { address: ip }), ...(options.length > 0 && { options }) }
  return { machine: name, hostname, cards, ...more }
}

/**
 * A switch in ZTP would fetch our loader as its configuration, a phone as its firmware: a boot file is for whoever says that he boots. GRUB says
 * nothing of the kind, and over IPv6 it knows its server by option 59 alone: it is known by the boot that its card has begun.
 */
function boots({ sessions, now }: House, { asker, mac }: Client, server: string): boolean {
  if (asker !== 'os') return true
  const session = mac && isIpv6(server) ? sessions.current(mac) : undefined
  return session !== undefined && now() - session.stageAt < bootTime
}

const bootTime = 15 * 60_000

// iPXE, and whatever a loader asks for afterwards, know no certificate of the site's own: their files come by plain HTTP.
function urlFor(house: House, first: FirstFile, at: Ipv4): string {
  const isFirmwares = first.kind !== 'script' && first.carrier === 'http'
  return isFirmwares ? firstUrlAt(house, at) : urlAt(house, at)
}

function bootFrom(first: FirstFile, session: Session | undefined, url: string, server: Ipv4): Advised['boot'] & object {
  const prefix = offeredPrefix(first, session, url)
  return { file: offeredFile(first, session, url), server, ...(prefix !== undefined && { prefix }) }
}

// An operating system that asks for its address belongs to the boot that brought it up; only ROMs and loaders begin one.
function sessionOf(house: House, client: Client, machine: string | undefined, dry: boolean): Session | undefined {
  if (!client.mac || client.asker === 'os') return undefined
  if (dry) return house.sessions.imagined(client.mac, house.now())
  return house.sessions.arriving(
    client.mac,
    house.now(),
    machine === undefined ? undefined : house.permits.of(machine),
    client,
  )
}

/** Also of a ROM that is no machine of ours any more: then its session is nobody's. */
function rememberWho(house: House, client: Client): void {
  // iPXE may be the ROM itself; loaded by one, it says the same again, or nothing.
  const says = speaksForItself(client) || (client.asker === 'ipxe' && client.uuid !== undefined)
  const session = client.mac && says ? house.sessions.current(client.mac) : undefined
  if (!session) return
  session.uuid = client.uuid
  session.relay = client.relay
}
