import type { Readable } from 'node:stream'
import type { Digest } from './digest.ts'
import type { Descriptor, ImageConfig, Manifest } from './oci.ts'
import type { Reference } from './reference.ts'

/** One version of an image as it is kept. */
export interface ImageVersion {
  readonly name: string
  /** Tags that name it: `['13', 'stable']`; all of them in a list. What is found in another registry has the one that was asked for, or none. */
  readonly tags: readonly string[]
  readonly digest: Digest
  readonly manifest: Manifest
  /** Milliseconds since 1970; when it was put here. 0 where a registry was not asked for it. */
  readonly createdAt: number
}

/** Bytes that arrive for a blob. Nobody sees it before `commit`; whatever happens before leaves no trace. */
export interface BlobWriter extends AsyncDisposable {
  /** Waits while the disk is slower than the source. */
  write(chunk: Uint8Array): Promise<void>
  /** Bytes so far. */
  readonly size: number
  /**
   * Durable (fsync, then rename) when it returns. Throws `digest-mismatch` when the bytes are not what was expected; then nothing
   * is kept.
   */
  commit(expected?: Digest): Promise<{ readonly digest: Digest; readonly size: number }>
}

/** What a keeper of images can do; the OCI layout on this disk, or another registry. Content-addressed: the same bytes are kept once. */
export interface ImageStore {
  /** Undefined when it is not there. `path` when the blob is a file of this host, so that a carrier can send it by itself. */
  blob(digest: Digest): Promise<{ readonly size: number; readonly path?: string } | undefined>
  /** Throws `image-missing`. */
  open(digest: Digest, from?: number): Promise<Readable>
  write(): Promise<BlobWriter>
  /**
   * Keeps a manifest (its exact bytes) whose blobs are all here, and names it. Without a tag it gets the next version number.
   * Two that come at once get two numbers. Throws `image-invalid` for a manifest that names what is not here.
   */
  put(name: string, tag: string | undefined, manifest: Uint8Array): Promise<ImageVersion>
  /** The highest version when the reference has neither tag nor digest. */
  find(reference: Reference): Promise<ImageVersion | undefined>
  /** By name, then by version. */
  list(name?: string): Promise<readonly ImageVersion[]>
  config(version: ImageVersion): Promise<ImageConfig>
  /** Takes a name away; the blobs stay until `gc`. */
  untag(name: string, tag: string): Promise<boolean>
}

/** A layer that is ready to be written into a manifest. */
export interface Layer {
  readonly descriptor: Descriptor
  /** The digest of the tar inside. */
  readonly diffId: Digest
}
