import { hostname } from 'node:os'
import { Fault } from '../fault.ts'
import { writeLayer } from './layer.ts'
import { unpacked } from './layer-read.ts'
import { annotation } from './oci.ts'
import { formatReference } from './reference.ts'
import type { ImageStore, ImageVersion } from './store.ts'
import { nameOf, printable, type TarEntry } from './tar-entry.ts'
import { TarReader } from './tar-read.ts'
import { writeEnd } from './tar-write.ts'
import { isUnder, LayerTree, whiteout } from './tree.ts'
import type { TreeCache } from './tree-cache.ts'
import { putVersion } from './version-put.ts'

export interface SquashOptions {
  readonly tag?: string
  /** What is known of the version's files is known of the new one's. */
  readonly cache?: TreeCache
  readonly level?: number
  readonly signal?: AbortSignal
  /** Bytes read of the layers, and all of them twice, since they are read twice. */
  readonly onBytes?: (read: number, of: number) => void
  readonly now?: () => number
}

/**
 * Makes the next version out of the same files in one layer: what lower layers have and upper ones replace or take away is gone.
 * Streams: no file is unpacked. Throws `image-invalid` for a version that has one layer already.
 */
export async function squash(store: ImageStore, version: ImageVersion, options: SquashOptions): Promise<ImageVersion> {
  const { layers } = version.manifest
  const label = formatReference({ name: version.name, ...(version.tags[0] !== undefined && { tag: version.tags[0] }) })
  if (layers.length < 2) throw new Fault('request-invalid', `${label} has one layer: there is nothing to squash`)
  const progress = counter(
    layers.reduce((sum, { size }) => sum + 2 * size, 0),
    options.onBytes,
  )
  const owners = await ownersOf(store, version, progress)
  const { layer } = await writeLayer(store, survivors(store, version, owners, progress), {
    ...(options.level !== undefined && { level: options.level }),
    ...(options.signal && { signal: options.signal }),
  })
  const made = await putVersion(store, {
    name: version.name,
    tag: options.tag,
    layer,
    like: version,
    source: version.manifest.annotations?.[annotation.source] ?? label,
    at: (options.now ?? Date.now)(),
    by: `birnam image squash ${label} on ${hostname()}`,
  })
  const known = await options.cache?.load(version.digest)
  if (known) await options.cache!.save(made.digest, known.tree, known.source)
  return made
}

type Read = (bytes: number) => void

function counter(of: number, told: SquashOptions['onBytes']): Read {
  let read = 0
  return (bytes) => told?.((read += bytes), of)
}

/** Of every path that is left at the end: which layer has its last word, and which of the entries there. */
async function ownersOf(store: ImageStore, version: ImageVersion, read: Read): Promise<Map<string, string>> {
  const owners = new Map<string, string>()
  const directories = new Set<string>()
  const links = new Map<string, { target: string; layer: number }>()
  for (const [index, { digest }] of version.manifest.layers.entries()) {
    const layer = new LayerTree()
    const own = new Map<string, TarEntry>()
    const places = new Map<string, number>()
    let place = 0
    for await (const chunk of countedTar(store, digest, read)) {
      for (const piece of chunk.pieces) {
        if (piece.kind !== 'entry') continue
        layer.add(piece.entry)
        if (!nameOf(piece.entry.path).startsWith(whiteout)) {
          own.set(piece.entry.path, piece.entry)
          places.set(piece.entry.path, place)
        }
        place++
      }
    }
    const gone = new Set(layer.removed)
    for (const [path, { type }] of own) if (type !== 'directory' && directories.has(path)) gone.add(path)
    for (const path of owners.keys())
      if (isUnder(path, gone, true) || isUnder(path, layer.emptied, false)) {
        owners.delete(path)
        directories.delete(path)
      }
    for (const [path, { type, target }] of own) {
      if (type === 'link') links.set(path, { target, layer: index })
      else links.delete(path)
      if (type === 'directory') directories.add(path)
      else directories.delete(path)
      owners.set(path, `${index}:${places.get(path)!}`)
    }
  }
  refuseLooseLinks(links, owners)
  return owners
}

/** A hard link whose first name is in another layer, or taken away, would lose its bytes. Birnam's captures have none. */
function refuseLooseLinks(
  links: ReadonlyMap<string, { target: string; layer: number }>,
  owners: ReadonlyMap<string, string>,
): void {
  for (const [path, { target, layer }] of links) {
    if (!owners.get(path)?.startsWith(`${layer}:`) || owners.get(target)?.startsWith(`${layer}:`)) continue
    throw new Fault(
      'image-invalid',
      `${printable(path)} is a hard link to a file of another layer: it cannot be squashed`,
    )
  }
}

/** All entries that have the last word, as they came. */
async function* survivors(
  store: ImageStore,
  version: ImageVersion,
  owners: ReadonlyMap<string, string>,
  read: Read,
): AsyncGenerator<Uint8Array, void, void> {
  for (const [index, { digest }] of version.manifest.layers.entries()) {
    let place = 0
    let keep = false
    for await (const { pieces } of countedTar(store, digest, read)) {
      const parts: Uint8Array[] = []
      for (const piece of pieces) {
        if (piece.kind === 'end') continue
        if (piece.kind === 'entry') keep = owners.get(piece.entry.path) === `${index}:${place++}`
        if (keep) parts.push(piece.kind === 'entry' ? piece.head : piece.bytes)
      }
      if (parts.length > 0) yield Buffer.concat(parts)
    }
  }
  yield writeEnd()
}

async function* countedTar(
  store: ImageStore,
  digest: ImageVersion['digest'],
  read: Read,
): AsyncGenerator<{ pieces: ReturnType<TarReader['read']> }, void, void> {
  const reader = new TarReader()
  const stream = await store.open(digest)
  stream.on('data', (chunk: Uint8Array) => read(chunk.length)).pause()
  for await (const chunk of await unpacked(stream)) yield { pieces: reader.read(chunk as Uint8Array) }
  reader.finish()
}
