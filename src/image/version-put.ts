import { annotation, media, type ImageConfig, type Manifest } from './oci.ts'
import type { ImageStore, ImageVersion, Layer } from './store.ts'

export interface NewVersion {
  readonly name: string
  readonly tag?: string | undefined
  /** Its layers come first. */
  readonly below?: ImageVersion | undefined
  readonly layer: Layer
  /** Whose architecture it has, where there is nothing below. */
  readonly like?: ImageVersion | undefined
  readonly source: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** What made the layer, for `history`. */
  readonly by: string
  readonly description?: string | undefined
}

/** Writes configuration and manifest for one more layer, and names the version. */
export async function putVersion(store: ImageStore, version: NewVersion): Promise<ImageVersion> {
  const { name, tag, below, like, layer, source, at, by, description } = version
  const created = new Date(at).toISOString()
  const lower = below && (await store.config(below))
  const model = lower ?? (like && (await store.config(like)))
  const config: ImageConfig = {
    created,
    architecture: model?.architecture ?? architecture(),
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [...(lower?.rootfs.diff_ids ?? []), layer.diffId] },
    history: [...(lower?.history ?? []), { created, created_by: by, comment: source }],
  }
  const bytes = Buffer.from(JSON.stringify(config))
  await using blob = await store.write()
  await blob.write(bytes)
  const { digest, size } = await blob.commit()
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: media.manifest,
    config: { mediaType: media.config, digest, size },
    layers: [...(below?.manifest.layers ?? []), layer.descriptor],
    annotations: {
      [annotation.created]: created,
      [annotation.source]: source,
      ...(description !== undefined && { [annotation.description]: description }),
    },
  }
  return await store.put(name, tag, Buffer.from(JSON.stringify(manifest)))
}

/** In Go's words, as OCI wants them. */
function architecture(): string {
  const words: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', ia32: '386' }
  return words[process.arch] ?? process.arch
}
