import type { Digest } from './digest.ts'

/** Media types of the OCI image spec 1.1, and Docker's names for the same things, which pushed images carry. */
export const media = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const

/** Keys of annotations: the predefined ones of the image spec, then our own. */
export const annotation = {
  /** In `index.json`: `porter:1`. */
  refName: 'org.opencontainers.image.ref.name',
  created: 'org.opencontainers.image.created',
  description: 'org.opencontainers.image.description',
  /** In a manifest: where it was captured from. */
  source: 'org.birnam.image.source',
  /** In a layer's descriptor: bytes of the tar inside, for progress and for space on the disk. */
  unpacked: 'org.birnam.layer.unpacked',
  /** In a layer's descriptor: `no` when no entry of it has an ACL. */
  acls: 'org.birnam.layer.acls',
} as const

export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly artifactType?: string
}

export interface Manifest {
  readonly schemaVersion: 2
  readonly mediaType: string
  readonly artifactType?: string
  readonly config: Descriptor
  /** Lowest first. */
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

/** OCI image spec, config.md; only what Birnam writes or reads. */
export interface ImageConfig {
  readonly created?: string
  readonly architecture: string
  readonly os: string
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] }
  readonly history?: readonly { readonly created?: string; readonly created_by?: string; readonly comment?: string }[]
}
