import type { FastifyInstance } from 'fastify'
import { Fault } from '../fault.ts'
import { goldenOf, serverUrl, type House } from '../files/house.ts'
import { readDigest } from '../image/digest.ts'
import { parseReference } from '../image/reference.ts'
import type { ImageVersion } from '../image/store.ts'
import { readIpv4 } from '../net/ipv4.ts'
import { Carousel } from '../swarm/carousel.ts'
import { PieceBook } from '../swarm/piece-book.ts'
import { Seeds } from '../swarm/seeds.ts'
import { infoHash, metainfo, type Torrent } from '../swarm/torrent.ts'
import { readAnnounce, Tracker } from '../swarm/tracker.ts'
import { canMulticast, sendByUftp } from '../swarm/uftp.ts'
import { admitAt, whenStillAdmitted, type Guest, type Keyed } from './imaging.ts'
import { peerOf } from './peer.ts'

interface OfLayer {
  readonly Params: { readonly token: string; readonly digest: string }
}

/** What machines that are installed at the same time ask for, each only inside its claimed session: `/b/` torrents and their tracker, `/m/` multicast. */
export function addSwarm(app: FastifyInstance, house: House): void {
  if (!house.golden) return
  addTorrents(app, house, new PieceBook(house.golden.torrents, house.golden.store))
  addMulticast(app, house)
}

function addTorrents(app: FastifyInstance, house: House, book: PieceBook): void {
  const tracker = new Tracker()
  const seeds = new Seeds()
  app.get<Keyed>('/b/:token/announce', (request, reply) => {
    const asked = readAnnounce(request.url.replace(/^[^?]*\??/, ''), request.ip.replace(/^::ffff:/, ''))
    return whenStillAdmitted(
      house,
      request,
      reply,
      async (guest) => {
        if (!asked) throw new Fault('request-invalid', 'that is no announce of a torrent')
        const torrent = (await torrentsOf(house, guest, book)).find((one) => infoHash(one) === asked.hash)
        if (torrent) return { name: torrent.name, ...asked }
        throw new Fault('image-missing', 'this machine is promised no such torrent')
      },
      ({ name, hash, announce }, guest) => {
        seeds.heard(name, guest.audience.session.id, house.now())
        return reply.type('text/plain').send(tracker.announce(hash, announce, house.now()))
      },
    )
  })
  app.get<Keyed>('/b/:token/waiting', (request, reply) =>
    whenStillAdmitted(
      house,
      request,
      reply,
      async (guest) => (await torrentsOf(house, guest, book)).map(infoHash),
      (hashes) => reply.send(`${Math.max(0, ...hashes.map((hash) => tracker.waiting(hash, house.now())))}\n`),
    ),
  )
  app.get<OfLayer>('/b/:token/:digest', (request, reply) =>
    whenStillAdmitted(
      house,
      request,
      reply,
      async (guest) => {
        const version = await versionOf(house, guest)
        const digest = readDigest(request.params.digest)
        const layer = version.manifest.layers.find((one) => one.digest === digest)
        if (!layer) throw new Fault('image-missing', `${guest.image.split('@')[0]} has no such layer`)
        return { name: version.name, layer, torrent: await book.torrentOf(layer.digest, layer.size) }
      },
      ({ name, layer, torrent }, { audience: { address, session } }) => {
        const url = serverUrl(house, address)
        const maySeed = seeds.mayUse(torrent.name, session.id, house.now())
        const seed = maySeed ? `${url}/v2/${name}/blobs/${layer.digest}` : undefined
        const announce = `${url}/b/${request.params.token}/announce`
        return reply.type('application/x-bittorrent').send(metainfo(torrent, announce, seed))
      },
    ),
  )
}

async function torrentsOf(house: House, guest: Guest, book: PieceBook): Promise<readonly Torrent[]> {
  const { manifest } = await versionOf(house, guest)
  return Promise.all(manifest.layers.map(({ digest, size }) => book.torrentOf(digest, size)))
}

function addMulticast(app: FastifyInstance, house: House): void {
  const settings = () => house.registry.site.server.images.multicast
  const from = new Map<string, string>()
  const carousel = new Carousel(
    (image, uids, signal) => sendImage(house, image, { from: from.get(image)!, uids, signal }),
    () => settings().wait * 1000,
  )
  app.addHook('onClose', () => carousel.close())
  app.get<Keyed>('/m/:token', (request, reply) =>
    whenStillAdmitted(
      house,
      request,
      reply,
      (guest) => whyNot(house, guest),
      (missing, { image, audience: { address, session } }) => {
        if (missing !== undefined) return reply.send(`none ${missing}\n`)
        from.set(image, house.reach(address))
        const uid = readIpv4(address)!
        const peer = peerOf(request)
        const mayGoOn = (): boolean => !('status' in admitAt(house, request.params.token, peer))
        const state = carousel.join(image, session.id, uid, mayGoOn) ?? 'late'
        const { group, port } = settings()
        return reply.send(`${state} ${group} ${port} 0x${uid.toString(16).padStart(8, '0').toUpperCase()}\n`)
      },
    ),
  )
}

/** Why this image cannot be sent to many at once; undefined when it can. */
async function whyNot(house: House, guest: Guest): Promise<string | undefined> {
  if (!canMulticast()) return 'the server has no uftp (Debian: uftp)'
  const files = await filesOf(house, guest.image)
  return files.includes(undefined) ? 'the images are kept in another registry' : undefined
}

async function sendImage(
  house: House,
  image: string,
  { from, uids, signal }: { readonly from: string; readonly uids: readonly number[]; readonly signal: AbortSignal },
): Promise<void> {
  const [label] = image.split('@')
  const began = { image: label, machines: uids.length }
  house.journal.record({ at: house.now(), type: 'multicast.started', detail: began })
  try {
    const files = (await filesOf(house, image)).filter((path) => path !== undefined)
    await sendByUftp({ ...house.registry.site.server.images.multicast, from, files, uids, signal })
    house.journal.record({ at: house.now(), type: 'multicast.done', detail: began })
  } catch (error) {
    const why = error instanceof Fault ? error.message : String(error)
    house.journal.record({ at: house.now(), type: 'multicast.failed', detail: { ...began, why } })
    throw error
  }
}

async function filesOf(house: House, image: string): Promise<readonly (string | undefined)[]> {
  const { store } = goldenOf(house)
  const { manifest } = await versionAt(house, image)
  return Promise.all(manifest.layers.map(async ({ digest }) => (await store.blob(digest))?.path))
}

function versionOf(house: House, { image }: Guest): Promise<ImageVersion> {
  return versionAt(house, image)
}

async function versionAt(house: House, image: string): Promise<ImageVersion> {
  const version = await goldenOf(house).store.find(parseReference(image))
  if (version) return version
  throw new Fault('image-missing', `${image.split('@')[0]} is not on this server any more`)
}
