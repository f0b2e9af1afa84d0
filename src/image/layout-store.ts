import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Fault } from '../fault.ts'
import { BlobFiles } from './blob-files.ts'
import { digestOf, type Digest } from './digest.ts'
import { diskFault, syncDirectory } from './durable.ts'
import { collect, type GcOptions, type GcResult } from './gc.ts'
import { byVersion, isAttachment, nextVersion, versionOf, withEntry, type Entry, type IndexFile } from './index-file.ts'
import { IndexKeeper } from './index-keeper.ts'
import { Ingest } from './ingest.ts'
import type { KeptManifest, Library } from './library.ts'
import { blobsOf, isImage, longestConfig, longestManifest, parseConfig, parseManifest } from './manifest.ts'
import type { Descriptor, ImageConfig, Manifest } from './oci.ts'
import { Readings } from './readings.ts'
import { isImageName, isTag, type Reference } from './reference.ts'
import type { BlobWriter, ImageVersion } from './store.ts'
import { verifyBlobs, type VerifyOptions, type VerifyResult } from './verify.ts'

/**
 * Images in an OCI layout on this disk: `oci-layout`, `index.json`, `blobs/sha256/`, and `ingest/` for what is still being written.
 * Several processes may use one layout at once. Sweeps up after dead ones. Throws `disk-failed` or `not-permitted`.
 */
export function openLayoutStore(directory: string, now: () => number = Date.now): LayoutStore {
  const ingest = join(directory, 'ingest')
  try {
    mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true, mode: 0o700 })
    mkdirSync(ingest, { recursive: true, mode: 0o700 })
    writeNew(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    writeNew(join(directory, 'index.json'), '{"schemaVersion":2,"manifests":[]}')
    return new LayoutStore(directory, new Ingest(ingest), now)
  } catch (error) {
    throw diskFault(error, directory)
  }
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

export class LayoutStore implements Library {
  readonly directory: string
  readonly #ingest: Ingest
  readonly #blobs: BlobFiles
  readonly #index: IndexKeeper
  readonly #readings: Readings
  readonly #now: () => number
  readonly #manifests = new Map<Digest, Manifest>()
  #reach: { readonly index: IndexFile; readonly of: Map<string, ReadonlySet<Digest>> } | undefined

  /** Use `openLayoutStore`. */
  constructor(directory: string, ingest: Ingest, now: () => number) {
    this.directory = directory
    this.#ingest = ingest
    this.#blobs = new BlobFiles(join(directory, 'blobs', 'sha256'))
    const lockFile = join(directory, 'ingest', 'lock')
    this.#index = new IndexKeeper({ file: join(directory, 'index.json'), lockFile, temporary: () => ingest.path() })
    this.#readings = new Readings(now)
    this.#now = now
    ingest.sweep(now())
  }

  async blob(digest: Digest): Promise<{ readonly size: number; readonly path: string } | undefined> {
    const found = await this.#blobs.find(digest)
    return found && { size: found.size, path: found.path }
  }

  async open(digest: Digest, from = 0): Promise<Readable> {
    const reading = this.#readings.begin(digest)
    try {
      const handle = await this.#blobs.open(digest)
      const stream = handle.createReadStream({ start: from, highWaterMark: 1 << 20 })
      return stream.once('close', () => reading[Symbol.dispose]())
    } catch (error) {
      reading[Symbol.dispose]()
      throw error
    }
  }

  reading(digest: Digest): Disposable {
    return this.#readings.begin(digest)
  }

  write(): Promise<BlobWriter> {
    return this.#ingest.write((path, digest) => this.#land(path, digest))
  }

  async put(name: string, tag: string | undefined, bytes: Uint8Array): Promise<ImageVersion> {
    if (!isImageName(name)) throw new Fault('request-invalid', `${JSON.stringify(name.slice(0, 200))} is no image name`)
    if (tag !== undefined && !isTag(tag))
      throw new Fault('request-invalid', `${JSON.stringify(tag.slice(0, 200))} is no tag`)
    return this.#keep(name, bytes, (index) => ({ tag: tag ?? nextVersion(index, name) }))
  }

  async keep(name: string, bytes: Uint8Array): Promise<Digest> {
    if (!isImageName(name)) throw new Fault('request-invalid', `${JSON.stringify(name.slice(0, 200))} is no image name`)
    return (await this.#keep(name, bytes, () => ({}))).digest
  }

  async find(reference: Reference): Promise<ImageVersion | undefined> {
    const index = await this.#index.read()
    const entry = chosen(index, reference)
    return entry && this.#version(index, entry)
  }

  async list(name?: string): Promise<readonly ImageVersion[]> {
    const index = await this.#index.read()
    const wanted = index.entries.filter((entry) => name === undefined || entry.name === name).filter(isVersion)
    const once = [...new Map(wanted.map((entry) => [`${entry.name}@${entry.descriptor.digest}`, entry])).values()]
    // A broken one hides no other; `verify` names it, and so does asking for it.
    const all = await Promise.all(once.map((entry) => this.#version(index, entry).catch(() => undefined)))
    return all.filter((version) => version !== undefined).sort(byNameThenVersion)
  }

  async config({ manifest }: ImageVersion): Promise<ImageConfig> {
    return parseConfig(await this.#blobs.read(manifest.config.digest, longestConfig))
  }

  untag(name: string, tag: string): Promise<boolean> {
    return this.#remove((entry) => entry.name === name && entry.tag === tag)
  }

  forget(name: string, digest: Digest): Promise<boolean> {
    return this.#remove((entry) => entry.name === name && entry.descriptor.digest === digest)
  }

  async names(): Promise<readonly string[]> {
    const { entries } = await this.#index.read()
    return [...new Set(entries.map(({ name }) => name))].sort()
  }

  async tags(name: string): Promise<readonly string[]> {
    const { entries } = await this.#index.read()
    return entries.flatMap((entry) => (entry.name === name && entry.tag !== undefined ? [entry.tag] : [])).sort()
  }

  async manifest(reference: Reference): Promise<KeptManifest | undefined> {
    const entry = chosen(await this.#index.read(), reference)
    if (!entry) return undefined
    const { digest } = entry.descriptor
    const bytes = await this.#blobs.read(digest, longestManifest)
    return { digest, mediaType: parseManifest(bytes).mediaType, bytes }
  }

  async referrers(name: string, digest: Digest): Promise<readonly Descriptor[]> {
    const { entries } = await this.#index.read()
    const own = entries.filter((entry) => entry.name === name).map(({ descriptor }) => descriptor)
    const once = [...new Map(own.map((descriptor) => [descriptor.digest, descriptor])).values()]
    const all = await Promise.all(once.map((descriptor) => this.#referrer(descriptor, digest)))
    return all.filter((descriptor) => descriptor !== undefined)
  }

  async reaches(name: string, digest: Digest): Promise<boolean> {
    const index = await this.#index.read()
    if (this.#reach?.index !== index) this.#reach = { index, of: new Map() }
    const { of } = this.#reach
    const known = of.get(name) ?? (await this.#reachOf(index, name))
    of.set(name, known)
    return known.has(digest)
  }

  /** Removes the blobs that nothing needs. See `GcOptions`. */
  gc(options: GcOptions = {}): Promise<GcResult> {
    const parts = { blobs: this.#blobs, index: this.#index, readings: this.#readings, now: this.#now }
    return collect(parts, options)
  }

  /** Reads every blob again. See `VerifyOptions`. */
  async verify(options: VerifyOptions = {}): Promise<VerifyResult> {
    return verifyBlobs(this.#blobs, await this.#index.read(), options)
  }

  /** Proved bytes of one manifest, kept in memory: an image is asked for at every step of a boot. */
  async #manifest(digest: Digest): Promise<Manifest> {
    const known = this.#manifests.get(digest)
    if (known) return known
    const manifest = parseManifest(await this.#blobs.read(digest, longestManifest))
    if (this.#manifests.size >= mostManifests) this.#manifests.clear()
    this.#manifests.set(digest, manifest)
    return manifest
  }

  async #version({ entries }: IndexFile, { name, descriptor: { digest } }: Entry): Promise<ImageVersion> {
    const manifest = await this.#manifest(digest)
    const own = entries.filter((entry) => entry.name === name && entry.descriptor.digest === digest)
    const times = own.flatMap(({ keptAt }) => keptAt ?? [])
    const createdAt = times.length > 0 ? Math.min(...times) : ((await this.#blobs.find(digest))?.mtimeMs ?? 0)
    const tags = own.flatMap(({ tag }) => tag ?? []).sort(byVersion)
    return { name, tags, digest, manifest, createdAt: Math.floor(createdAt) }
  }

  async #referrer(descriptor: Descriptor, subject: Digest): Promise<Descriptor | undefined> {
    const manifest = await this.#manifest(descriptor.digest).catch(() => undefined)
    if (manifest?.subject?.digest !== subject) return undefined
    const { mediaType, annotations } = manifest
    const artifactType = manifest.artifactType ?? manifest.config.mediaType
    return {
      mediaType,
      digest: descriptor.digest,
      size: descriptor.size,
      artifactType,
      ...(annotations && { annotations }),
    }
  }

  async #reachOf({ entries }: IndexFile, name: string): Promise<ReadonlySet<Digest>> {
    const reached = new Set<Digest>()
    for (const entry of entries) {
      if (entry.name !== name) continue
      reached.add(entry.descriptor.digest)
      const manifest = await this.#manifest(entry.descriptor.digest).catch(() => undefined)
      for (const { digest } of manifest ? blobsOf(manifest) : []) reached.add(digest)
    }
    return reached
  }

  async #keep(name: string, bytes: Uint8Array, nameIn: (index: IndexFile) => { tag?: string }): Promise<ImageVersion> {
    const manifest = parseManifest(bytes)
    await this.#check(manifest)
    await using writer = await this.write()
    await writer.write(bytes)
    const { digest, size } = await writer.commit(digestOf(createHash('sha256').update(bytes).digest('hex')))
    const descriptor = { mediaType: manifest.mediaType, digest, size }
    return await this.#index.update(async (index) => {
      // Again, now that no gc can come between.
      await this.#check(manifest)
      if (!(await this.#blobs.find(digest))) throw new Fault('image-busy', 'gc ran too close: put the manifest again')
      const entry = { name, ...nameIn(index), descriptor, keptAt: this.#now() }
      const next = withEntry(index, entry)
      return [next, await this.#version(next, entry)] as const
    })
  }

  /** Throws `image-invalid` unless every blob is here with the size that the manifest says, and the configuration fits the layers. */
  async #check(manifest: Manifest): Promise<void> {
    for (const { digest, size } of blobsOf(manifest)) {
      const found = await this.#blobs.find(digest)
      if (!found) throw new Fault('image-invalid', `the manifest names ${digest}, which is not here`)
      if (found.size !== size)
        throw new Fault('image-invalid', `the manifest says that ${digest} has ${size} bytes, and it has ${found.size}`)
    }
    if (!isImage(manifest)) return
    const { rootfs } = parseConfig(await this.#blobs.read(manifest.config.digest, longestConfig))
    if (rootfs.diff_ids.length !== manifest.layers.length)
      throw new Fault(
        'image-invalid',
        `the image has ${manifest.layers.length} layers, its configuration ${rootfs.diff_ids.length}`,
      )
  }

  // Over a blob of that name too: its new bytes are proved, and its new time tells gc to wait.
  #land(path: string, digest: Digest): Promise<void> {
    return this.#index.alone(async () => {
      await rename(path, this.#blobs.pathOf(digest))
      await syncDirectory(this.#blobs.directory)
    })
  }

  #remove(matches: (entry: Entry) => boolean): Promise<boolean> {
    return this.#index.update(async (index) => {
      const entries = index.entries.filter((entry) => !matches(entry))
      const isChanged = entries.length < index.entries.length
      return [isChanged ? { ...index, entries } : index, isChanged] as const
    })
  }
}

const mostManifests = 1000

function chosen({ entries }: IndexFile, { name, tag, digest }: Reference): Entry | undefined {
  const own = entries.filter((entry) => entry.name === name)
  if (digest !== undefined) return own.find((entry) => entry.descriptor.digest === digest)
  if (tag !== undefined) return own.find((entry) => entry.tag === tag)
  const versions = own.filter((entry) => versionOf(entry.tag ?? '') !== undefined)
  // `podman push porter` without a version means latest.
  return versions.sort((a, b) => byVersion(b.tag!, a.tag!))[0] ?? own.find((entry) => entry.tag === 'latest')
}

/** An entry that is a version of an image, not a signature of one. */
function isVersion({ tag }: Entry): boolean {
  return tag !== undefined && !isAttachment(tag)
}

function byNameThenVersion(a: ImageVersion, b: ImageVersion): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return byVersion(a.tags[0] ?? '', b.tags[0] ?? '')
}
