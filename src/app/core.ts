import { readFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { Sessions } from '../boot/session.ts'
import { Paths } from '../config/paths.ts'
import type { Site } from '../config/site.ts'
import { atOnce, inPieces, type Slices } from '../config/slices.ts'
import type { LeaseBook } from '../dhcp/lease.ts'
import { Book6 } from '../dhcp6/book.ts'
import type { Distros } from '../distro/distros.ts'
import { ClockWatch } from '../files/clock-watch.ts'
import { LoaderFiles } from '../files/loaders.ts'
import { ProfileContents } from '../files/profile-content.ts'
import { ShortUrls } from '../files/short-urls.ts'
import { UnknownMachines } from '../files/unknown-machines.ts'
import type { Addresses, Console, Elsewhere, Golden, House } from '../files/house.ts'
import { Shelf } from '../files/shelf.ts'
import type { TokenBook } from '../image/tokens.ts'
import { Journal, type JournalListeners } from '../journal/journal.ts'
import { Clock, type SetBack } from '../machine/clock.ts'
import { Permits } from '../machine/permit.ts'
import { Registry } from '../machine/registry.ts'
import { isIpv6 } from '../net/ipv6.ts'
import type { Neighbours } from '../net/neighbours.ts'
import { serverAddress, serverAddress6 } from '../net/reach.ts'
import { SqliteClock } from '../store/sqlite/clock.ts'
import { SqliteDisks } from '../store/sqlite/disks.ts'
import { SqliteEvents } from '../store/sqlite/events.ts'
import { SqlitePermits } from '../store/sqlite/permits.ts'
import { serverKey } from '../store/sqlite/database.ts'
import { Templates, type TemplateFile, type TemplateReader } from '../template/templates.ts'

/** What Birnam ships, beside src/: kickstart/, templates/, pxelinux/. */
export const shipped: string = fileURLToPath(new URL('../../', import.meta.url))

/** The rooms without their doors: all that a forecast needs, and what the listeners are opened on. */
export interface Core {
  readonly house: House
  readonly shelf: Shelf
  readonly clock: Clock
  /** Puts another state of the site in place; requests that run keep the old one. */
  replace(site: Site): Promise<void>
}

export interface CoreParts {
  readonly database: DatabaseSync
  readonly site: Site
  readonly addresses: Addresses
  readonly httpPort: () => number
  readonly httpsPort?: () => number | undefined
  readonly golden?: Golden
  readonly console?: Console
  readonly elsewhere?: Elsewhere
  readonly distros?: Distros
  /** Of the registry; without it, a look that serves nobody. */
  readonly tokens?: TokenBook
  readonly journal?: JournalListeners
  readonly now?: () => number
}

export function openCore({
  database,
  site,
  addresses,
  httpPort,
  httpsPort,
  golden,
  console,
  elsewhere,
  distros,
  tokens,
  journal = {},
  now = Date.now,
}: CoreParts): Core {
  const clock = new Clock(new SqliteClock(database), now, () => performance.now())
  const house: House = {
    ...atOnce(siteParts(site, distros)),
    permits: new Permits(new SqlitePermits(database)),
    sessions: new Sessions(serverKey(database)),
    journal: new Journal(new SqliteEvents(database), journal),
    disks: new SqliteDisks(database),
    ...(golden && { golden }),
    ...(console && { console }),
    ...(elsewhere && { elsewhere }),
    ...(distros && { distros }),
    addresses,
    shortUrls: new ShortUrls(),
    clock: new ClockWatch(),
    unknown: new UnknownMachines(),
    reach: (client) =>
      (client !== undefined && isIpv6(client) ? serverAddress6(client) : undefined) ??
      serverAddress(client, house.registry.site.server.address),
    httpPort,
    ...(httpsPort && { httpsPort }),
    now: clock.now,
  }
  clock.onSetBack((setBack) => endOpen(house, setBack, tokens))
  house.sessions.follow(() => clock.era)
  const shelf = new Shelf(house)
  return {
    house,
    shelf,
    clock,
    async replace(next) {
      Object.assign(house, await inPieces(siteParts(next, distros)))
      shelf.forget()
    },
  }
}

/** A clock that is set back reopens nothing: what was allowed by the time before is taken back, and its tokens open nothing more. */
function endOpen(house: House, { from, to }: SetBack, tokens: TokenBook | undefined): void {
  const [then = '', since = ''] = [from, to].map((at) => new Date(at).toISOString())
  const why = `the clock was set back from ${then} to ${since}`
  const { journal, permits } = house
  house.sessions.forget()
  journal.record({ at: to, type: 'clock.set-back', detail: { from: then, to: since, why } })
  // On a full disk: no boot of before can claim a permit all the same, and the tokens are shut while this server runs.
  trying(house, to, () => {
    for (const { id, machine } of permits.withdrawAll(to, why))
      journal.record({ at: to, type: 'permit.withdrawn', machine, detail: { permit: id, why } })
  })
  trying(house, to, () => {
    for (const token of tokens?.shut(from) ?? []) journal.record({ at: to, type: 'token.shut', detail: { token, why } })
  })
}

function trying({ journal }: House, at: number, write: () => void): void {
  try {
    write()
  } catch (error) {
    journal.record({ at, type: 'clock.set-back', detail: { why: (error as Error).message } })
  }
}

/** The lease book as the shelf asks it: only leases that hold. Without `seenAt`, a forecast, nobody is seen. */
export function addressesOf(
  leases: LeaseBook,
  now: () => number = Date.now,
  book6: Book6 = new Book6(),
  seenAt?: Neighbours,
): Addresses {
  return {
    ...(seenAt && { seenAt }),
    leaseOf(mac) {
      const lease = leases.leaseOf(mac)
      return lease?.state === 'leased' && lease.expiresAt > now() ? lease : undefined
    },
    holderOf: (address) => (isIpv6(address) ? book6.holderOf(address, now()) : leases.holderOf(address, now())),
    lease6Of: (mac) => book6.leaseOf(mac, now()),
  }
}

type OfSite = Pick<House, 'registry' | 'contents' | 'paths' | 'loaders' | 'templates' | 'bootFiles'>

/** All that comes from the site alone; made anew and swapped in one step when the site changes. */
function* siteParts(site: Site, distros: Distros | undefined): Slices<OfSite> {
  const paths = new Paths(site.directory, shipped)
  return {
    registry: yield* Registry.indexing(site),
    contents: new ProfileContents(site, paths, distros),
    paths,
    loaders: new LoaderFiles(paths, distros),
    templates: new Templates(readerOf(paths)),
    bootFiles: bootFilesOf(site),
  }
}

function bootFilesOf(site: Site): ReadonlySet<string> {
  const names = new Set<string>()
  for (const item of [...site.profiles, ...site.distros]) {
    if ('kernel' in item && item.kernel !== undefined) names.add(item.kernel)
    if ('initrd' in item) for (const name of item.initrd) names.add(name)
  }
  return names
}

/** Templates by their path in the site, else in what is shipped; looked at again after a second. */
function readerOf(paths: Paths): TemplateReader {
  const known = new Map<string, { readonly until: number; readonly file: TemplateFile | undefined }>()
  return {
    read(name) {
      const now = performance.now()
      const before = known.get(name)
      if (before && now < before.until) return before.file
      const found = paths.find(name)
      const file = found && { text: readFileSync(found.path, 'utf8'), file: name }
      known.set(name, { until: now + 1000, file })
      return file
    },
  }
}
