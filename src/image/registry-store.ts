import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Fault } from '../fault.ts'
import { digestOf, readDigest, type Digest } from './digest.ts'
import { byVersion, isAttachment, versionOf } from './index-file.ts'
import { eachOf } from './each-of.ts'
import type { KeptManifest, Library } from './library.ts'
import {
  blobsOf,
  descriptorForm,
  isImage,
  longestConfig,
  longestManifest,
  parseConfig,
  parseJson,
  parseManifest,
} from './manifest.ts'
import { annotation, media, type Descriptor, type ImageConfig, type Manifest } from './oci.ts'
import { isImageName, isTag, type Reference } from './reference.ts'
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts'
import { RegistryWriter } from './registry-writer.ts'
import type { BlobWriter, ImageVersion } from './store.ts'

/** Blobs arrive before anybody knows whose they are; from this repository they are mounted into the image's own. */
const pool = 'birnam-blobs'

/** Images in another registry, by the OCI distribution protocol. Throws `config-invalid` for what is no URL. */
export function openRegistryStore(options: RegistryClientOptions): RegistryStore {
  return new RegistryStore(new RegistryClient(options))
}

export class RegistryStore implements Library {
  readonly #client: RegistryClient
  /** Which repository was seen to have a blob: a registry knows blobs only within one. */
  readonly #homes = new Map<Digest, string>()
  readonly #manifests = new Map<Digest, Manifest>()
  readonly #times = new Map<Digest, number>()
  #turn: Promise<unknown> = Promise.resolve()

  /** Use `openRegistryStore`. */
  constructor(client: RegistryClient) {
    this.#client = client
  }

  async blob(digest: Digest): Promise<{ readonly size: number } | undefined> {
    return (await this.#home(digest))?.found
  }

  async open(digest: Digest, from = 0): Promise<Readable> {
    const home = await this.#home(digest)
    if (!home) throw new Fault('image-missing', `the blob ${digest} is not in the registry ${this.#client.host}`)
    if (from >= home.found.size && from > 0) return Readable.from([])
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {}
    const answer = await this.#client.expect([from > 0 ? 206 : 200], `${home.repository}/blobs/${digest}`, { headers })
    const chunks = (answer.body ?? []) as AsyncIterable<Uint8Array>
    return Readable.from(from > 0 ? chunks : proved(chunks, digest), { objectMode: false })
  }

  write(): Promise<BlobWriter> {
    return RegistryWriter.open(this.#client, this.#repository(pool))
  }

  async put(name: string, tag: string | undefined, bytes: Uint8Array): Promise<ImageVersion> {
    if (!isImageName(name) || name === pool)
      throw new Fault('request-invalid', `${JSON.stringify(name.slice(0, 200))} is no image name`)
    if (tag !== undefined && !isTag(tag))
      throw new Fault('request-invalid', `${JSON.stringify(tag.slice(0, 200))} is no tag`)
    const digest = await this.#bring(name, bytes)
    if (tag !== undefined) await this.#putManifest(name, tag, bytes)
    const as = tag ?? (await this.#putNext(name, bytes, digest))
    const found = (await this.find({ name, tag: as, digest }))!
    const tags = (await this.#tagged(name)).filter((one) => one.digest === digest && !isAttachment(one.tag))
    return { ...found, tags: tags.map((one) => one.tag) }
  }

  async keep(name: string, bytes: Uint8Array): Promise<Digest> {
    const digest = await this.#bring(name, bytes)
    await this.#putManifest(name, digest, bytes)
    return digest
  }

  /** One request, and one more to learn the highest version where the reference names none; whatever else names the same image is not asked for. */
  async find(reference: Reference): Promise<ImageVersion | undefined> {
    const { name, digest: wanted } = reference
    const tag = reference.tag ?? (wanted === undefined ? await this.#latest(name) : undefined)
    if (tag === undefined && wanted === undefined) return undefined
    const named = { name, ...(tag !== undefined && { tag }), ...(wanted && { digest: wanted }) }
    const kept = await this.manifest(named)
    if (!kept) return undefined
    const { digest } = kept
    const manifest = parseManifest(kept.bytes)
    const createdAt = this.#times.get(digest) ?? timeOf(manifest.annotations?.[annotation.created])
    return { name, tags: tag === undefined ? [] : [tag], digest, manifest, createdAt }
  }

  async list(name?: string): Promise<readonly ImageVersion[]> {
    const names = name === undefined ? await this.names() : [name]
    const versions: ImageVersion[] = []
    for (const one of names) {
      const tagsOf = Map.groupBy(
        (await this.#tagged(one)).filter(({ tag }) => !isAttachment(tag)),
        ({ digest }) => digest,
      )
      // What is no image for one platform, or is broken, hides no other.
      const all = await eachOf([...tagsOf], atOnce, ([digest, tagged]) =>
        this.#version(
          one,
          digest,
          tagged.map(({ tag }) => tag),
        ).catch(() => undefined),
      )
      const found = all.filter((version) => version !== undefined)
      versions.push(...found.sort((a, b) => byVersion(a.tags[0] ?? '', b.tags[0] ?? '')))
    }
    return versions
  }

  async config({ name, manifest }: ImageVersion): Promise<ImageConfig> {
    return parseConfig(await this.#small(name, manifest.config.digest, longestConfig))
  }

  /** Registries that only delete whole manifests do it when no other tag names the same one; else `image-busy`. */
  async untag(name: string, tag: string): Promise<boolean> {
    const digest = await this.#digestOf(name, tag)
    if (digest === undefined) return false
    const answer = await this.#client.ask(this.#path(name, 'manifests', tag), { method: 'DELETE' })
    if (answer.status === 202) return true
    const others = (await this.#tagged(name)).filter((one) => one.digest === digest && one.tag !== tag)
    if (others.length === 0) return this.forget(name, digest)
    throw new Fault('image-busy', `the registry ${this.#client.host} takes no single tag away`, {
      hint: `${name}:${others[0]!.tag} is the same image; remove that name too`,
    })
  }

  async forget(name: string, digest: Digest): Promise<boolean> {
    const answer = await this.#client.ask(this.#path(name, 'manifests', digest), { method: 'DELETE' })
    if (answer.status === 202 || answer.status === 404) return answer.status === 202
    throw new Fault('registry-failed', `the registry ${this.#client.host} deletes nothing (${answer.status})`, {
      hint: 'switch deletion on in its settings (docker-registry: storage.delete.enabled)',
    })
  }

  async names(): Promise<readonly string[]> {
    const all = await this.#pages('_catalog', 'repositories')
    const { prefix } = this.#client
    const own = all.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
    return own.filter((name) => name !== pool && isImageName(name)).sort()
  }

  async tags(name: string): Promise<readonly string[]> {
    return (await this.#pages(this.#path(name, 'tags', 'list'), 'tags')).filter(isTag).sort()
  }

  async manifest({ name, tag, digest }: Reference): Promise<KeptManifest | undefined> {
    const reference = digest ?? tag ?? (await this.#latest(name))
    if (reference === undefined) return undefined
    const headers = { accept: `${media.manifest}, ${media.dockerManifest}` }
    const answer = await this.#client.expect([200, 404], this.#path(name, 'manifests', reference), { headers })
    const bytes = await bytesOf(answer, longestManifest)
    if (answer.status === 404) return undefined
    const found = digestOf(createHash('sha256').update(bytes).digest('hex'))
    if (digest !== undefined && found !== digest)
      throw new Fault('digest-mismatch', `the registry ${this.#client.host} sent ${found} for ${digest}`)
    const manifest = parseManifest(bytes)
    this.#learn(name, found, manifest)
    return { digest: found, mediaType: manifest.mediaType, bytes }
  }

  async referrers(name: string, digest: Digest): Promise<readonly Descriptor[]> {
    const answer = await this.#client.expect([200, 404], this.#path(name, 'referrers', digest))
    const bytes = await bytesOf(answer, longestManifest)
    // Registries before 1.1 do not know the question.
    if (answer.status === 404) return []
    const { manifests } = parseJson(bytes, longestManifest, 'the list of referrers') as { manifests?: unknown }
    const lines: readonly unknown[] = Array.isArray(manifests) ? manifests : []
    return lines.flatMap((line) => (descriptorForm.safeParse(line).data as Descriptor | undefined) ?? [])
  }

  async reaches(name: string, digest: Digest): Promise<boolean> {
    return (await this.#look(this.#repository(name), digest)) !== undefined
  }

  /** Another registry's own gc does not ask here. */
  reading(): Disposable {
    return { [Symbol.dispose]: () => {} }
  }

  /** Makes sure that every blob of a manifest is in its repository; the manifest's digest. */
  async #bring(name: string, bytes: Uint8Array): Promise<Digest> {
    const manifest = parseManifest(bytes)
    for (const { digest, size } of blobsOf(manifest)) {
      const found = await this.#mount(name, digest)
      if (!found) throw new Fault('image-invalid', `the manifest names ${digest}, which is not here`)
      if (found.size !== size)
        throw new Fault('image-invalid', `the manifest says that ${digest} has ${size} bytes, and it has ${found.size}`)
    }
    if (isImage(manifest)) {
      const { rootfs } = parseConfig(await this.#small(name, manifest.config.digest, longestConfig))
      if (rootfs.diff_ids.length !== manifest.layers.length)
        throw new Fault('image-invalid', 'the image and its configuration differ in their number of layers')
    }
    return digestOf(createHash('sha256').update(bytes).digest('hex'))
  }

  async #mount(name: string, digest: Digest): Promise<{ readonly size: number } | undefined> {
    const repository = this.#repository(name)
    const here = await this.#look(repository, digest)
    if (here) return here
    const home = await this.#home(digest)
    if (!home) return undefined
    const query = `mount=${digest}&from=${encodeURIComponent(home.repository)}`
    const answer = await this.#client.expect([201, 202], `${repository}/blobs/uploads/?${query}`, { method: 'POST' })
    // 202: it does not mount, and has begun an upload instead.
    if (answer.status === 202) await this.#copy(repository, digest)
    this.#homes.set(digest, repository)
    return home.found
  }

  async #copy(repository: string, digest: Digest): Promise<void> {
    await using writer = await RegistryWriter.open(this.#client, repository)
    for await (const chunk of (await this.open(digest)) as AsyncIterable<Uint8Array>) await writer.write(chunk)
    await writer.commit(digest)
  }

  /**
   * The next number, one after the other in this process. A registry has no way to claim a tag: of two servers that put at once the
   * one whose manifest does not stand there afterwards takes the number after it.
   */
  #putNext(name: string, bytes: Uint8Array, digest: Digest): Promise<string> {
    const turn = this.#turn.then(async () => {
      for (;;) {
        const versions = (await this.tags(name)).map((tag) => versionOf(tag) ?? 0)
        const next = String(Math.max(0, ...versions) + 1)
        await this.#putManifest(name, next, bytes)
        if ((await this.#digestOf(name, next)) === digest) return next
      }
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #putManifest(name: string, reference: string, bytes: Uint8Array): Promise<void> {
    const headers = { 'content-type': parseManifest(bytes).mediaType }
    await this.#client.expect([201], this.#path(name, 'manifests', reference), { method: 'PUT', headers, body: bytes })
  }

  async #version(name: string, digest: Digest, tags: readonly string[]): Promise<ImageVersion> {
    const known = this.#manifests.get(digest)
    if (!known) await this.manifest({ name, digest })
    const manifest = known ?? this.#manifests.get(digest)
    if (!manifest) throw new Fault('image-missing', `${name}@${digest} is not in the registry ${this.#client.host}`)
    const createdAt = this.#times.get(digest) ?? (await this.#timeOf(name, digest, manifest))
    return { name, tags: [...tags].sort(byVersion), digest, manifest, createdAt }
  }

  /** A registry does not tell when a manifest came; the image itself may say when it was made. */
  async #timeOf(name: string, digest: Digest, { annotations, config }: Manifest): Promise<number> {
    const text = annotations?.[annotation.created] ?? (await this.#created(name, config.digest))
    const createdAt = timeOf(text)
    this.#times.set(digest, createdAt)
    return createdAt
  }

  async #created(name: string, config: Digest): Promise<string | undefined> {
    return this.#small(name, config, longestConfig)
      .then((bytes) => parseConfig(bytes).created)
      .catch(() => undefined)
  }

  async #small(name: string, digest: Digest, limit: number): Promise<Uint8Array> {
    const answer = await this.#client.expect([200, 404], `${this.#repository(name)}/blobs/${digest}`)
    const bytes = await bytesOf(answer, limit)
    if (answer.status === 404)
      throw new Fault('image-missing', `the blob ${digest} is not in the registry ${this.#client.host}`)
    if (digestOf(createHash('sha256').update(bytes).digest('hex')) === digest) return bytes
    throw new Fault('digest-mismatch', `the registry ${this.#client.host} sent other bytes for ${digest}`)
  }

  async #tagged(name: string): Promise<readonly { readonly tag: string; readonly digest: Digest }[]> {
    const all = await eachOf(await this.tags(name), atOnce, async (tag) => {
      const digest = await this.#digestOf(name, tag)
      return digest && { tag, digest }
    })
    return all.filter((found) => found !== undefined)
  }

  async #digestOf(name: string, reference: string): Promise<Digest | undefined> {
    const headers = { accept: `${media.manifest}, ${media.dockerManifest}` }
    const answer = await this.#client.expect([200, 404], this.#path(name, 'manifests', reference), {
      method: 'HEAD',
      headers,
    })
    if (answer.status === 404) return undefined
    return (
      readDigest(answer.headers.get('docker-content-digest') ?? '') ??
      (await this.manifest({ name, tag: reference }))?.digest
    )
  }

  async #latest(name: string): Promise<string | undefined> {
    const tags = await this.tags(name)
    const versions = tags.filter((tag) => versionOf(tag) !== undefined).sort(byVersion)
    return versions.at(-1) ?? tags.find((tag) => tag === 'latest')
  }

  /** Where a blob is: where it was seen last, in the pool, or in any image. */
  async #home(
    digest: Digest,
  ): Promise<{ readonly repository: string; readonly found: { readonly size: number } } | undefined> {
    const known = this.#homes.get(digest)
    for (const repository of [...(known === undefined ? [] : [known]), this.#repository(pool)]) {
      const found = await this.#look(repository, digest)
      if (found) return { repository, found }
    }
    this.#homes.delete(digest)
    await this.list()
    const learnt = this.#homes.get(digest)
    const found = learnt === undefined ? undefined : await this.#look(learnt, digest)
    return found && { repository: learnt!, found }
  }

  async #look(repository: string, digest: Digest): Promise<{ readonly size: number } | undefined> {
    const answer = await this.#client.expect([200, 404], `${repository}/blobs/${digest}`, { method: 'HEAD' })
    const size = Number(answer.headers.get('content-length'))
    return answer.status === 200 && Number.isSafeInteger(size) ? { size } : undefined
  }

  #learn(name: string, digest: Digest, manifest: Manifest): void {
    if (this.#manifests.size >= mostManifests) this.#manifests.clear()
    this.#manifests.set(digest, manifest)
    for (const blob of blobsOf(manifest)) this.#homes.set(blob.digest, this.#repository(name))
  }

  /** A list over all its pages; nothing when there is none. */
  async #pages(path: string, key: 'tags' | 'repositories'): Promise<readonly string[]> {
    const all: string[] = []
    let next: string | URL | undefined = `${path}?n=1000`
    for (let page = 0; next !== undefined && page < mostPages; page++) {
      const answer: Response = await this.#client.expect([200, 404], next)
      const bytes = await bytesOf(answer, longestList)
      if (answer.status === 404) return all
      const value = (parseJson(bytes, longestList, 'the list') as Record<string, unknown>)[key]
      if (Array.isArray(value)) all.push(...value.filter((item) => typeof item === 'string'))
      const link: string | undefined = /^<([^>]+)>; *rel="?next/i.exec(answer.headers.get('link') ?? '')?.[1]
      next = link === undefined ? undefined : this.#client.follow(link)
    }
    return all
  }

  #repository(name: string): string {
    return `${this.#client.prefix}${name}`
  }

  #path(name: string, kind: 'manifests' | 'tags' | 'referrers', reference: string): string {
    return `${this.#repository(name)}/${kind}/${reference}`
  }
}

const mostManifests = 1000
/** Requests that are under way together: a list of versions takes one for each. */
const atOnce = 16
const mostPages = 1000
const longestList = 4 << 20

function timeOf(text: string | undefined): number {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? 0 : time
}

/** A body of at most `limit` bytes, however long it says that it is. */
async function bytesOf(answer: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > limit) throw new Fault('image-invalid', `the registry sent more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Fails at the end when the bytes are not what the digest says. */
async function* proved(chunks: AsyncIterable<Uint8Array>, digest: Digest): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
  if (digestOf(hash.digest('hex')) !== digest)
    throw new Fault('digest-mismatch', `the registry sent other bytes for ${digest}`)
}
