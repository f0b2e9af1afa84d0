import { createHash } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import type { BlobFiles } from './blob-files.ts'
import { digestOf, type Digest } from './digest.ts'
import { Fault } from '../fault.ts'
import type { IndexFile } from './index-file.ts'
import { blobsOf, longestManifest, parseManifest } from './manifest.ts'

export interface VerifyOptions {
  readonly onProgress?: (progress: { readonly digest: Digest; readonly bytes: number; readonly total: number }) => void
  readonly signal?: AbortSignal
}

export interface Broken {
  readonly digest: Digest
  readonly why: 'missing' | 'changed' | 'size' | 'unreadable'
  /** `porter:1`, or `porter@sha256:…`. */
  readonly neededBy: readonly string[]
}

export interface VerifyResult {
  readonly checked: number
  readonly bytes: number
  readonly broken: readonly Broken[]
  /** Lines of `index.json` that are not understood. */
  readonly strangeLines: number
}

/** Hashes every blob again, and looks for every blob that a manifest names. */
export async function verifyBlobs(blobs: BlobFiles, index: IndexFile, options: VerifyOptions): Promise<VerifyResult> {
  const wanted = await wantedBlobs(blobs, index)
  const here = await blobs.list()
  const sizes = await Promise.all(here.map(async (digest) => (await blobs.find(digest))?.size ?? 0))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const broken: Broken[] = []
  let bytes = 0
  for (const digest of new Set([...wanted.keys(), ...here])) {
    const { size, neededBy } = wanted.get(digest) ?? { neededBy: new Set<string>() }
    const why = await troubleOf(blobs, digest, size, (count) => {
      bytes += count
      options.onProgress?.({ digest, bytes, total })
      options.signal?.throwIfAborted()
    })
    if (why) broken.push({ digest, why, neededBy: [...neededBy] })
  }
  return { checked: here.length, bytes, broken, strangeLines: index.strange.length }
}

interface Wanted {
  readonly size: number
  readonly neededBy: Set<string>
}

async function wantedBlobs(blobs: BlobFiles, { entries }: IndexFile): Promise<Map<Digest, Wanted>> {
  const wanted = new Map<Digest, Wanted>()
  for (const { name, tag, descriptor } of entries) {
    const label = tag === undefined ? `${name}@${descriptor.digest}` : `${name}:${tag}`
    const manifest = await blobs
      .read(descriptor.digest, longestManifest)
      .then(parseManifest)
      .catch(() => undefined)
    for (const { digest, size } of [descriptor, ...(manifest ? blobsOf(manifest) : [])]) {
      const one = wanted.get(digest) ?? { size, neededBy: new Set<string>() }
      wanted.set(digest, one)
      one.neededBy.add(label)
    }
  }
  return wanted
}

async function troubleOf(
  blobs: BlobFiles,
  digest: Digest,
  size: number | undefined,
  progress: (bytes: number) => void,
): Promise<Broken['why'] | undefined> {
  const found = await blobs.find(digest)
  if (!found) return 'missing'
  try {
    if ((await hashOf(blobs, digest, progress)) !== digest) return 'changed'
  } catch (error) {
    if (error instanceof Fault || (error as NodeJS.ErrnoException).code === 'EIO') return 'unreadable'
    throw error
  }
  return size !== undefined && size !== found.size ? 'size' : undefined
}

async function hashOf(blobs: BlobFiles, digest: Digest, progress: (bytes: number) => void): Promise<Digest> {
  const handle = await blobs.open(digest)
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafeSlow(1 << 20)
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return digestOf(hash.digest('hex'))
      hash.update(buffer.subarray(0, bytesRead))
      progress(bytesRead)
      // Boots are answered by this thread too.
      await breathe()
    }
  } finally {
    await handle.close()
  }
}
