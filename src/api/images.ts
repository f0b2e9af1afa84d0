import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Fault } from '../fault.ts'
import { goldenOf, type House } from '../files/house.ts'
import { parseBody } from '../http/api-server.ts'
import { callerOf, type KnownCallers } from './caller.ts'
import type { CaptureDesk, CaptureOffer, CaptureWish } from './capture-desk.ts'
import type { Digest } from '../image/digest.ts'
import type { GcResult } from '../image/gc.ts'
import type { Library } from '../image/library.ts'
import { formatReference, parseReference, readReference, type Reference } from '../image/reference.ts'
import type { ImageVersion } from '../image/store.ts'

const gcWish = z.strictObject({ dryRun: z.boolean().default(false) })
const captureWish = z.strictObject({
  as: z.string().max(400),
  keep: z.array(z.string().max(100)).max(100).default([]),
  exclude: z.array(z.string().max(4000)).max(1000).default([]),
})
const removeWish = z.strictObject({ names: z.array(z.string().max(400)).min(1).max(100) })

interface Parts {
  readonly house: House
  readonly captures?: CaptureDesk
  readonly known: KnownCallers
}

/** What takes images away: only the server knows what it has promised, and what is being pulled. */
export function addImages(api: FastifyInstance, { house, captures, known }: Parts): void {
  const by = (request: FastifyRequest): string => callerOf(known, request, 'changes are made')
  api.post('/api/images/capture-script', (request) =>
    offer(captures, { ...parseBody(captureWish, request.body ?? {}), by: by(request) }),
  )
  api.post('/api/images/gc', async (request) => {
    const { dryRun } = parseBody(gcWish, request.body ?? {})
    const result = await gc(house, dryRun)
    const { removed, bytes } = result
    if (!dryRun) tell(house, 'image.collected', { blobs: removed.length, bytes, by: by(request) })
    return result
  })
  api.post('/api/images/remove', async (request) => {
    const { names } = parseBody(removeWish, request.body)
    for (const name of names) {
      await removeOne(house, name)
      tell(house, 'image.removed', { image: name, by: by(request) })
    }
    return names
  })
}

function tell({ journal, now }: House, type: string, detail: Readonly<Record<string, string | number>>): void {
  journal.record({ at: now(), type, detail })
}

/** Throws `image-busy` when an open permit promises that version. */
async function removeOne(house: House, name: string): Promise<void> {
  const reference = versionIn(name)
  const { store } = goldenOf(house)
  const version = await store.find(reference)
  if (!version) throw missing(reference)
  const stays = reference.digest === undefined && (await isNamedTwice(store, version))
  const promisedTo = house.permits.open.find(({ image }) => image?.endsWith(`@${version.digest}`))
  if (promisedTo && !stays) throw promised(name, promisedTo.machine)
  if (reference.digest) await store.forget(version.name, version.digest)
  else await store.untag(version.name, reference.tag!)
}

async function isNamedTwice(store: Library, { name, digest }: ImageVersion): Promise<boolean> {
  const listed = (await store.list(name)).find((version) => version.digest === digest)
  return listed !== undefined && listed.tags.length > 1
}

function offer(captures: CaptureDesk | undefined, wish: CaptureWish): CaptureOffer {
  if (captures) return captures.offer(wish)
  throw new Fault('request-invalid', 'no server runs here that could receive the machine', { hint: 'birnam serve' })
}

function gc(house: House, dryRun: boolean): Promise<GcResult> {
  const { collect } = goldenOf(house)
  if (!collect)
    throw new Fault('request-invalid', 'the images are in a registry of their own', {
      hint: 'use its own garbage collection',
    })
  return collect({ dryRun, promised: promisedBy(house) })
}

function promisedBy({ permits }: House): Digest[] {
  return permits.open.flatMap(({ image }) => (image === undefined ? [] : (readReference(image)?.digest ?? [])))
}

function versionIn(name: string): Reference {
  const reference = parseReference(name)
  if (reference.tag !== undefined || reference.digest) return reference
  throw new Fault('request-invalid', `which version of ${name}?`, {
    hint: `write ${name}:VERSION; birnam image ls ${name} shows them`,
  })
}

function missing(reference: Reference): Fault {
  return new Fault('image-missing', `no image ${formatReference(reference)}`, {
    hint: 'birnam image ls shows what there is',
  })
}

function promised(name: string, machine: string): Fault {
  return new Fault('image-busy', `${name} is promised to ${machine}`, {
    hint: `birnam withdraw ${machine} takes the permit back; or wait until it is installed`,
  })
}
