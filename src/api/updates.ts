import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Machine } from '../config/site.ts'
import { Fault } from '../fault.ts'
import type { House } from '../files/house.ts'
import { overridesTar } from '../files/overrides-tar.ts'
import { whyForeign } from '../files/own-address.ts'
import { updateScript } from '../files/update-script.ts'
import { readBootedToken, readUpdateToken, type UpdateRight } from '../files/update-token.ts'
import { parseBody } from '../http/api-server.ts'
import { unhurried } from '../http/unhurried.ts'
import type { Drift } from '../image/drift.ts'
import { Plans } from '../image/plans.ts'
import { peerOf } from './peer.ts'
import { hideFor } from './secrets.ts'
import { driftOf, expectedFor, planFor, type Guest } from './update-work.ts'

interface Keyed {
  readonly Params: { readonly token: string }
}

/** Bytes of what a machine may say of its drift: a hundred thousand paths and more. */
const longestDrift = 32 << 20
const longestForm = 256 << 10

const from = z.string().max(400).default('')
const exclude = z.string().max(longestForm).default('')
const planWish = z.strictObject({ from, exclude })
const expectedWish = z.strictObject({ from, exclude, checksum: z.enum(['0', '1']).default('0') })
/** Works of one machine at a time: its shell asks for one after the other, and again when its connection broke. */
const mostWorks = 2
const count = z.coerce.number().int().min(0)
const said = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('started'), from }),
  z.strictObject({ kind: z.literal('done'), from, changed: count, removed: count, bytes: count }),
  z.strictObject({ kind: z.literal('failed'), from, why: z.string().max(400) }),
])
const booted = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('good'), state: z.string().max(100).default('') }),
  z.strictObject({ kind: z.literal('undone') }),
])

/** What a running machine asks for while it is brought to another version, each under the token of its update: `/u/`. */
export function addUpdates(app: FastifyInstance, house: House): void {
  const plans = house.golden && new Plans(house.golden.store, house.golden.trees)
  app.get<Keyed>('/u/:token', (request, reply) =>
    answer(
      reply,
      'text/x-shellscript; charset=utf-8',
      () => {
        const { machine, right } = admit(house, request)
        return updateScript(house, machine, right)
      },
      () => admit(house, request),
    ),
  )
  const works = new Works(house)
  const { onRequest } = works
  app.post<Keyed>('/u/:token/plan', { onRequest, bodyLimit: longestForm }, (request, reply) =>
    works.answer(request, reply, 'application/x-tar', (guest, signal) =>
      planFor(house, plans, guest, { ...parseBody(planWish, request.body ?? {}), signal }),
    ),
  )
  app.get<Keyed>('/u/:token/overrides', (request, reply) =>
    answer(
      reply,
      'application/x-tar',
      () => {
        const { machine, right } = admit(house, request)
        return overridesTar(house, machine, audienceOf(machine, right))
      },
      () => admit(house, request),
    ),
  )
  app.post<Keyed>('/u/:token/expected', { onRequest, bodyLimit: longestForm }, (request, reply) =>
    works.answer(request, reply, 'application/x-tar', (guest, signal) => {
      const { checksum, ...wish } = parseBody(expectedWish, request.body ?? {})
      return expectedFor(house, guest, { ...wish, sums: checksum === '1', signal })
    }),
  )
  app.post<Keyed>('/u/:token/report', (request) => {
    const { machine, right } = admit(house, request)
    const { kind, ...detail } = parseBody(said, request.body ?? {})
    const why = 'why' in detail ? { why: hideFor(house, machine, detail.why) } : {}
    tell(house, machine, `update.${kind}`, { ...detail, ...why, image: right.image })
    return { ok: true }
  })
  app.post<Keyed>('/u/:token/booted', (request) => {
    const right = readBootedToken(house.sessions, request.params.token)
    const machine = right && house.registry.named(right.machine)
    if (!machine) throw unknownToken()
    const { kind, ...detail } = parseBody(booted, request.body ?? {})
    tell(house, machine, kind === 'good' ? 'update.booted' : 'update.undone', { ...detail, image: right.image })
    return { ok: true }
  })
  // A list of paths is no form and no JSON.
  void app.register((api, _options, done) => {
    api.addContentTypeParser('application/x-birnam-drift', { parseAs: 'buffer', bodyLimit: longestDrift }, takeBytes)
    api.post<Keyed>('/u/:token/drift', { onRequest, bodyLimit: longestDrift }, (request, reply) =>
      works.answer(request, reply, 'text/plain; charset=utf-8', async (guest, signal) => {
        const drift = await driftOf(house, guest, request.body as Buffer, signal)
        const { changed, missing, added } = drift
        tell(house, guest.machine, 'update.drift', { changed, missing, added, image: guest.right.image })
        return driftText(drift)
      }),
    )
    done()
  })
}

function driftText({ changed, missing, added, lines }: Drift): Buffer {
  const sum = changed + missing + added
  const summary = sum === 0 ? 'no drift' : `drift: ${changed} changed, ${missing} missing, ${added} added`
  return Buffer.from(`${[summary, ...lines].join('\n')}\n`)
}

/** What takes long: few at once for each machine, refused before its body is read, and given up when nobody waits any more. */
class Works {
  readonly #house: House
  readonly #running = new Map<string, number>()

  constructor(house: House) {
    this.#house = house
  }

  /** A body may be 32 MB: nobody sends one who is not let in. */
  readonly onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    try {
      const { machine } = admit(this.#house, request as FastifyRequest<Keyed>)
      const running = this.#running.get(machine.name) ?? 0
      if (running >= mostWorks) throw busy(machine)
      this.#running.set(machine.name, running + 1)
      reply.raw.once('close', () => this.#ended(machine.name))
    } catch (error) {
      await refuse(reply, error)
    }
  }

  async answer(
    request: FastifyRequest<Keyed>,
    reply: FastifyReply,
    type: string,
    make: (guest: Guest, signal: AbortSignal) => Promise<Buffer>,
  ): Promise<FastifyReply> {
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    try {
      const work = (): Promise<Buffer> => make(admit(this.#house, request), gone.signal)
      return await unhurried(request.raw, () => answer(reply, type, work, () => admit(this.#house, request)))
    } catch (error) {
      if (!gone.signal.aborted) throw error
      return reply.hijack()
    }
  }

  #ended(machine: string): void {
    const running = this.#running.get(machine) ?? 1
    if (running > 1) this.#running.set(machine, running - 1)
    else this.#running.delete(machine)
  }
}

function busy({ name }: Machine): Fault {
  return new Fault('image-busy', `${mostWorks} requests of ${name} are being answered already`, {
    hint: 'wait until they are done',
  })
}

/** Throws `token-unknown`: to a stranger, a late one and one at another address the same door is shut, and an event tells which. */
function admit(house: House, request: FastifyRequest<Keyed>): Guest {
  const right = readUpdateToken(house.sessions, request.params.token)
  if (!right) throw unknownToken()
  const machine = house.registry.named(right.machine)
  const { address } = peerOf(request)
  const why =
    (!machine && `${right.machine} is not in the site any more`) ||
    whyForeign(house, { machine }, address) ||
    (house.now() > right.until && 'its hour is over')
  if (machine && !why) return { machine, right }
  const event = { at: house.now(), type: 'update.refused', machine: right.machine, detail: { why, from: address } }
  house.journal.recordSeldom(event, `${address} ${why}`)
  throw new Fault('token-unknown', `this update is refused: ${why}`, {
    hint: `birnam update ${right.machine} gives another`,
  })
}

function unknownToken(): Fault {
  return new Fault('token-unknown', 'no update has that token', { hint: 'birnam update MACHINE gives one' })
}

/** A shell reads it: a mistake is one sentence, not a document. */
async function answer(
  reply: FastifyReply,
  type: string,
  make: () => unknown,
  admitAgain: () => unknown,
): Promise<FastifyReply> {
  try {
    const made = await make()
    // Its hour, its address or its machine may have gone while that was waited for.
    admitAgain()
    return await reply.type(type).header('Cache-Control', 'no-store').send(made)
  } catch (error) {
    return refuse(reply, error)
  }
}

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof Fault)) throw error
  const status = error.code === 'token-unknown' ? 403 : error.code === 'request-invalid' ? 400 : 409
  return reply.code(status).type('text/plain; charset=utf-8').send(`${error.toString()}\n`)
}

function takeBytes(_request: FastifyRequest, body: Buffer, done: (error: null, body: Buffer) => void): void {
  done(null, body)
}

function audienceOf(machine: Machine, { address }: UpdateRight) {
  return { machine, address, ...(machine.macs[0] && { mac: machine.macs[0] }) }
}

function tell(house: House, machine: Machine, type: string, detail: Readonly<Record<string, string | number>>): void {
  house.journal.record({ at: house.now(), type, machine: machine.name, detail })
}
