import { z } from 'zod'
import { Fault } from '../fault.ts'
import { readDigest, type Digest } from './digest.ts'
import { media, type Descriptor, type ImageConfig, type Manifest } from './oci.ts'

/** Distribution spec 1.1, "Pushing Manifests": at least 4 MiB must be taken; nobody writes more. Bytes. */
export const longestManifest = 4 << 20
/** A real configuration has a few KiB; one with a thousand long history lines stays below. Bytes. */
export const longestConfig = 4 << 20
/** Docker and podman stop at 127; each layer costs a request and an unpacking. */
const mostLayers = 500
const mostAnnotations = 1000

const digest = z
  .string()
  .refine((text) => readDigest(text) !== undefined, 'is no sha256 digest')
  .transform((text) => text as Digest)
const mediaType = z.string().regex(/^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i)
const annotations = z
  .record(z.string(), z.string())
  .refine((all) => Object.keys(all).length <= mostAnnotations, 'has too many keys')

export const descriptorForm = z.looseObject({
  mediaType,
  digest,
  size: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  annotations: annotations.optional(),
  artifactType: z.string().max(255).optional(),
})

const manifestForm = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum([media.manifest, media.dockerManifest]).default(media.manifest),
  artifactType: z.string().max(255).optional(),
  config: descriptorForm,
  layers: z.array(descriptorForm).max(mostLayers),
  subject: descriptorForm.optional(),
  annotations: annotations.optional(),
})

const configForm = z.looseObject({
  created: z.string().max(100).optional(),
  architecture: z.string().max(100),
  os: z.string().max(100),
  rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(digest).max(mostLayers) }),
})

/** An image manifest of OCI or of Docker (schema 2), and nothing else. Throws `image-invalid`. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const value = parseJson(bytes, longestManifest, 'the manifest')
  const type = typeof value === 'object' && value !== null && 'mediaType' in value ? value.mediaType : undefined
  const isList = typeof value === 'object' && value !== null && 'manifests' in value
  if (isList || type === media.index || type === media.dockerList)
    throw new Fault('image-invalid', 'this is a list of images for several platforms', {
      hint: 'send the image of one platform: podman push, or skopeo copy without --all',
    })
  return check(manifestForm, value, 'the manifest') as Manifest
}

/** Throws `image-invalid`. */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  return check(configForm, parseJson(bytes, longestConfig, 'the configuration'), 'the configuration') as ImageConfig
}

/** Whether a manifest is an image that can be unpacked, and not a signature or another artifact. */
export function isImage({ config }: Manifest): boolean {
  return config.mediaType === media.config || config.mediaType === media.dockerConfig
}

/** Each blob once, by its digest. */
export function blobsOf({ config, layers }: Manifest): readonly Descriptor[] {
  return [...new Map([config, ...layers].map((descriptor) => [descriptor.digest, descriptor] as const)).values()]
}

/** JSON in valid UTF-8 of at most `limit` bytes. Throws `image-invalid`. */
export function parseJson(bytes: Uint8Array, limit: number, what: string): unknown {
  if (bytes.length > limit) throw new Fault('image-invalid', `${what} has more than ${limit} bytes`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch (error) {
    throw new Fault('image-invalid', `${what} is no JSON`, { cause: error })
  }
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const { path = [], message = '' } = result.error.issues[0] ?? {}
  const field = path.map(String).join('.').slice(0, 200)
  throw new Fault('image-invalid', `${what} is not what it should be: ${field} ${message}`.slice(0, 300), {
    ...(field !== '' && { field }),
  })
}
