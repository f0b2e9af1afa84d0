import { readDigest, type Digest } from './digest.ts'
import { isImageName, isTag, type Reference } from './reference.ts'
import { RegistryError } from './registry-error.ts'

/** How much of a sorted list: at most `count`, after `last`. */
export interface Page {
  readonly count?: number
  readonly last?: string
}

/** One request of the distribution protocol, parsed; names and digests in it are well-formed. */
export type RegistryCall =
  { readonly do: 'ping' } | { readonly do: 'catalog'; readonly page: Page } | ({ readonly name: string } & NamedCall)

type NamedCall =
  | { readonly do: 'tags'; readonly page: Page }
  | { readonly do: 'get-manifest'; readonly reference: Reference }
  | { readonly do: 'put-manifest'; readonly reference: Reference }
  | { readonly do: 'delete-manifest'; readonly reference: Reference }
  | { readonly do: 'get-blob'; readonly digest: Digest }
  | { readonly do: 'referrers'; readonly digest: Digest; readonly artifactType?: string }
  | { readonly do: 'start-upload'; readonly digest?: Digest; readonly mount?: Digest; readonly from?: string }
  | { readonly do: 'look-upload' | 'append-upload' | 'cancel-upload'; readonly id: string }
  | { readonly do: 'end-upload'; readonly id: string; readonly digest: Digest }

const most = 10_000

/**
 * `path` is decoded and has no leading slash: `v2/porter/manifests/1`. Throws RegistryError for what is no request of the
 * distribution spec 1.1 ("Endpoints"), for bad names, tags and digests, and for methods that a path does not have.
 */
export function parseCall(method: string, path: string, query: URLSearchParams): RegistryCall {
  const rest = path.replace(/^v2\/?/, '')
  if (rest === '') return only(method, { GET: () => ({ do: 'ping' }), HEAD: () => ({ do: 'ping' }) })
  if (rest === '_catalog') return only(method, { GET: () => ({ do: 'catalog', page: pageOf(query) }) })
  // Greedy: a name may itself hold a part that is called `blobs` or `manifests`.
  const match =
    /^(.+)\/(tags\/list|manifests\/([^/]+)|blobs\/uploads|blobs\/uploads\/([^/]+)|blobs\/([^/]+)|referrers\/([^/]+))$/.exec(
      rest,
    )
  if (!match) throw new RegistryError('UNSUPPORTED', 'nothing is answered at this path', { status: 404 })
  const [, name = '', tail = '', reference, upload, blob, subject] = match
  if (!isImageName(name))
    throw new RegistryError('NAME_INVALID', 'a name is small letters, digits and . _ - / between them')
  if (tail === 'tags/list') return only(method, { GET: () => ({ name, do: 'tags', page: pageOf(query) }) })
  if (reference !== undefined) return manifestCall(method, name, reference)
  if (upload !== undefined) return uploadCall(method, name, upload, query)
  if (blob === 'uploads' || tail === 'blobs/uploads') return only(method, { POST: () => startCall(name, query) })
  if (blob !== undefined) return blobCall(method, name, blob)
  return only(method, { GET: () => ({ name, do: 'referrers', digest: digestIn(subject!), ...typeIn(query) }) })
}

type Answers = Readonly<Record<string, () => RegistryCall>>

function only(method: string, answers: Answers): RegistryCall {
  const answer = Object.hasOwn(answers, method) ? answers[method] : undefined
  if (answer) return answer()
  const allow = Object.keys(answers).join(', ')
  throw new RegistryError('UNSUPPORTED', `${method} is not for this path`, { headers: { Allow: allow } })
}

function manifestCall(method: string, name: string, text: string): RegistryCall {
  const read = (): RegistryCall => ({ name, do: 'get-manifest', reference: referenceIn(name, text) })
  return only(method, {
    GET: read,
    HEAD: read,
    PUT: () => ({ name, do: 'put-manifest', reference: referenceIn(name, text) }),
    DELETE: () => ({ name, do: 'delete-manifest', reference: referenceIn(name, text) }),
  })
}

function blobCall(method: string, name: string, text: string): RegistryCall {
  const read = (): RegistryCall => ({ name, do: 'get-blob', digest: digestIn(text) })
  // No DELETE: whether another image needs the blob is for gc to say.
  return only(method, { GET: read, HEAD: read })
}

function startCall(name: string, query: URLSearchParams): RegistryCall {
  const [digest, mount, from] = ['digest', 'mount', 'from'].map((key) => query.get(key) ?? undefined)
  return {
    name,
    do: 'start-upload',
    ...(digest !== undefined && { digest: digestIn(digest) }),
    ...(mount !== undefined && { mount: digestIn(mount) }),
    ...(from !== undefined && isImageName(from) && { from }),
  }
}

function uploadCall(method: string, name: string, id: string, query: URLSearchParams): RegistryCall {
  return only(method, {
    GET: () => ({ name, do: 'look-upload', id }),
    PATCH: () => ({ name, do: 'append-upload', id }),
    PUT: () => ({ name, do: 'end-upload', id, digest: digestIn(query.get('digest') ?? '') }),
    DELETE: () => ({ name, do: 'cancel-upload', id }),
  })
}

function digestIn(text: string): Digest {
  const digest = readDigest(text)
  if (digest) return digest
  throw new RegistryError('DIGEST_INVALID', 'a digest is sha256: and 64 hexadecimal digits')
}

function referenceIn(name: string, text: string): Reference {
  if (text.includes(':')) return { name, digest: digestIn(text) }
  if (isTag(text)) return { name, tag: text }
  throw new RegistryError('MANIFEST_INVALID', 'a tag is letters, digits and _ . - (128 at most)')
}

function pageOf(query: URLSearchParams): Page {
  const [count, last] = [query.get('n'), query.get('last')]
  if (count !== null && !/^\d{1,9}$/.test(count))
    throw new RegistryError('UNSUPPORTED', 'n is a number', { status: 400 })
  return { ...(count !== null && { count: Math.min(Number(count), most) }), ...(last !== null && { last }) }
}

function typeIn(query: URLSearchParams): { artifactType?: string } {
  const type = query.get('artifactType')
  return type === null || type === '' ? {} : { artifactType: type }
}

/** The page of a sorted list, and the `last` of the next one when there is one. */
export function pageFrom(
  all: readonly string[],
  { count = most, last }: Page,
): { items: readonly string[]; next?: string } {
  const rest = last === undefined ? all : all.filter((item) => item > last)
  const items = rest.slice(0, count)
  const end = items.at(-1)
  return { items, ...(end !== undefined && items.length < rest.length && { next: end }) }
}

/** Whether the call only reads. */
export function isPull(call: RegistryCall): boolean {
  return ['ping', 'catalog', 'tags', 'get-manifest', 'get-blob', 'referrers'].includes(call.do)
}

/** `Content-Range: 0-1023` of a chunk; some clients write `bytes 0-1023/*`. Undefined when it is none. */
export function readChunkRange(text: string): { readonly from: number; readonly to: number } | undefined {
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\*|\d{1,15}))?$/.exec(text.trim())
  if (!match) return undefined
  const [from, to] = [Number(match[1]), Number(match[2])]
  return to < from ? undefined : { from, to }
}

/** Whether a client that sends this Accept header takes that media type. */
export function accepts(header: string | undefined, mediaType: string): boolean {
  if (header === undefined || header.trim() === '') return true
  const kind = mediaType.split('/')[0]!
  const ranges = header.split(',').map((range) => range.split(';')[0]!.trim().toLowerCase())
  return ranges.some((range) => range === '*/*' || range === `${kind}/*` || range === mediaType)
}
