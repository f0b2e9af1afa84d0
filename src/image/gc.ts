import type { BlobFiles } from './blob-files.ts'
import type { Digest } from './digest.ts'
import { Fault } from '../fault.ts'
import { digestOfLine, isAttachment, type Entry, type IndexFile } from './index-file.ts'
import type { IndexKeeper } from './index-keeper.ts'
import { longestManifest, parseJson } from './manifest.ts'
import type { Readings } from './readings.ts'

export interface GcOptions {
  /** Milliseconds that a blob is left alone after it was written: its manifest may still be on its way. An hour unless told. */
  readonly grace?: number
  /** Manifests and blobs that somebody was promised, whatever the index says. */
  readonly promised?: readonly Digest[]
  /** Removes nothing, only tells. */
  readonly dryRun?: boolean
}

export interface GcResult {
  readonly removed: readonly Digest[]
  /** Of the removed ones. */
  readonly bytes: number
  /** Needed by nothing, but young, or being read. */
  readonly spared: readonly Digest[]
  readonly kept: number
}

interface GcParts {
  readonly blobs: BlobFiles
  readonly index: IndexKeeper
  readonly readings: Readings
  readonly now: () => number
}

/**
 * Removes the blobs that no manifest of the index reaches. A manifest that cannot be read stops it (`image-invalid`): what it needs
 * is not known then.
 */
export async function collect(parts: GcParts, options: GcOptions): Promise<GcResult> {
  return parts.index.update(async (before) => {
    const index = withoutOrphans(before)
    const needed = await needs(parts.blobs, index, options.promised ?? [])
    const result = await sweep(parts, needed, options)
    return [options.dryRun || index.entries.length === before.entries.length ? before : index, result] as const
  })
}

/** Signatures of manifests that are gone. */
function withoutOrphans(index: IndexFile): IndexFile {
  const manifests = new Set(index.entries.map(({ name, descriptor }) => `${name}@${descriptor.digest}`))
  const subjectOf = ({ name, tag = '' }: Entry): string =>
    `${name}@sha256:${tag.slice('sha256-'.length).split('.')[0]!}`
  const isOrphan = (entry: Entry): boolean => isAttachment(entry.tag ?? '') && !manifests.has(subjectOf(entry))
  return { ...index, entries: index.entries.filter((entry) => !isOrphan(entry)) }
}

async function needs(
  blobs: BlobFiles,
  { entries, strange }: IndexFile,
  promised: readonly Digest[],
): Promise<Set<Digest>> {
  const needed = new Set<Digest>(promised)
  const roots = [
    ...entries.map(({ descriptor }) => descriptor.digest),
    ...strange.flatMap((line) => digestOfLine(line) ?? []),
  ]
  for (const root of roots) await follow(blobs, root, needed, 0)
  // A promised one may be a layer as well as a manifest; what is no JSON names nothing.
  for (const root of promised) await follow(blobs, root, needed, 0).catch(() => {})
  return needed
}

/** Lists of manifests hold manifests, and lists. */
const deepest = 4

async function follow(blobs: BlobFiles, digest: Digest, needed: Set<Digest>, depth: number): Promise<void> {
  needed.add(digest)
  const manifest = await readLoose(blobs, digest)
  const children = childrenOf(manifest, 'manifests')
  for (const child of [...childrenOf(manifest, 'config'), ...childrenOf(manifest, 'layers'), ...children])
    needed.add(child)
  for (const child of children)
    if (depth < deepest && (await blobs.find(child))) await follow(blobs, child, needed, depth + 1)
}

async function readLoose(blobs: BlobFiles, digest: Digest): Promise<unknown> {
  try {
    return parseJson(await blobs.read(digest, longestManifest), longestManifest, digest)
  } catch (error) {
    throw new Fault('image-invalid', `nothing is removed while the manifest ${digest} cannot be read`, {
      hint: 'birnam image verify says whose it is; send it again or remove that version',
      cause: error,
    })
  }
}

/** Digests of one descriptor, or of a list of them. */
function childrenOf(manifest: unknown, key: 'config' | 'layers' | 'manifests'): readonly Digest[] {
  const value =
    typeof manifest === 'object' && manifest !== null ? (manifest as Record<string, unknown>)[key] : undefined
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  return all.flatMap((item) => digestOfLine(item) ?? [])
}

async function sweep({ blobs, readings, now }: GcParts, needed: Set<Digest>, options: GcOptions): Promise<GcResult> {
  const { grace = 3_600_000, dryRun = false } = options
  const removed: Digest[] = []
  const spared: Digest[] = []
  let [bytes, kept] = [0, 0]
  for (const digest of await blobs.list()) {
    const found = needed.has(digest) ? undefined : await blobs.find(digest)
    if (!found) kept++
    else if (now() - found.mtimeMs < grace || readings.has(digest)) spared.push(digest)
    else {
      if (!dryRun) await blobs.remove(digest)
      removed.push(digest)
      bytes += found.size
    }
  }
  return { removed, bytes, spared, kept }
}
