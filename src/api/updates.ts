import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Machine } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { goldenOf, type Golden, type House } from '../files/house.ts'
import { overridesOf } from '../files/overrides.ts'
import { overridesTar } from '../files/overrides-tar.ts'
import { excludedBy, readExcludes, scopeOf } from '../files/update-scope.ts'
import { updateScript } from '../files/update-script.ts'
import { readBootedToken, readUpdateToken, type UpdateRight } from '../files/update-token.ts'
import { parseBody } from '../http/api-server.ts'
import { readDigest } from '../image/digest.ts'
import { expectedOf, readDrift } from '../image/drift.ts'
import { Plans, versionAt } from '../image/plans.ts'
import { formatReference, parseReference } from '../image/reference.ts'
import type { ImageVersion } from '../image/store.ts'
import { packLists, packPlan } from '../image/update-pack.ts'
import { treeOf } from '../image/version-tree.ts'
import { peerOf } from './peer.ts'
import { hideFor } from './secrets.ts'

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
    answer(reply, 'text/x-shellscript; charset=utf-8', () => {
      const { machine, right } = admit(house, request)
      return updateScript(house, machine, right)
    }),
  )
  app.post<Keyed>('/u/:token/plan', { bodyLimit: longestForm }, (request, reply) =>
    answer(reply, 'application/x-tar', () =>
      planFor(house, plans, admit(house, request), parseBody(planWish, request.body ?? {})),
    ),
  )
  app.get<Keyed>('/u/:token/overrides', (request, reply) =>
    answer(reply, 'application/x-tar', () => {
      const { machine, right } = admit(house, request)
      return overridesTar(house, machine, audienceOf(machine, right))
    }),
  )
  app.post<Keyed>('/u/:token/expected', { bodyLimit: longestForm }, (request, reply) =>
    answer(reply, 'application/x-tar', () =>
      expectedFor(house, admit(house, request), parseBody(expectedWish, request.body ?? {})),
    ),
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
    api.post<Keyed>('/u/:token/drift', { bodyLimit: longestDrift }, (request, reply) =>
      answer(reply, 'text/plain; charset=utf-8', () => driftOf(house, admit(house, request), request.body as Buffer)),
    )
    done()
  })
}

/** A machine that may be updated now. */
interface Guest {
  readonly machine: Machine
  readonly right: UpdateRight
}

/** Throws `token-unknown`: to a stranger, a late one and one at another address the same door is shut, and an event tells which. */
function admit(house: House, request: FastifyRequest<Keyed>): Guest {
  const right = readUpdateToken(house.sessions, request.params.token)
  if (!right) throw unknownToken()
  const machine = house.registry.named(right.machine)
  const { address } = peerOf(request)
  const why =
    (!machine && `${right.machine} is not in the site any more`) ||
    (address !== right.address && 'asked from a foreign address') ||
    (house.now() > right.until && 'its hour is over')
  if (machine && why === false) return { machine, right }
  const event = { at: house.now(), type: 'update.refused', machine: right.machine, detail: { why, from: address } }
  house.journal.recordSeldom(event, `${address} ${why}`)
  throw new Fault('token-unknown', `this update is refused: ${why}`, {
    hint: `birnam update ${right.machine} gives another`,
  })
}

function unknownToken(): Fault {
  return new Fault('token-unknown', 'no update has that token', { hint: 'birnam update MACHINE gives one' })
}

async function planFor(
  house: House,
  plans: Plans | undefined,
  { machine, right }: Guest,
  wish: z.output<typeof planWish>,
): Promise<Buffer> {
  const golden = goldenOf(house)
  const { name } = parseReference(right.image)
  const to = await versionAt(golden.store, name, right.digest)
  const before = wish.from === '' ? undefined : await versionSaid(golden, name, wish.from)
  const plan = await plans!.between(before, to)
  const excludes = readExcludes(wish.exclude)
  const isExcluded = excludedBy(house, excludes)
  const overrides = overridesOf(house, machine)
    .map(({ path, kind }) => ({ path: Buffer.from(path).toString('latin1'), isDirectory: kind === 'directory' }))
    .filter(({ path, isDirectory }) => !isExcluded(path, isDirectory))
  return packPlan(plan, { concerns: scopeOf(house, excludes), overrides }).tar
}

async function expectedFor(
  house: House,
  { machine, right }: Guest,
  wish: z.output<typeof expectedWish>,
): Promise<Buffer> {
  const golden = goldenOf(house)
  const version = await versionSaid(golden, parseReference(right.image).name, wish.from)
  const { tree } = await treeOf(golden.store, version, { cache: golden.trees, sums: wish.checksum === '1' })
  const { dirs, records, names, sums } = expectedOf(tree, concernsOf(house, machine, wish.exclude))
  return packLists(new Map(Object.entries({ dirs, records, names, sums })))
}

/** A machine's own words for what it has: a digest of its `installed`, or what a person typed. */
function versionSaid({ store }: Golden, name: string, text: string): Promise<ImageVersion> {
  const digest = readDigest(text)
  if (digest) return versionAt(store, name, digest)
  const reference = parseReference(text)
  return store.find(reference).then((version) => {
    if (version?.name === name) return version
    throw new Fault('image-missing', `no image ${formatReference(reference)} of ${name}`, {
      hint: `birnam image ls ${name} shows them`,
    })
  })
}

function driftOf(house: House, { machine, right }: Guest, body: Buffer): string {
  const excludes: string[] = []
  const records = body.toString('latin1')
  const end = records.startsWith('x') ? records.indexOf('\0') : -1
  if (end >= 0) excludes.push(Buffer.from(records.slice(1, end), 'latin1').toString())
  const { changed, missing, added, lines } = readDrift(
    records.slice(end + 1),
    concernsOf(house, machine, excludes.join('\n')),
  )
  const sum = changed + missing + added
  const summary = sum === 0 ? 'no drift' : `drift: ${changed} changed, ${missing} missing, ${added} added`
  tell(house, machine, 'update.drift', { changed, missing, added, image: right.image })
  return `${summary}\n${lines.map((line) => `${line}\n`).join('')}`
}

/** What overrides have written differs from the image because the site says so. */
function concernsOf(house: House, machine: Machine, text: string): (path: string, isDirectory: boolean) => boolean {
  const scope = scopeOf(house, readExcludes(text))
  const own = new Set(overridesOf(house, machine).map(({ path }) => Buffer.from(path).toString('latin1')))
  return (path, isDirectory) => !own.has(path) && scope(path, isDirectory)
}

/** A shell reads it: a mistake is one sentence, not a document. */
async function answer(reply: FastifyReply, type: string, make: () => unknown): Promise<FastifyReply> {
  try {
    const made = await make()
    return await reply.type(type).header('Cache-Control', 'no-store').send(made)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const status = error.code === 'token-unknown' ? 403 : error.code === 'request-invalid' ? 400 : 409
    return reply.code(status).type('text/plain; charset=utf-8').send(`${error.toString()}\n`)
  }
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
