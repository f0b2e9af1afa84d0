import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Fault } from '../fault.ts'
import type { CaptureSource, Listing, PackedTar } from './capture-source.ts'
import { kindBytes, refuseOtherKinds } from './capture-kind.ts'
import { peek, readTar, unpacked } from './layer-read.ts'
import { invalid, parentOf, printable } from './tar-entry.ts'
import { TarReader } from './tar-read.ts'
import { writeEnd } from './tar-write.ts'
import { LayerTree, type Tree } from './tree.ts'

/** A tarball of a tree, packed by anybody, compressed by anything. Read once to see what is in it, and once to copy. */
export function openTarball(path: string): CaptureSource {
  const name = basename(path)
  return {
    name,
    list: () => list(path),
    sums: (paths) => sums(path, new Set(paths)),
    pack: (paths) => Promise.resolve(pack(path, new Set(paths))),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function list(path: string): Promise<Listing> {
  const layer = new LayerTree()
  let doubled = 0
  await readTar(await open(path), {
    entry: (entry) => {
      if (layer.added.has(entry.path)) doubled++
      layer.add(entry)
    },
  })
  const nodes: Tree = new Map()
  layer.layOver(nodes)
  refuseWritesThroughLinks(nodes)
  const notes = doubled > 0 ? [`${doubled} names come twice: the last one counts`] : []
  return { nodes, source: '', xattrs: true, notes }
}

/** `lib -> /etc`, then `lib/passwd`: whoever unpacks it as root would write elsewhere. */
function refuseWritesThroughLinks(nodes: Tree): void {
  for (const path of nodes.keys()) {
    if (path === '') continue
    const parent = nodes.get(parentOf(path))
    if (parent && parent.type !== 'directory')
      throw invalid(
        `${printable(path)} stands below ${printable(parentOf(path))}, which is no directory but a ${parent.type}`,
      )
  }
}

async function sums(path: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const links: [string, string][] = []
  await readTar(await open(path), {
    entry: ({ path: own, type, target }) => type === 'link' && wanted.has(own) && links.push([own, target]),
    // The first name of a hard link holds the bytes of all.
    wants: () => true,
    hash: (entry, sha256) => found.set(entry.path, sha256),
  })
  for (const [own, target] of links) if (found.has(target)) found.set(own, found.get(target)!)
  return found
}

function pack(path: string, wanted: ReadonlySet<string>): PackedTar {
  return { bytes: copy(path, wanted), end: () => Promise.resolve({ changed: [], vanished: [] }) }
}

/** Every wanted entry as it came; of a name that comes twice both, so that whoever unpacks takes the last. */
async function* copy(path: string, wanted: ReadonlySet<string>): AsyncGenerator<Uint8Array, void, void> {
  const reader = new TarReader()
  const written = new Set<string>()
  let keep = false
  for await (const chunk of await open(path)) {
    const parts: Uint8Array[] = []
    for (const piece of reader.read(chunk as Uint8Array)) {
      if (piece.kind === 'end') continue
      if (piece.kind === 'entry') {
        const { path: own, type, target } = piece.entry
        keep = wanted.has(own)
        if (keep && type === 'link' && !written.has(target))
          throw invalid(
            `${printable(own)} is a hard link to ${printable(target)}, which the rules take out`,
            'add --exclude for both, or --keep the rule',
          )
        if (keep) written.add(own)
      }
      if (keep) parts.push(piece.kind === 'entry' ? piece.head : piece.bytes)
    }
    if (parts.length > 0) yield Buffer.concat(parts)
  }
  reader.finish()
  yield writeEnd()
}

async function open(path: string): ReturnType<typeof unpacked> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile())
    throw new Fault('capture-failed', `${path} is no file`, { hint: 'name a tarball, a directory or a host' })
  const { head, stream } = await peek(await unpacked(createReadStream(path, { highWaterMark: 1 << 20 })), kindBytes)
  try {
    refuseOtherKinds(head, path)
  } catch (error) {
    stream.destroy()
    throw error
  }
  return stream
}
