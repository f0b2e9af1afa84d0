import { readTar, unpacked } from './layer-read.ts'
import { annotation, type Descriptor } from './oci.ts'
import type { ImageStore } from './store.ts'
import { LayerTree } from './tree.ts'

/** One layer as its headers tell it. */
export interface LayerRead {
  readonly tree: LayerTree
  /** Names that the archive says otherwise than our paths: `./etc` for `etc`. */
  readonly raw: ReadonlyMap<string, string>
  readonly entries: number
  /** Bytes of the blob, and of the tar inside. */
  readonly size: number
  readonly unpacked: number
}

/** Throws `image-missing`, `image-invalid`. */
export async function readLayer(store: ImageStore, { digest, size, annotations }: Descriptor): Promise<LayerRead> {
  const tree = new LayerTree()
  const raw = new Map<string, string>()
  let entries = 0
  await readTar(await unpacked(await store.open(digest)), {
    entry: (entry) => {
      entries++
      tree.add(entry)
      if (entry.raw !== entry.path) raw.set(entry.path, entry.raw)
      else raw.delete(entry.path)
    },
  })
  return { tree, raw, entries, size, unpacked: Number(annotations?.[annotation.unpacked]) || size * 4 }
}
