import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { House } from '../files/house.ts'
import { Shelf } from '../files/shelf.ts'
import { readWebhook } from '../answer/webhook.ts'
import type { Machine } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { onlyLoopback, parseBody } from '../http/api-server.ts'
import { callerOf, onlyKnownChange, saidBy, signed, type KnownCallers } from './caller.ts'
import { asIfArmed } from './scene.ts'
import { closeLate, machineNamed, reinstall, viewOf, withdraw, type MachineView } from './desk.ts'
import { explain, type Forecast, type ForecastReply } from './explain.ts'
import { firmwares, isFirmware } from './firmware.ts'
import type { CaptureDesk } from './capture-desk.ts'
import type { ConsoleDesk } from './console.ts'
import { addCobbler } from './cobbler.ts'
import { addImages } from './images.ts'
import { addImaging } from './imaging.ts'
import { peerOf } from './peer.ts'
import { report, takeReport } from './reports.ts'
import { hideValue } from './secrets.ts'
import { allowUpdate } from './update-allow.ts'
import { addSwarm } from './swarm.ts'
import { addUpdates } from './updates.ts'
import type { Underway } from '../net/content.ts'
import type { Finding } from './finding.ts'
import { knownOf } from './trace/known.ts'
import { permitNotes } from './trace/notes.ts'
import { tell } from './trace/tell.ts'
import { unnamed } from './unnamed.ts'

/** What the API needs from the composition. */
export interface Office {
  readonly house: House
  readonly shelf: Shelf
  readonly reply: ForecastReply
  /** Counters of every listener, by its name. */
  status(): Record<string, unknown>
  /** What is wrong with the server itself: its disk, its address. */
  readonly troubles?: () => readonly Finding[]
  /** Where a server runs: files on their way, its addresses, and who has connected to it. */
  readonly underway?: () => readonly Underway[]
  readonly own?: () => readonly string[]
  readonly connectedAgo?: (address: string) => number | undefined
  /** Reads the site again; what is wrong with it comes back. */
  reload(): Promise<{ readonly changed: boolean; readonly problems: readonly unknown[] }>
  leases(): readonly unknown[]
  /** Where a server runs: machines that capture themselves. */
  readonly captures?: CaptureDesk
  /** And machines that wait for a name. */
  readonly consoles?: ConsoleDesk
  /** Everything rendered for every machine, as `birnam check` does it. */
  check(): Promise<unknown>
  readonly known: KnownCallers
}

/**
 * Reports come from any client. Until there are users, everything under /api is for this host alone, and changes are for those who may
 * open its socket.
 */
export function addRoutes(app: FastifyInstance, office: Office): void {
  addReports(app, office)
  addShortUrls(app, office)
  addImaging(app, office.house)
  addUpdates(app, office.house)
  addSwarm(app, office.house)
  addCobbler(app, office)
  void app.register((api, _options, done) => {
    api.addHook('onRequest', onlyLoopback)
    api.addHook('onRequest', onlyKnownChange(office.known))
    addMachines(api, office)
    addServer(api, office)
    addImages(api, office)
    done()
  })
}

function addReports(app: FastifyInstance, { house }: Office): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  })
  app.post<{ Params: { key: string } }>('/r/:key', (request) => {
    // Ubuntu's installer posts its own events.
    const heard = readWebhook(request.body)
    if (heard !== 'nothing')
      takeReport(house, request.params.key, heard ?? parseBody(report, request.body), peerOf(request))
    return { ok: true }
  })
  // The installers' own small tools (busybox wget in early_command) can often only GET.
  app.get<{ Params: { key: string; kind: string }; Querystring: Record<string, string> }>(
    '/r/:key/:kind',
    (request) => {
      const { key, kind } = request.params
      takeReport(house, key, parseBody(report, { ...request.query, kind }), peerOf(request))
      return { ok: true }
    },
  )
}

/** What pypxeboot cannot read in a menu stands behind a short name. */
function addShortUrls(app: FastifyInstance, { house }: Office): void {
  app.get<{ Params: { code: string } }>('/k/:code', (request, reply) => {
    const url = house.shortUrls.find(request.params.code)
    if (url === undefined)
      throw new Fault('request-invalid', 'no short URL of this server', { hint: 'boot again: menus renew theirs' })
    return reply.redirect(url, 302)
  })
}

type Named = { Params: { name: string } }
const caller = z.strictObject({ by: saidBy })
const updateWish = z.strictObject({ by: saidBy, to: z.string().max(400).optional() })
const wish = z.strictObject({
  by: saidBy,
  again: z.boolean().optional(),
  to: z.string().optional(),
  disks: z.string().max(4000).optional(),
})

function addMachines(api: FastifyInstance, office: Office): void {
  const { house, known } = office
  const signedBy = (request: FastifyRequest, said: string | undefined): { readonly by: string } => ({
    by: signed(callerOf(known, request, 'changes are made'), said),
  })
  api.get('/api/machines', () => house.registry.site.machines.map((machine) => viewOf(house, machine)))
  api.get('/api/waiting', () => [...(office.consoles?.list() ?? []), ...unnamed(house)])
  api.get<Named>('/api/machines/:name', (request) => shownOf(office, machineNamed(house, request.params.name)))
  api.post<Named>('/api/machines/:name/reinstall', (request) => {
    const { by, ...wanted } = parseBody(wish, request.body ?? {})
    return reinstall(house, request.params.name, { ...wanted, ...signedBy(request, by) })
  })
  api.post<Named>('/api/machines/:name/update', (request) => {
    const { by, ...wanted } = parseBody(updateWish, request.body ?? {})
    return allowUpdate(house, request.params.name, { ...wanted, ...signedBy(request, by) })
  })
  api.delete<Named>('/api/machines/:name/permit', (request) => {
    const { by } = signedBy(request, parseBody(caller, request.query ?? {}).by)
    return withdraw(house, request.params.name, by)
  })
  api.get<Named & { Querystring: ForecastQuery }>('/api/machines/:name/explain', async (request) => {
    const forecast = await forecastOf(office, request.params.name, request.query)
    // What is in an answer is for the machine and for those who may arm it; what hides its secrets may overlook one.
    if (request.query.armed !== undefined || forecast.answer !== undefined || forecast.parts)
      callerOf(known, request, 'a forecast that holds an answer is given')
    return forecast
  })
  api.get<Named & { Querystring: { session?: string } }>('/api/machines/:name/trace', (request) => {
    return tell(office, request.params.name, request.query.session)
  })
}

interface ForecastQuery {
  readonly firmware?: string
  readonly armed?: string
  /** The address of the relay that the machine asks through. */
  readonly relay?: string
}

function noRelay(text: string): Fault {
  const hint = 'name the address of the relay on the network of the machine, like 10.77.0.1'
  return new Fault('request-invalid', `not the address of a relay: ${text.slice(0, 40)}`, { hint })
}

async function forecastOf(
  office: Office,
  name: string,
  { firmware = 'bios', armed, relay }: ForecastQuery,
): Promise<Forecast> {
  const { house, shelf } = office
  if (relay !== undefined && isIP(relay) === 0) throw noRelay(relay)
  const reply: ForecastReply = (at, client) => office.reply(at, client, relay)
  if (!isFirmware(firmware)) throw noFirmware(firmware)
  const machine = machineNamed(house, name)
  const imagined = armed === undefined ? house : asIfArmed(house, machine)
  const seen = armed === undefined ? shelf : new Shelf(imagined)
  const forecast = await explain(imagined, seen, reply, machine, firmware)
  const warnings = (office.troubles?.() ?? []).map(({ message }) => message)
  return warnings.length > 0 ? { ...forecast, warnings } : forecast
}

/** Also whether it came for its permit. */
function shownOf(office: Office, machine: Machine): MachineView {
  const { house } = office
  const events = house.journal.ofMachine(machine.name, 200).toReversed()
  const traced = { name: machine.name, macs: machine.macs, machine }
  const notes = permitNotes({ ...knownOf(office, traced, undefined), events })
  return { ...viewOf(house, machine), ...(notes.length > 0 && { notes }) }
}

function addServer(api: FastifyInstance, office: Office): void {
  const { house } = office
  api.get('/api/status', () => ({
    site: house.registry.site.directory,
    troubles: office.troubles?.() ?? [],
    ...office.status(),
  }))
  api.get('/api/leases', () => office.leases())
  api.get('/api/check', () => office.check())
  api.get('/api/export', () => hideValue('', house.registry.site))
  api.get<{ Querystring: { machine?: string; limit?: string } }>('/api/events', (request) => {
    const { machine, limit } = request.query
    if (machine === undefined)
      throw new Fault('request-invalid', 'machine is missing', { field: 'machine', hint: '?machine=NAME' })
    return house.journal.ofMachine(machine, Math.min(Math.max(Math.trunc(Number(limit)) || 100, 1), 1000))
  })
  api.post('/api/reload', () => {
    closeLate(house)
    return office.reload()
  })
}

function noFirmware(name: string): Fault {
  return new Fault('request-invalid', `no firmware is called ${name}`, {
    hint: `one of ${Object.keys(firmwares).join(', ')}`,
  })
}
