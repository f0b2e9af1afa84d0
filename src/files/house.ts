import { Fault } from '../fault.ts'
import type { Client } from '../boot/client.ts'
import { ask, type Answer } from '../boot/ask.ts'
import type { Session, Sessions } from '../boot/session.ts'
import type { GcOptions, GcResult } from '../image/gc.ts'
import type { Library } from '../image/library.ts'
import type { TreeCache } from '../image/tree-cache.ts'
import type { Signer } from '../image/sign.ts'
import type { Paths } from '../config/paths.ts'
import type { Distros } from '../distro/distros.ts'
import type { Machine, WipingProfile } from '../config/site.ts'
import type { Journal } from '../journal/journal.ts'
import type { DiskBook } from '../machine/disks.ts'
import type { Permits } from '../machine/permit.ts'
import type { Registry } from '../machine/registry.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import { isIpv6, type Ipv6 } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import type { RelayPort } from '../net/relay-port.ts'
import type { PixiecoreReply } from '../menu/pixiecore-reply.ts'
import type { Templates } from '../template/templates.ts'
import type { ClockWatch } from './clock-watch.ts'
import type { LoaderFiles } from './loaders.ts'
import type { ProfileContents } from './profile-content.ts'
import type { ShortUrls } from './short-urls.ts'
import type { UnknownMachines } from './unknown-machines.ts'

/** Who holds which address, of either family: as far as this server gave it, and as far as this host sees. */
export interface Addresses {
  leaseOf(mac: Mac): { readonly address: Ipv4; readonly relay?: RelayPort } | undefined
  holderOf(address: string): Mac | undefined
  /** The card that the kernel sees there, on a network that this host is on; who only forecasts sees nobody. */
  seenAt?(address: string): Mac | undefined
  /** The IPv6 address that a card was given. */
  lease6Of?(mac: Mac): Ipv6 | undefined
}

/** Where golden images are kept, what boots to install them, and the key under which every promised version is signed. */
export interface Golden {
  readonly store: Library
  /** What is known of the files of each version, so that the next capture compares without reading layers. */
  readonly trees: TreeCache
  /** Where images are kept on this host: gives back the space of what nothing needs. */
  readonly collect?: (options: GcOptions) => Promise<GcResult>
  /** The directory of the torrents that were made of layers. */
  readonly torrents: string
  /** The directory of the imager's kernel and initrd. */
  readonly imager: string
  readonly signer: Signer
}

/** Somebody at a machine's console, who says that he may have it installed. */
export interface ConsoleWish {
  readonly machine: Machine
  readonly session: Session
  readonly target: WipingProfile
  /** crypt(3). */
  readonly hash: string
  readonly user: string
  readonly password: string
}

/** A machine that nobody named, as its loader read it from the board. */
export interface Board {
  readonly mac: Mac
  readonly uuid?: string
  readonly serial?: string
  readonly manufacturer?: string
  readonly product?: string
  readonly asset?: string
}

export interface Console {
  /** Looks at the password and gives the permit; what comes of it the machine finds when it asks again. */
  allow(wish: ConsoleWish): void
  /** The sentence about the last wish of this boot, when it was refused. */
  refusal(session: Session): string | undefined
  /** It waits for a name. */
  waiting(board: Board, address: Ipv4 | undefined, now: number): void
}

/** What another program's API says of a machine, as far as it was heard. */
export type Said =
  | { readonly state: 'asking' }
  | ({ readonly state: 'boot' } & PixiecoreReply)
  /** The machine is to be let alone, or the API cannot be understood: the sentence says which. */
  | { readonly state: 'refused'; readonly why: string }

export interface Elsewhere {
  /** Never waits: what is not known yet is asked now, and is there when the machine asks again. */
  ask(api: string, mac: Mac): Said
  /** The same, waiting for it. Never throws. */
  learn(api: string, mac: Mac): Promise<Said>
}

/** Everything the doors share. `registry`, `paths`, `loaders` and `templates` are replaced together when the site changes. */
export interface House {
  registry: Registry
  paths: Paths
  loaders: LoaderFiles
  templates: Templates
  /** The kernels and initrds that profiles and distros name: all that is served from the site besides its `files/`. */
  bootFiles: ReadonlySet<string>
  /** What wiping profiles say, for the permits that allow it. */
  contents: Pick<ProfileContents, 'of'>
  readonly permits: Permits
  readonly sessions: Sessions
  readonly journal: Journal
  readonly addresses: Addresses
  readonly shortUrls: ShortUrls
  /** When the clock of this server was set. */
  readonly clock: ClockWatch
  /** Machines that nobody named, and that booted all the same. */
  readonly unknown: UnknownMachines
  /** The address under which a client at that address reaches this server. */
  reach(client: Ipv4 | undefined): Ipv4
  /** The HTTP port that clients use. */
  readonly httpPort: () => number
  /** Where TLS is spoken; undefined when the site does not ask for it. */
  readonly httpsPort?: () => number | undefined
  /** What each machine's disks were called at its last install. */
  readonly disks: DiskBook
  /** What people at consoles ask for; a forecast has none. */
  readonly console?: Console
  /** Who asks other programs what a machine shall boot; a forecast without a server asks nobody. */
  readonly elsewhere?: Elsewhere
  /** Golden images and what installs them; a forecast without a data directory has none. */
  readonly golden?: Golden
  /** What `birnam distro import` brought; a forecast without a data directory has none. */
  readonly distros?: Distros
  readonly now: () => number
  /** In a forecast that is shown: puts stand-ins in the place of secrets, in whatever templates are given. */
  readonly disguise?: <Value>(value: Value) => Value
  /** In a forecast only: the card that stands for a machine which is known by its UUID or its port alone. */
  readonly imagined?: { readonly mac: Mac; readonly uuid?: string; readonly relay?: RelayPort }
}

export function askHouse(house: House, client: Client): Answer {
  const before = speaksForItself(client) ? undefined : evidenceOf(house, client.mac)
  return ask(house, before ? { ...before, ...client } : client, house.now())
}

/** The machine behind a MAC address. */
export function machineOf(house: House, mac: Mac): Machine | undefined {
  return house.registry.recognise({ mac, ...evidenceOf(house, mac) })
}

/** The card at an address: by its lease, else by the reservation. */
export function cardAt({ addresses, registry }: House, address: Ipv4): Mac | undefined {
  return addresses.holderOf(address) ?? registry.at(address)?.macs[0]
}

/** A ROM that asks for its address says all that it is; nothing that was said before counts for it. */
export function speaksForItself({ door, asker }: Client): boolean {
  return door === 'dhcp' && asker === 'firmware'
}

/** A loader names itself by its MAC alone; what else tells who it is came with the DISCOVER of its boot. */
function evidenceOf(
  { sessions, imagined, addresses }: House,
  mac: Mac | undefined,
): Pick<Client, 'uuid' | 'serial' | 'relay' | 'chosen'> | undefined {
  if (mac === undefined) return undefined
  if (imagined?.mac === mac) return imagined
  const session = sessions.current(mac)
  const uuid = session?.uuid
  const serial = session?.serial
  const chosen = session?.chosen
  // A lease that is renewed by unicast passes no relay.
  const relay = session?.relay ?? addresses.leaseOf(mac)?.relay
  if (uuid === undefined && serial === undefined && relay === undefined && chosen === undefined) return undefined
  return {
    ...(uuid !== undefined && { uuid }),
    ...(serial !== undefined && { serial }),
    ...(chosen !== undefined && { chosen }),
    ...(relay && { relay }),
  }
}

/** This server's base URL as a client at that address reaches it. */
export function serverUrl(house: House, client: Ipv4 | undefined): string {
  return urlAt(house, house.reach(client))
}

export function urlAt(house: House, server: Ipv4): string {
  const port = house.httpPort()
  return `http://${inUrl(server)}${port === 80 ? '' : `:${port}`}`
}

/** Where UEFI's HTTP boot begins: by TLS when the site says so, under the name that the certificate has. */
export function firstUrlAt(house: House, server: Ipv4): string {
  const { https } = house.registry.site.server
  if (!https?.boot) return urlAt(house, server)
  const port = house.httpsPort?.() ?? https.port
  return `https://${https.name ?? inUrl(server)}${port === 443 ? '' : `:${port}`}`
}

function inUrl(address: string): string {
  return isIpv6(address) ? `[${address}]` : address
}

/** Throws `image-missing` where there is no data directory to keep images in. */
export function goldenOf({ golden }: House): Golden {
  if (golden) return golden
  throw new Fault('image-missing', 'this command sees no images', { hint: 'name the data directory with --data' })
}
