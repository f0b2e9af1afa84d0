import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { reach, type Session } from '../boot/session.ts'
import { Fault } from '../fault.ts'
import { askHouse, type House } from '../files/house.ts'
import type { Audience } from '../files/context.ts'
import { installScript, type ImageAudience } from '../files/install-script.ts'
import { knownAddress } from '../files/own-address.ts'
import { overridesTar } from '../files/overrides-tar.ts'
import { refusal, type Why } from '../files/refusal.ts'
import { readDigest } from '../image/digest.ts'
import { parseReference } from '../image/reference.ts'
import { Removals } from '../image/removals.ts'
import type { Removed } from '../image/version-tree.ts'
import type { Peer } from '../net/content.ts'
import { peerOf } from './peer.ts'

export interface Keyed {
  readonly Params: { readonly token: string }
}

interface Removal extends Keyed {
  readonly Params: { readonly token: string; readonly digest: string; readonly what: string }
}

/** What the imager asks for, each only inside its claimed session: `/i/` its script, `/o/` overrides, `/w/` what a layer takes away. */
export function addImaging(app: FastifyInstance, house: House): void {
  const removals = house.golden && new Removals(house.golden.store)
  app.get<Keyed>('/i/:token', async (request, reply) => {
    const guest = admit(house, request.params.token, request)
    if ('status' in guest) return refuse(reply, guest)
    try {
      const script = await installScript(house, guest.audience, guest.image, guest.expected)
      // The permit may have been withdrawn while the image store was waited for.
      const still = admit(house, request.params.token, request)
      if ('status' in still) return refuse(reply, still)
      tell(house, guest, 'script.given', { image: guest.image.split('@')[0] })
      reach(guest.audience.session, 'answer', house.now())
      guest.audience.session.gone = true
      return await reply.type('text/x-shellscript; charset=utf-8').header('Cache-Control', 'no-store').send(script)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      const still = admit(house, request.params.token, request)
      if ('status' in still) return refuse(reply, still)
      tell(house, guest, 'script.failed', { why: error.toString() })
      return refuse(reply, { status: 500, message: error.toString() })
    }
  })
  app.get<Keyed>('/o/:token', (request, reply) => {
    const guest = admit(house, request.params.token, request)
    if ('status' in guest) return refuse(reply, guest)
    tell(house, guest, 'overrides.given', {})
    const peer = peerOf(request)
    const mayGoOn = (): boolean => !('status' in admitAt(house, request.params.token, peer))
    return reply.type('application/x-tar').send(overridesTar(house, guest.audience.machine, guest.audience, mayGoOn))
  })
  app.get<Removal>('/w/:token/:digest/:what', (request, reply) =>
    whenStillAdmitted(
      house,
      request,
      reply,
      async (guest) => {
        const removed = await removedOf(house, guest, request.params.digest, removals)
        return removed[listNamed(request.params.what)]
      },
      (paths) => {
        const bytes = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1')
        return reply.type('application/octet-stream').send(bytes)
      },
    ),
  )
}

/** What was found while the store was waited for, or why it was not, is for whoever is still admitted then: it is asked in the turn in which it is sent. */
export async function whenStillAdmitted<Found>(
  house: House,
  request: FastifyRequest<Keyed>,
  reply: FastifyReply,
  find: (guest: Guest) => Promise<Found>,
  send: (found: Found, guest: Guest) => FastifyReply,
): Promise<FastifyReply> {
  const ask = (): Guest | Why => admit(house, request.params.token, request)
  const guest = ask()
  if ('status' in guest) return refuse(reply, guest)
  try {
    const found = await find(guest)
    const still = ask()
    return 'status' in still ? refuse(reply, still) : send(found, still)
  } catch (error) {
    const still = ask()
    if ('status' in still) return refuse(reply, still)
    throw error
  }
}

/** A machine inside its claimed install. */
export interface Guest {
  readonly audience: ImageAudience & Required<Pick<Audience, 'address'>>
  /** The version that the permit promises. */
  readonly image: string
  /** Disks that the permit names. */
  readonly expected: string
}

/** To be asked in the same turn as what is sent on it: after each wait anew. */
export function admit(house: House, token: string, request: FastifyRequest): Guest | Why {
  return admitAt(house, token, peerOf(request))
}

export function admitAt(house: House, token: string, peer: Peer): Guest | Why {
  const session = house.sessions.byToken(token, house.now())
  if (!session) return { status: 403, message: 'no boot session has that token' }
  const answer = askHouse(house, { door: 'http', asker: 'os', mac: session.mac, session: session.id })
  const why = refusal(house, answer, 'image', session, { peer })
  const { machine, profile, permit } = answer
  if (why) return refused(house, session, machine?.name, why, peer.address)
  if (!machine || profile?.kind !== 'image' || permit?.image === undefined)
    return { status: 410, message: 'the site has changed: this machine is not installed from an image any more' }
  const address = knownAddress(house, machine, session.mac) ?? peer.address
  const audience = { machine, profile, session, mac: session.mac, address }
  return { audience, image: permit.image, expected: permit.disks ?? '' }
}

function refused(house: House, session: Session, machine: string | undefined, why: Why, from: string): Why {
  const whose = { ...(machine !== undefined && { machine }), mac: session.mac, session: session.id }
  const event = { at: house.now(), type: 'script.refused', ...whose, detail: { why: why.message, from } }
  house.journal.recordSeldom(event, `${from} ${why.message}`)
  return why
}

export function refuse(reply: FastifyReply, { status, message }: { status: number; message: string }): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`)
}

function tell(house: House, { audience: { machine, mac, session } }: Guest, type: string, detail: object): void {
  const whose = { machine: machine.name, ...(mac && { mac }), session: session.id }
  house.journal.record({ at: house.now(), type, ...whose, detail: { ...detail } })
  if (type === 'script.given') house.permits.seen(machine.name, 'its install script was fetched')
}

function listNamed(what: string): keyof Removed {
  if (what === 'places' || what === 'whiteouts' || what === 'opaque') return what
  throw new Fault('file-missing', `a layer has no list ${what.slice(0, 40)}`, { hint: 'places, whiteouts or opaque' })
}

/** Of this machine's image only, so that nobody makes the server read what it likes. */
async function removedOf(
  { golden }: House,
  { image }: Guest,
  text: string,
  removals: Removals | undefined,
): Promise<Removed> {
  const digest = readDigest(text)
  if (!digest || !golden || !removals) throw new Fault('request-invalid', `${text.slice(0, 100)} is no digest`)
  const version = await golden.store.find(parseReference(image))
  const isLayer = version?.manifest.layers.some((layer) => layer.digest === digest) ?? false
  if (isLayer) return removals.of(digest)
  throw new Fault('image-missing', `${image.split('@')[0]} has no layer ${digest}`)
}
