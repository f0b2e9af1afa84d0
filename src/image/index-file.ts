import { Fault } from '../fault.ts'
import type { Digest } from './digest.ts'
import { descriptorForm, parseJson } from './manifest.ts'
import { annotation, media, type Descriptor } from './oci.ts'
import { isImageName, readReference } from './reference.ts'

/** Bytes; some 200 000 entries. */
const longestIndex = 64 << 20

/** One line of `index.json`: a manifest, and the name it has here. */
export interface Entry {
  readonly name: string
  /** Undefined when it was sent by its digest alone. */
  readonly tag?: string
  readonly descriptor: Descriptor
  /** Milliseconds since 1970; undefined when another program wrote it. */
  readonly keptAt?: number
}

/** `index.json` of an OCI layout. What other programs wrote into it and is not understood here stays in it, word for word. */
export interface IndexFile {
  readonly entries: readonly Entry[]
  /** The highest version that a name ever had: a number is never given twice. */
  readonly last: ReadonlyMap<string, number>
  /** Digests of the lines that are no entries; gc follows them too. */
  readonly strange: readonly unknown[]
  readonly raw: Readonly<Record<string, unknown>>
}

/** In the index's own annotations: `org.birnam.last/porter`. */
const lastKey = 'org.birnam.last/'
/** In an entry without a tag: whose it is. */
const nameKey = 'org.birnam.image.name'
const keptKey = 'org.birnam.image.kept'

/** Throws `image-invalid` when it is no index at all; a broken line in it is only left aside. */
export function parseIndex(bytes: Uint8Array, file: string): IndexFile {
  const raw = parseJson(bytes, longestIndex, file)
  if (typeof raw !== 'object' || raw === null || !('manifests' in raw) || !Array.isArray(raw.manifests))
    throw new Fault('image-invalid', `${file} is no OCI index`, { file, hint: 'put back a copy of it, or start anew' })
  const lines: readonly unknown[] = raw.manifests
  const read = lines.map((line) => ({ line, entry: readEntry(line) }))
  const found = read.flatMap(({ entry }) => entry ?? [])
  return {
    entries: [...new Map(found.map((entry) => [keyOf(entry), entry] as const)).values()],
    strange: read.flatMap(({ line, entry }) => (entry ? [] : [line])),
    last: lastVersions(raw),
    raw: { ...raw },
  }
}

/** The same entry stands once: of two lines for one tag the later counts. */
function keyOf({ name, tag, descriptor }: Entry): string {
  return tag === undefined ? `${name}@${descriptor.digest}` : `${name}:${tag}`
}

export function formatIndex({ raw, entries, strange, last }: IndexFile): string {
  const versions = Object.fromEntries([...last].map(([name, version]) => [`${lastKey}${name}`, String(version)]))
  const others = isRecord(raw.annotations)
    ? Object.fromEntries(Object.entries(raw.annotations).filter(([key]) => !key.startsWith(lastKey)))
    : {}
  const index = {
    ...raw,
    schemaVersion: 2,
    mediaType: media.index,
    manifests: [...strange, ...entries.map(formatEntry)],
    annotations: { ...others, ...versions },
  }
  return `${JSON.stringify(index, undefined, 1)}\n`
}

export const emptyIndex: IndexFile = { entries: [], strange: [], last: new Map(), raw: {} }

/** Puts an entry in the place of the one that has its name. */
export function withEntry(index: IndexFile, entry: Entry): IndexFile {
  const entries = [...index.entries.filter((other) => keyOf(other) !== keyOf(entry)), entry]
  const version = entry.tag === undefined ? undefined : versionOf(entry.tag)
  if (version === undefined || version <= (index.last.get(entry.name) ?? 0)) return { ...index, entries }
  return { ...index, entries, last: new Map([...index.last, [entry.name, version]]) }
}

export function nextVersion({ entries, last }: IndexFile, name: string): string {
  const versions = entries.filter((entry) => entry.name === name).map(({ tag }) => versionOf(tag ?? '') ?? 0)
  return String(Math.max(0, last.get(name) ?? 0, ...versions) + 1)
}

/** `13` is a version; `013`, `v13` and `stable` are only tags. */
export function versionOf(tag: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(tag) ? Number(tag) : undefined
}

/** Versions by their number, then other tags by their text. */
export function byVersion(a: string, b: string): number {
  const [first, second] = [versionOf(a) ?? Number.POSITIVE_INFINITY, versionOf(b) ?? Number.POSITIVE_INFINITY]
  if (first !== second) return first - second
  return a < b ? -1 : Number(a > b)
}

/** `sha256-<hex>.sig` and its kind: cosign's names for what belongs to another manifest. */
export function isAttachment(tag: string): boolean {
  return /^sha256-[0-9a-f]{64}\.(?:sig|att|sbom)$/.test(tag)
}

function readEntry(line: unknown): Entry | undefined {
  const parsed = descriptorForm.safeParse(line)
  if (!parsed.success) return undefined
  const descriptor = parsed.data as Descriptor
  const { [annotation.refName]: ref, [nameKey]: name, [keptKey]: kept = '' } = descriptor.annotations ?? {}
  const keptAt = Date.parse(kept)
  const time = Number.isNaN(keptAt) ? {} : { keptAt }
  if (ref === undefined) return name !== undefined && isImageName(name) ? { name, descriptor, ...time } : undefined
  const reference = readReference(ref)
  if (!reference || reference.digest) return undefined
  // `skopeo copy … oci:DIR:porter` writes no tag.
  return { name: reference.name, tag: reference.tag ?? 'latest', descriptor, ...time }
}

function formatEntry({ name, tag, descriptor, keptAt }: Entry): Descriptor {
  const named = tag === undefined ? { [nameKey]: name } : { [annotation.refName]: `${name}:${tag}` }
  const { [annotation.refName]: _ref, [nameKey]: _name, [keptKey]: _kept, ...rest } = descriptor.annotations ?? {}
  const kept = keptAt === undefined ? {} : { [keptKey]: new Date(keptAt).toISOString() }
  return { ...descriptor, annotations: { ...rest, ...named, ...kept } }
}

function lastVersions(raw: object): ReadonlyMap<string, number> {
  const all = 'annotations' in raw && isRecord(raw.annotations) ? Object.entries(raw.annotations) : []
  return new Map(
    all.flatMap(([key, value]) => {
      const version = key.startsWith(lastKey) && typeof value === 'string' ? versionOf(value) : undefined
      return version === undefined ? [] : [[key.slice(lastKey.length), version] as const]
    }),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Every digest that a line names, however strange the line is. */
export function digestOfLine(line: unknown): Digest | undefined {
  const parsed = descriptorForm.pick({ digest: true }).safeParse(line)
  return parsed.success ? parsed.data.digest : undefined
}
