import { createHash } from 'node:crypto'
import { digestOf, type Digest } from '../image/digest.ts'
import { blobsOf, longestManifest, parseManifest } from '../image/manifest.ts'
import { isPull, accepts, pageFrom, parseCall, type Page, type RegistryCall } from '../image/registry-call.ts'
import { RegistryError, registryErrorOf } from '../image/registry-error.ts'
import type { Library } from '../image/library.ts'
import { media } from '../image/oci.ts'
import { Buffers } from './buffers.ts'
import type { Desk } from './door.ts'
import type { Exchange } from './exchange.ts'
import { sendBlob } from './registry-blob.ts'
import { RepositoryBlobs } from './registry-blobs.ts'
import { credentialsOf, type Credentials, type Gatekeeper } from './registry-gate.ts'
import { refuse, reply, replyEmpty, replyJson } from './registry-reply.ts'
import { defaultUploadLimits, uploadHeaders, Uploads, type UploadLimits } from './registry-uploads.ts'

export interface RegistryOptions {
  readonly store: Library
  readonly gate: Gatekeeper
  readonly buffers?: Buffers
  readonly limits?: Partial<UploadLimits>
  readonly now?: () => number
  /** Errors of this program, for the log. */
  readonly onError?: (error: unknown) => void
}

/** `/v2/`: the OCI distribution protocol 1.1 over a library of images. */
export class RegistryDesk implements Desk, AsyncDisposable {
  readonly #store: Library
  readonly #gate: Gatekeeper
  readonly #buffers: Buffers
  readonly #uploads: Uploads
  readonly #options: RegistryOptions
  readonly #blobs: RepositoryBlobs

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#store = options.store
    this.#gate = options.gate
    this.#buffers = options.buffers ?? new Buffers()
    this.#blobs = new RepositoryBlobs(options.store, () => this.#now())
    this.#uploads = new Uploads(options.store, { ...defaultUploadLimits, ...options.limits }, () => this.#now())
  }

  answer(exchange: Exchange, query: URLSearchParams): void {
    this.#answer(exchange, query).catch((error: unknown) => this.#fail(exchange, error))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#uploads[Symbol.asyncDispose]()
  }

  async #answer(exchange: Exchange, query: URLSearchParams): Promise<void> {
    const { request, connection } = exchange
    const credentials = credentialsOf(request.headers)
    const isKnown = credentials !== undefined && this.#gate.isKnown(credentials, connection.peer)
    if (!isKnown) throw unknown()
    const call = parseCall(request.method ?? 'GET', exchange.name, query)
    if (hasUnwantedBody(exchange, call))
      throw new RegistryError('UNSUPPORTED', 'this request has no body', { status: 400 })
    this.#admit(call, credentials, exchange)
    await this.#serve(call, credentials, exchange)
  }

  /** Asked again after each wait: what was allowed may have been withdrawn. */
  #admit(call: RegistryCall, credentials: Credentials, exchange: Exchange): void {
    if ('name' in call && !this.#may(call, credentials, exchange))
      throw new RegistryError('DENIED', `these credentials do not allow that with ${call.name}`)
  }

  #may(
    call: Extract<RegistryCall, { readonly name: string }>,
    credentials: Credentials,
    { connection: { peer } }: Exchange,
  ): boolean {
    const { name } = call
    return isPull(call) ? this.#gate.mayPull(name, credentials, peer) : this.#gate.mayPush(name, credentials, peer)
  }

  async #serve(call: RegistryCall, credentials: Credentials, exchange: Exchange): Promise<void> {
    switch (call.do) {
      case 'ping':
        return replyJson(exchange, {})
      case 'catalog':
        return this.#catalog(call.page, credentials, exchange)
      case 'tags':
        return this.#tags(call, credentials, exchange)
      case 'get-manifest':
        return this.#sendManifest(call, credentials, exchange)
      case 'put-manifest':
        return this.#takeManifest(call, exchange)
      case 'delete-manifest':
        return this.#deleteManifest(call, exchange)
      case 'get-blob':
        return this.#sendBlob(call, credentials, exchange)
      case 'referrers':
        return this.#referrers(call, credentials, exchange)
      case 'start-upload':
        return this.#startUpload(call, credentials, exchange)
      case 'look-upload':
      case 'append-upload':
      case 'end-upload':
      case 'cancel-upload':
        return this.#upload(call, exchange)
    }
  }

  async #catalog(page: Page, credentials: Credentials, exchange: Exchange): Promise<void> {
    const names = await this.#store.names()
    const { peer } = exchange.connection
    const may = names.map((name) => this.#gate.mayPull(name, credentials, peer))
    const { items, next } = pageFrom(
      names.filter((_, at) => may[at]),
      page,
    )
    replyJson(exchange, { repositories: items }, linkTo('/v2/_catalog', page, next))
  }

  async #tags(call: Call<'tags'>, credentials: Credentials, exchange: Exchange): Promise<void> {
    const { name, page } = call
    const all = await this.#store.tags(name)
    this.#admit(call, credentials, exchange)
    if (all.length === 0) throw new RegistryError('NAME_UNKNOWN', 'no image has that name')
    const { items, next } = pageFrom(all, page)
    replyJson(exchange, { name, tags: items }, linkTo(`/v2/${name}/tags/list`, page, next))
  }

  async #sendManifest(call: Call<'get-manifest'>, credentials: Credentials, exchange: Exchange): Promise<void> {
    const { name, reference } = call
    const kept = await this.#store.manifest(reference)
    this.#admit(call, credentials, exchange)
    if (!kept) throw new RegistryError('MANIFEST_UNKNOWN', `${name} has no such version`)
    if (!accepts(exchange.request.headers.accept, kept.mediaType))
      throw new RegistryError('MANIFEST_UNKNOWN', `it is ${kept.mediaType}, which the Accept header does not name`)
    for (const { digest } of blobsOf(parseManifest(kept.bytes))) this.#blobs.admit(name, digest)
    const { digest, mediaType } = kept
    const headers = { 'Content-Type': mediaType, 'Docker-Content-Digest': digest, ETag: `"${digest}"` }
    reply(exchange, 200, Buffer.from(kept.bytes), headers)
  }

  async #takeManifest({ name, reference }: Call<'put-manifest'>, exchange: Exchange): Promise<void> {
    const bytes = await wholeBody(exchange)
    const manifest = parseManifest(bytes)
    const type = exchange.request.headers['content-type']?.split(';')[0]!.trim()
    if (type !== undefined && type !== manifest.mediaType)
      throw new RegistryError(
        'MANIFEST_INVALID',
        `Content-Type is ${type.slice(0, 100)}, the manifest is ${manifest.mediaType}`,
      )
    for (const blob of blobsOf(manifest))
      if (!(await this.#blobs.has(name, blob.digest)) || !(await this.#store.blob(blob.digest)))
        throw new RegistryError(
          'MANIFEST_BLOB_UNKNOWN',
          `the manifest names ${blob.digest}, which was not pushed or mounted to ${name}`,
        )
    const digest = digestOf(createHash('sha256').update(bytes).digest('hex'))
    if (reference.digest !== undefined && reference.digest !== digest)
      throw new RegistryError('DIGEST_INVALID', `the manifest is ${digest}`)
    await (reference.tag === undefined ? this.#store.keep(name, bytes) : this.#store.put(name, reference.tag, bytes))
    replyEmpty(exchange, 201, {
      Location: `/v2/${name}/manifests/${digest}`,
      'Docker-Content-Digest': digest,
      ...(manifest.subject && { 'OCI-Subject': manifest.subject.digest }),
    })
  }

  async #deleteManifest({ name, reference }: Call<'delete-manifest'>, exchange: Exchange): Promise<void> {
    const { tag, digest } = reference
    const isGone = digest === undefined ? this.#store.untag(name, tag!) : this.#store.forget(name, digest)
    if (!(await isGone)) throw new RegistryError('MANIFEST_UNKNOWN', `${name} has no such version`)
    replyEmpty(exchange, 202, {})
  }

  /** By the name that it was asked under: who may pull or push one image reads no other one's layers. */
  async #sendBlob(call: Call<'get-blob'>, credentials: Credentials, exchange: Exchange): Promise<void> {
    const { name, digest } = call
    if (!(await this.#blobs.has(name, digest)))
      throw new RegistryError('BLOB_UNKNOWN', 'no version of that name has this blob')
    const mayGoOn = (): boolean => this.#may(call, credentials, exchange)
    await sendBlob(this.#store, this.#buffers, exchange, { digest, mayGoOn })
  }

  async #referrers(call: Call<'referrers'>, credentials: Credentials, exchange: Exchange): Promise<void> {
    const { name, digest, artifactType } = call
    const all = await this.#store.referrers(name, digest)
    this.#admit(call, credentials, exchange)
    const manifests = artifactType === undefined ? all : all.filter((one) => one.artifactType === artifactType)
    const filtered = artifactType === undefined ? {} : { 'OCI-Filters-Applied': 'artifactType' }
    replyJson(
      exchange,
      { schemaVersion: 2, mediaType: media.index, manifests },
      { 'Content-Type': media.index, ...filtered },
    )
  }

  async #startUpload(call: Call<'start-upload'>, credentials: Credentials, exchange: Exchange): Promise<void> {
    const { name, digest, mount } = call
    if (mount !== undefined && (await this.#mayMount(call, mount, credentials, exchange))) {
      this.#blobs.admit(name, mount)
      return replyEmpty(exchange, 201, blobHeaders(name, mount))
    }
    const upload = await this.#uploads.start(name)
    if (digest === undefined) return replyEmpty(exchange, 202, uploadHeaders({ id: upload.id, name, size: 0 }))
    await this.#uploads.end(upload, exchange.request, digest)
    this.#blobs.admit(name, digest)
    replyEmpty(exchange, 201, blobHeaders(name, digest))
  }

  /** Without `from` (spec 1.1 lets a registry look for it by itself) only what the name has already: a digest alone opens nothing. */

  async #mayMount(
    { name, from = name }: Call<'start-upload'>,
    digest: Digest,
    credentials: Credentials,
    exchange: Exchange,
  ): Promise<boolean> {
    if (!(await this.#store.blob(digest))) return false
    const may = this.#gate.mayPull(from, credentials, exchange.connection.peer)
    return may && (await this.#blobs.has(from, digest))
  }

  async #upload(call: UploadCall, exchange: Exchange): Promise<void> {
    const { name, id } = call
    const upload = this.#uploads.find(name, id)
    if (call.do === 'cancel-upload') {
      await this.#uploads.cancel(upload)
      return replyEmpty(exchange, 204, {})
    }
    if (call.do === 'end-upload') {
      await this.#uploads.end(upload, exchange.request, call.digest)
      this.#blobs.admit(name, call.digest)
      return replyEmpty(exchange, 201, blobHeaders(name, call.digest))
    }
    if (call.do === 'append-upload') await this.#uploads.append(upload, exchange.request)
    const status = call.do === 'append-upload' ? 202 : 204
    replyEmpty(exchange, status, uploadHeaders({ id, name, size: upload.writer.size }))
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  #fail(exchange: Exchange, error: unknown): void {
    const { request, response } = exchange
    // The client has gone: nobody is left to be told.
    if (request.destroyed && !request.complete) return void response.destroy()
    const refusal = registryErrorOf(error, request.method === 'GET' || request.method === 'HEAD')
    if (refusal.status >= 500) this.#options.onError?.(error)
    refuse(exchange, refusal)
  }
}

type Call<Do extends RegistryCall['do']> = Extract<RegistryCall, { readonly do: Do }>
type UploadCall = Extract<RegistryCall, { readonly id: string }>

/** RFC 7235: clients send what they have only after this. */
function unknown(): RegistryError {
  return new RegistryError('UNAUTHORIZED', 'this needs a token', {
    headers: { 'WWW-Authenticate': 'Basic realm="Birnam images", charset="UTF-8"' },
  })
}

function hasUnwantedBody({ request: { headers } }: Exchange, call: RegistryCall): boolean {
  const takes = ['put-manifest', 'start-upload', 'append-upload', 'end-upload'].includes(call.do)
  return !takes && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
}

async function wholeBody({ request }: Exchange): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > longestManifest)
      throw new RegistryError('MANIFEST_INVALID', `a manifest has at most ${longestManifest} bytes`, { status: 413 })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function blobHeaders(name: string, digest: Digest): Record<string, string> {
  return { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest }
}

/** RFC 8288, as the spec asks for the next page. */
function linkTo(path: string, { count }: Page, next: string | undefined): Record<string, string> {
  if (next === undefined || count === undefined) return {}
  return { Link: `<${path}?n=${count}&last=${encodeURIComponent(next)}>; rel="next"` }
}
