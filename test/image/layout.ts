import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, type Digest } from '../../src/image/digest.ts'
import { openLayoutStore, type LayoutStore } from '../../src/image/layout-store.ts'
import { media, type Descriptor } from '../../src/image/oci.ts'
import type { ImageStore } from '../../src/image/store.ts'

/** An OCI layout in a directory of its own; everything is gone after it. */
export class Layout implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'birnam-images-'))
  /** What the store takes for the time. */
  now = Date.now()
  readonly store: LayoutStore = this.again()

  /** Another opening of the same directory, as another process does it. */
  again(): LayoutStore {
    return openLayoutStore(join(this.directory, 'images'), () => this.now)
  }

  path(...parts: string[]): string {
    return join(this.directory, 'images', ...parts)
  }

  blobPath(digest: Digest): string {
    return this.path('blobs', 'sha256', digest.slice(7))
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

export function digestOfBytes(bytes: Uint8Array | string): Digest {
  return digestOf(createHash('sha256').update(bytes).digest('hex'))
}

export async function keepBlob(store: ImageStore, bytes: Uint8Array | string): Promise<Descriptor> {
  await using writer = await store.write()
  await writer.write(Buffer.from(bytes))
  return { mediaType: media.layer, ...(await writer.commit()) }
}

/** Bytes of a manifest whose blobs are in the store: one layer with that text. */
export async function imageOf(store: ImageStore, text: string | Uint8Array, more: object = {}): Promise<Buffer> {
  const layer = await keepBlob(store, text)
  const config = await keepBlob(store, configOf([layer.digest]))
  return manifestOf({ config: { ...config, mediaType: media.config }, layers: [layer], ...more })
}

export function configOf(diffIds: readonly Digest[]): string {
  return JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } })
}

export function manifestOf(parts: object): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: media.manifest, ...parts }))
}
