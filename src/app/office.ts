import { loadSite } from '../config/read.ts'
import { addRoutes } from '../api/routes.ts'
import { Fault } from '../fault.ts'
import { LeaseBook } from '../dhcp/lease.ts'
import { distrosAt, openDistros } from '../distro/distros.ts'
import { apiServer } from '../http/api-server.ts'
import { ownName } from '../net/unix-peer.ts'
import { openDatabase } from '../store/sqlite/database.ts'
import { lockData } from '../store/sqlite/lock.ts'
import { SqliteLeases } from '../store/sqlite/leases.ts'
import { openSnapshot } from '../store/sqlite/snapshot.ts'
import { checkPlace } from './check.ts'
import { addressesOf, openCore } from './core.ts'
import { forecastLines } from './forecast.ts'
import { openGolden } from './images.ts'
import { troublesOf, whyUnwritable } from './troubles.ts'

/** Other commands of this host may be at work for a moment, in milliseconds. */
const patience = 5000

/** The API without a server: commands work on the site and the data directory themselves. */
export interface LocalOffice extends AsyncDisposable {
  readonly send: (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
  ) => Promise<{ readonly status: number; readonly body: string }>
}

function unwritable(why: string): Fault {
  return new Fault('not-permitted', `${why}: nothing can be changed`, {
    hint: 'make room, or name another with --data',
  })
}

export async function openOffice(place: { readonly site: string; readonly data: string }): Promise<LocalOffice> {
  const site = loadSite(place.site)
  await using opened = new AsyncDisposableStack()
  // Explaining needs no room on the disk, and no disk that may be written.
  const closed = whyUnwritable(place.data)
  if (closed === undefined) opened.use(lockData(place.data, patience))
  const open = closed === undefined ? openDatabase : openSnapshot
  const database = opened.adopt(open(place.data), (one) => one.close())
  const leases = new LeaseBook(new SqliteLeases(database))
  const { house, shelf } = openCore({
    database,
    site,
    addresses: addressesOf(leases),
    golden: openGolden(place.data, site.server.images),
    distros: openDistros(distrosAt(place.data)),
    httpPort: () => site.server.http.port,
  })
  opened.defer(() => house.journal.flush())
  const app = opened.adopt(apiServer(), (server) => server.close())
  addRoutes(app, {
    house,
    shelf,
    reply: (at, client, relay) => forecastLines(at, leases, client, relay),
    status: () => ({ running: false }),
    troubles: () => troublesOf(site, place.data),
    reload: () => Promise.resolve({ changed: false, problems: [] }),
    leases: () => leases.list(),
    check: () => checkPlace(place),
    // Whoever has the lock of the data directory in this process.
    known: { nameOf: () => ownName(), where: place.data },
  })
  await app.ready()
  const close = opened.move()
  return {
    async send(method, path, body) {
      if (closed !== undefined && method !== 'GET') throw unwritable(closed)
      const reply = await app.inject({ method, url: path, ...(body === undefined ? {} : { payload: body as object }) })
      return { status: reply.statusCode, body: reply.body }
    },
    [Symbol.asyncDispose]: () => close.disposeAsync(),
  }
}
