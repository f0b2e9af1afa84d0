import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Machine } from '../config/site.ts'
import { serverUrl, type House } from '../files/house.ts'
import { machineFrom } from '../files/own-address.ts'
import type { Shelf } from '../files/shelf.ts'
import { Fault } from '../fault.ts'
import { strangerIs } from '../http/loopback.ts'
import type { Finding, Peer } from '../net/content.ts'
import { answerFor, tellOf } from './cobbler-who.ts'
import { callCobbler } from './cobbler-calls.ts'
import { peerOf } from './peer.ts'

/** Where Cobbler's clients ask; a site switches it on. */
export const cobblerPrefixes = ['/cblr', '/cobbler_api'] as const

interface Cobbler {
  readonly house: House
  readonly shelf: Shelf
}

/** No call of koan is half as long, and a reader of XML may take its time in proportion to the square of the length. */
const longestCall = 8 << 10

/** Cobbler's paths for koan and for templates that came from there, bound to permits and addresses as everything else. */
export function addCobbler(app: FastifyInstance, cobbler: Cobbler): void {
  const { house } = cobbler
  app.get<{ Params: { '*': string } }>('/cblr/svc/op/*', async (request, reply) => {
    refuseWhenOff(house)
    return await send(reply, find(cobbler, request.params['*'].split('/'), request))
  })
  void app.register((api, _options, next) => {
    api.addContentTypeParser('text/xml', { parseAs: 'string', bodyLimit: longestCall }, (_request, body, parsed) =>
      parsed(null, body),
    )
    api.post('/cobbler_api', (request, reply) => {
      refuseWhenOff(house)
      void reply.type('text/xml; charset=utf-8').header('Cache-Control', 'no-store')
      return callCobbler(house, String(request.body), machinesFor(house, request))
    })
    next()
  })
}

function refuseWhenOff(house: House): void {
  if (house.registry.site.server.compat.cobbler) return
  throw new Fault('request-invalid', "Cobbler's paths are switched off here", {
    hint: 'compat: { cobbler: true } in birnam.yaml opens them',
  })
}

/** All of them for this host; for everybody else the one that asks. */
function machinesFor(house: House, request: FastifyRequest): readonly Machine[] {
  if (strangerIs(request.raw.socket, request.headers) === undefined) return house.registry.site.machines
  const own = machineFrom(house, peerOf(request).address)
  return own ? [own] : []
}

function find({ house, shelf }: Cobbler, words: readonly string[], request: FastifyRequest): Finding {
  const peer = peerOf(request)
  const asked = { carrier: 'http', peer, headers: request.headers } as const
  const [op, kind, name = ''] = words
  if ((op === 'ks' || op === 'autoinstall') && kind === 'system') return answerFor(house, shelf, name, asked)
  if (op === 'ipxe' && kind === 'system') return shelf.find(`HOSTNAME-${name}.ipxe`, asked)
  if (op === 'nopxe' && kind === 'system') return done(tellOf(house, name, { kind: 'done' }, peer))
  if (op === 'trig') return trigger(house, words, peer)
  if (op === 'autodetect')
    return text(machineFrom(house, peer.address)?.name ?? 'FAILED: no system is known at this address')
  if (op === 'find_autoinstall' || op === 'findks') return found(house, peer)
  if (op === 'list') return listed(house, words, machinesFor(house, request))
  return {
    kind: 'refused',
    status: 404,
    message: `Birnam answers no op/${op}; docs/compatibility.md tells which it does`,
  }
}

/** `trig/mode/{pre|post|firstboot}/system/NAME`: the install began, and it is over. */
function trigger(house: House, [, , mode, kind, name = '']: readonly string[], peer: Peer): Finding {
  if (kind !== 'system') return { kind: 'refused', status: 404, message: 'only a system can tell how its install goes' }
  if (mode === 'pre') return done(tellOf(house, name, { kind: 'started' }, peer))
  if (mode === 'post') return done(tellOf(house, name, { kind: 'done' }, peer))
  return mode === 'firstboot'
    ? text('True')
    : { kind: 'refused', status: 404, message: 'the mode is pre, post or firstboot' }
}

function found(house: House, peer: Peer): Finding {
  const machine = machineFrom(house, peer.address)
  if (!machine) return { kind: 'refused', status: 404, message: `no system is known at ${peer.address}` }
  return text(`${serverUrl(house, peer.address)}/cblr/svc/op/ks/system/${machine.name}`)
}

/** `list/what/{systems|profiles|distros}`, a name a line. */
function listed(house: House, [, , what = '']: readonly string[], machines: readonly Machine[]): Finding {
  const profiles = machines.map((machine) => house.registry.profileOf(machine))
  const lists: Readonly<Record<string, readonly (string | undefined)[]>> = {
    systems: machines.map(({ name }) => name),
    profiles: profiles.map((profile) => profile?.name),
    distros: profiles.map((profile) => (profile && 'distro' in profile ? profile.distro : undefined)),
  }
  if (!Object.hasOwn(lists, what)) return { kind: 'refused', status: 404, message: `no list is called ${what}` }
  const names = new Set(lists[what]!.filter((name) => name !== undefined))
  return text([...names].map((name) => `${name}\n`).join(''))
}

function done(refusal: Finding): Finding {
  return refusal ?? text('True')
}

function text(value: string): Finding {
  return { kind: 'bytes', bytes: Buffer.from(value), type: 'text/plain; charset=utf-8' }
}

async function send(reply: FastifyReply, finding: Finding): Promise<FastifyReply> {
  const plain = reply.header('Cache-Control', 'no-store').type('text/plain; charset=utf-8')
  if (finding?.kind === 'bytes')
    return await plain.type(finding.type ?? 'text/plain; charset=utf-8').send(finding.bytes)
  if (finding?.kind === 'refused') return await plain.code(finding.status).send(`${finding.message}\n`)
  return await plain.code(404).send('there is nothing of that name\n')
}
