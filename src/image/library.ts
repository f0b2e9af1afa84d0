import type { Digest } from './digest.ts'
import type { Descriptor } from './oci.ts'
import type { Reference } from './reference.ts'
import type { ImageStore } from './store.ts'

/** A manifest as it was sent: its digest is over these very bytes. */
export interface KeptManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** What the distribution protocol asks of a keeper of images, besides what captures and installs do. */
export interface Library extends ImageStore {
  names(): Promise<readonly string[]>
  /** All of them, signatures too, sorted as text. */
  tags(name: string): Promise<readonly string[]>
  /** The very bytes; of the highest version when the reference has neither tag nor digest. */
  manifest(reference: Reference): Promise<KeptManifest | undefined>
  /** Keeps a manifest that has no tag, only its digest. Throws as `put` does. */
  keep(name: string, manifest: Uint8Array): Promise<Digest>
  /** Takes all names of one manifest away; the blobs stay until `gc`. */
  forget(name: string, digest: Digest): Promise<boolean>
  /** Manifests of this name whose subject is that digest. */
  referrers(name: string, digest: Digest): Promise<readonly Descriptor[]>
  /** Whether a manifest of this name needs that blob. */
  reaches(name: string, digest: Digest): Promise<boolean>
  /** As long as it is not disposed of, and a while longer, gc leaves that blob alone. */
  reading(digest: Digest): Disposable
}
