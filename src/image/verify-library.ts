import { createHash } from 'node:crypto'
import { digestOf, type Digest } from './digest.ts'
import type { Library } from './library.ts'
import { blobsOf } from './manifest.ts'
import type { ImageVersion } from './store.ts'
import type { Broken, VerifyOptions, VerifyResult } from './verify.ts'

/** Reads every blob of every version out of a keeper that may be elsewhere, and hashes it. Throws what asking for the list throws. */
export async function verifyLibrary(store: Library, { onProgress, signal }: VerifyOptions): Promise<VerifyResult> {
  const wanted = wantedOf(await store.list())
  const total = [...wanted.values()].reduce((sum, { size }) => sum + size, 0)
  const broken: Broken[] = []
  let bytes = 0
  for (const [digest, { size, neededBy }] of wanted) {
    const why = await troubleOf(store, digest, size, (count) => {
      bytes += count
      onProgress?.({ digest, bytes, total })
      signal?.throwIfAborted()
    })
    signal?.throwIfAborted()
    if (why) broken.push({ digest, why, neededBy })
  }
  return { checked: wanted.size, bytes, broken, strangeLines: 0 }
}

interface Wanted {
  readonly size: number
  readonly neededBy: string[]
}

function wantedOf(versions: readonly ImageVersion[]): ReadonlyMap<Digest, Wanted> {
  const wanted = new Map<Digest, Wanted>()
  for (const { name, tags, digest: own, manifest } of versions) {
    for (const { digest, size } of blobsOf(manifest)) {
      const one = wanted.get(digest) ?? { size, neededBy: [] }
      wanted.set(digest, one)
      one.neededBy.push(...(tags.length > 0 ? tags.map((tag) => `${name}:${tag}`) : [`${name}@${own}`]))
    }
  }
  return wanted
}

async function troubleOf(
  store: Library,
  digest: Digest,
  size: number,
  progress: (bytes: number) => void,
): Promise<Broken['why'] | undefined> {
  const found = await store.blob(digest)
  if (!found) return 'missing'
  if (found.size !== size) return 'size'
  const hash = createHash('sha256')
  try {
    for await (const chunk of (await store.open(digest)) as AsyncIterable<Uint8Array>) {
      hash.update(chunk)
      progress(chunk.length)
    }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'digest-mismatch') return 'changed'
    if ((error as { code?: unknown }).code === 'registry-failed') return 'unreadable'
    throw error
  }
  return digestOf(hash.digest('hex')) === digest ? undefined : 'changed'
}
