import type { Logger } from 'pino'
import { CaptureDesk } from '../api/capture-desk.ts'
import { ConsoleDesk } from '../api/console.ts'
import { closeLate } from '../api/desk.ts'
import type { Finding } from '../api/finding.ts'
import { PixiecoreDesk } from '../api/pixiecore-desk.ts'
import { addRoutes } from '../api/routes.ts'
import { SiteHolder } from '../config/holder.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
import { isError } from '../config/read.ts'
import type { Site } from '../config/site.ts'
import { watchSite } from '../config/watch.ts'
import { LeaseBook } from '../dhcp/lease.ts'
import { Book6 } from '../dhcp6/book.ts'
import { distrosAt, openDistros } from '../distro/distros.ts'
import { sweepDistros } from '../distro/place.ts'
import { apiServer } from '../http/api-server.ts'
import type { Desk } from '../http/door.ts'
import type { Event } from '../journal/journal.ts'
import { Seldom } from '../journal/seldom.ts'
import { openNeighbours } from '../net/neighbours.ts'
import { openDatabase } from '../store/sqlite/database.ts'
import { lockData } from '../store/sqlite/lock.ts'
import { SqliteLeases } from '../store/sqlite/leases.ts'
import { checkPlace } from './check.ts'
import { addressesOf, openCore, type Core } from './core.ts'
import { openDoors, type Doors } from './doors.ts'
import { forecastLines } from './forecast.ts'
import { keySentences } from '../files/private-keys.ts'
import { openGolden, openRegistry, openTokens } from './images.ts'
import type { Listener } from './listeners.ts'
import { openSystemImager, type OldDoors } from './systemimager.ts'
import { openLog } from './log.ts'
import { shutToOthers } from './own-directory.ts'
import { moved, siteTroubles } from './site-troubles.ts'
import { Callers, closeSocket, openSocket } from './socket.ts'
import { troublesOf } from './troubles.ts'
import { ownIpv4 } from '../net/interfaces.ts'

export interface Server {
  readonly listeners: readonly Listener[]
  site(): Site
  /** What is wrong with the server itself. */
  troubles(): readonly Finding[]
  /** Reads the site again, as a change on disk does. */
  reload(): void
  close(why: string): Promise<void>
}

export interface ServerPlace {
  readonly site: string
  readonly data: string
}

/** A command that works without a server lets go of the data directory within moments. */
const patience = 2000

/** config → store → rooms → listeners, and stopped in reverse. */
export async function openServer(place: ServerPlace, options: { readonly verbose: boolean }): Promise<Server> {
  await using opened = new AsyncDisposableStack()
  const log = openLog(options.verbose)
  const holder = new SiteHolder(place.site)
  const started = holder.current.server
  const ofSite = (): readonly Finding[] => siteTroubles(holder.problems, started, holder.current.server)
  shutToOthers(place.data, (sentence) => log.warn(sentence))
  opened.use(lockData(place.data, patience))
  const database = opened.adopt(openDatabase(place.data), (open) => open.close())
  const leases = new LeaseBook(new SqliteLeases(database))
  const book6 = new Book6()
  const golden = openGolden(place.data, holder.current.server.images)
  const tokens = openTokens(place.data)
  let doors: Doors | undefined
  let old: OldDoors | undefined
  const consoles: ConsoleDesk = new ConsoleDesk(() => core.house)
  const core: Core = openCore({
    console: consoles,
    elsewhere: new PixiecoreDesk(),
    database,
    site: holder.current,
    addresses: addressesOf(leases, () => core.house.now(), book6, await openNeighbours()),
    golden,
    distros: openDistros(distrosAt(place.data)),
    tokens,
    httpPort: () => doors?.httpPort ?? holder.current.server.http.port,
    httpsPort: () => doors?.httpsPort,
    journal: {
      onEvent: (event) => logEvent(log, event),
      onError: (error) => log.error({ err: error }, 'journal.failed'),
    },
  })
  opened.defer(() => core.house.journal.flush())
  const app = opened.adopt(apiServer(), (server) => server.close())
  const counters = (): Record<string, unknown> => ({
    ...doors?.counters(),
    ...old?.counters(),
    journal: core.house.journal.counters,
  })
  const reload = (): ReturnType<SiteHolder['reload']> => holder.reload()
  const onError = (error: unknown): void => log.error({ err: error }, 'images.failed')
  void keySentences(place.site).then((all) => all.forEach((problem) => log.warn({ problem }, 'site.problem')))
  sweepDistros(distrosAt(place.data), Date.now()).catch((error: unknown) => log.error({ err: error }, 'distros.failed'))
  const callers = new Callers()
  const socketPath = `${place.data}/birnam.sock`
  const captures = new CaptureDesk(core.house, golden, onError)
  core.clock.onSetBack(() => captures.endWaiting())
  addRoutes(app, {
    house: core.house,
    captures,
    consoles,
    shelf: core.shelf,
    reply: (at, client, relay) => forecastLines(at, leases, client, relay),
    status: () => ({ running: true, listeners: doors?.listeners, counters: counters() }),
    troubles: () => [
      ...troublesOf(holder.current, place.data, leases.failure ?? core.house.journal.failure),
      ...ofSite(),
    ],
    underway: () => doors?.underway() ?? [],
    own: () => ownIpv4().map(({ address }) => address),
    connectedAgo: (from) => doors?.connectedAgo(from),
    reload,
    leases: () => leases.list(),
    check: () => checkPlace(place),
    known: { nameOf: (socket) => callers.of(socket), where: socketPath },
  })
  const registry = opened.use(
    openRegistry({ data: place.data, house: core.house, store: golden.store, tokens, onError }),
  )
  const desks = new Map<string, Desk>([
    ['v2', registry],
    ['c', captures],
  ])
  doors = opened.adopt(await openDoors({ core, app, desks, leases, book6, log }), (all) => all.close())
  old = opened.adopt(await openSystemImager({ core, data: place.data, log }), (all) => all.close())
  await app.ready()
  const socket = await openSocket(socketPath, (request, response) => app.routing(request, response), callers)
  if (socket.door) opened.adopt(socket.door, (server) => closeSocket(server))
  holder.onChange(async (site, problems) => {
    await siteChanged(core, doors, log, site, problems)
    old?.update()
  })
  opened.adopt(holder, (reading) => reading.close())
  const reread = (): void => void reload().catch((error: unknown) => siteFailed(log, error))
  opened.adopt(watchSite(place.site, reread), (watch) => watch.close())
  const seldom = new Seldom(60_000)
  const hourly = new Seldom(3_600_000)
  opened.adopt(
    setInterval(() => {
      closeLateOnes(core, log, seldom)
      watchClock(core)
      warn(log, troublesOf(holder.current, place.data), hourly, core.house.now())
    }, 1000),
    clearInterval,
  )
  const stop = opened.move()
  const listeners = [...doors.listeners, ...old.listeners, socket.listener]
  log.info({ listeners }, 'server.started')
  return {
    listeners,
    site: () => holder.current,
    troubles: () => troublesOf(holder.current, place.data),
    reload: reread,
    async close(why) {
      log.info({ why }, 'server.stopping')
      await stop.disposeAsync()
      log.info('server.stopped')
      log.flush()
    },
  }
}

/** On a full disk a permit stays open on paper; its time is over all the same, so nobody can claim it. */
function closeLateOnes({ house, clock }: Core, log: Logger, seldom: Seldom): void {
  try {
    clock.keep()
    closeLate(house)
  } catch (error) {
    if (seldom.pass('permit.failed', house.now()) !== undefined) log.error({ err: error }, 'permit.failed')
  }
}

/** Permits and sessions go by a clock that somebody may set. */
function watchClock({ house }: Core): void {
  const leapt = house.clock.look(house.now(), performance.now())
  if (leapt) house.journal.record(leapt)
}

/** At once, and then once an hour each: a disk that is filling up stops boots later. */
function warn(log: Logger, troubles: readonly Finding[], hourly: Seldom, now: number): void {
  for (const { severity, message, hint } of troubles) {
    if (hourly.pass(message.replace(/\b\d{1,9} MiB/, ''), now) === undefined) continue
    log[severity === 'error' ? 'error' : 'warn']({ why: message, hint }, 'server.trouble')
  }
}

/** Not a mistake in the site: those are problems. */
function siteFailed(log: Logger, error: unknown): void {
  // The server stops.
  if ((error as Error).name !== 'AbortError') log.error({ err: error }, 'site.failed')
}

async function siteChanged(
  core: Core,
  doors: Doors,
  log: Logger,
  site: Site,
  problems: readonly Problem[],
): Promise<void> {
  for (const problem of problems) log.warn({ problem: formatProblem(problem) }, 'site.problem')
  const { journal, now } = core.house
  const errors = problems.filter(isError).length
  if (errors > 0) return journal.record({ at: now(), type: 'site.refused', detail: { problems: errors } })
  // An edit that was taken back leaves the site as it was.
  if (site !== core.house.registry.site) {
    const before = core.house.registry.site.server
    await core.replace(site)
    for (const door of moved(before, site.server)) {
      const why = 'it listens where it did before, until the server is started again'
      journal.record({ at: now(), type: 'site.restart-needed', detail: { door, why } })
    }
    doors.update(site)
  }
  journal.record({ at: now(), type: 'site.changed', detail: { machines: site.machines.length } })
}

// One line an event is enough to retell a boot; misses and renewals only when somebody asked for everything.
const quiet =
  /^(file\.missing|dhcp\.(discover|request|silent|inform)|dhcp6\.(solicit|request|renew|rebind|silent|inform))$/

/** Somebody waits in vain for an answer, or for a disk. */
const loud = /^dhcp6?\.dropped$/

function logEvent(log: Logger, { at: _, type, detail, ...rest }: Event): void {
  log[quiet.test(type) ? 'debug' : loud.test(type) ? 'warn' : 'info']({ ...rest, ...detail }, type)
}
