import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Fault } from '../fault.ts'
import { digestOf, hexOf, type Digest } from './digest.ts'
import { diskFault } from './durable.ts'
import { longestManifest, parseJson } from './manifest.ts'
import { media, type Descriptor } from './oci.ts'
import { keepSecret } from './registry-token.ts'
import type { ImageStore, ImageVersion } from './store.ts'

/** cosign's "simple signing" form (SIGNATURE_SPEC.md of sigstore/cosign). */
const signatureKey = 'dev.cosignproject.cosign/signature'
const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json'
const payloadKind = 'cosign container image signature'
const longestPayload = 64 << 10
const mostSignatures = 32

export interface Signer {
  /** PEM (SubjectPublicKeyInfo), for the imager and for `cosign verify --key`. */
  readonly publicKey: string
  /** Puts a signature beside the version, as the tag `sha256-<hex>.sig`; once, however often it is asked for. */
  sign(store: ImageStore, version: ImageVersion): Promise<ImageVersion>
}

/** The Ed25519 key in this file (PKCS #8 PEM, its owner's alone), made at the first use. Throws `config-invalid` for another key. */
export function openSigner(path: string): Signer {
  const key = openKey(path)
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' })
  return { publicKey, sign: (store, version) => signVersion(store, version, key, publicKey) }
}

/** `undefined`: no signature at all; false: none of this key, or one that is not right. `publicKey` is PEM. */
export async function verifySignature(
  store: ImageStore,
  { name, digest }: Pick<ImageVersion, 'name' | 'digest'>,
  publicKey: string,
): Promise<boolean | undefined> {
  const signatures = await store.find({ name, tag: signatureTag(digest) })
  if (!signatures) return undefined
  const key = createPublicKey(publicKey)
  for (const layer of signatures.manifest.layers.slice(0, mostSignatures))
    if (await isSignature(store, layer, digest, key)) return true
  return false
}

/** The newest signature that stands beside a version, for whoever checks it himself; undefined when nobody signed it. */
export async function signatureOf(
  store: ImageStore,
  { name, digest }: Pick<ImageVersion, 'name' | 'digest'>,
): Promise<{ readonly payload: Buffer; readonly signature: string } | undefined> {
  const layer = (await store.find({ name, tag: signatureTag(digest) }))?.manifest.layers.at(-1)
  const signature = layer?.annotations?.[signatureKey]
  if (!layer || signature === undefined || layer.size > longestPayload) return undefined
  return { payload: await buffer(await store.open(layer.digest)), signature }
}

export function signatureTag(digest: Digest): string {
  return `sha256-${hexOf(digest)}.sig`
}

function openKey(path: string): KeyObject {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const { privateKey } = generateKeyPairSync('ed25519')
    keepSecret(path, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const key = createPrivateKey(readFileSync(path, 'utf8'))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (error) {
    const fault = diskFault(error, path)
    if (fault instanceof Fault || (error as NodeJS.ErrnoException).syscall !== undefined) throw fault
  }
  throw new Fault('config-invalid', 'the file holds no Ed25519 key', {
    file: path,
    hint: 'put the right key back; a new one makes all older signatures worthless',
  })
}

async function signVersion(
  store: ImageStore,
  version: ImageVersion,
  key: KeyObject,
  publicKey: string,
): Promise<ImageVersion> {
  const { name, digest } = version
  const tag = signatureTag(digest)
  const before = await store.find({ name, tag })
  if (before && (await verifySignature(store, version, publicKey))) return before
  const payload = Buffer.from(payloadOf(name, digest))
  const signature = sign(null, payload, key).toString('base64')
  const layer = { ...(await keep(store, payload)), mediaType: payloadType, annotations: { [signatureKey]: signature } }
  const layers = [...(before?.manifest.layers ?? []), layer]
  const config = { ...(await keep(store, configOf(layers))), mediaType: media.config }
  const manifest = { schemaVersion: 2, mediaType: media.manifest, config, layers }
  return store.put(name, tag, Buffer.from(JSON.stringify(manifest)))
}

function payloadOf(name: string, digest: Digest): string {
  const image = { 'docker-manifest-digest': digest }
  return JSON.stringify({
    critical: { identity: { 'docker-reference': name }, image, type: payloadKind },
    optional: null,
  })
}

/** What cosign writes as well: a configuration of nothing, so that every registry takes the manifest for an image. */
function configOf(layers: readonly Descriptor[]): Buffer {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) }
  return Buffer.from(JSON.stringify({ architecture: '', os: '', created: '0001-01-01T00:00:00Z', config: {}, rootfs }))
}

async function keep(store: ImageStore, bytes: Buffer): Promise<{ readonly digest: Digest; readonly size: number }> {
  await using writer = await store.write()
  await writer.write(bytes)
  return await writer.commit()
}

async function isSignature(store: ImageStore, layer: Descriptor, digest: Digest, key: KeyObject): Promise<boolean> {
  const signature = layer.annotations?.[signatureKey]
  if (layer.mediaType !== payloadType || signature === undefined || layer.size > longestPayload) return false
  if ((await store.blob(layer.digest))?.size !== layer.size) return false
  const payload = await buffer(await store.open(layer.digest))
  if (digestOf(createHash('sha256').update(payload).digest('hex')) !== layer.digest) return false
  return verify(null, payload, key, Buffer.from(signature, 'base64')) && signs(payload, digest)
}

/** The signature is over the payload; only the payload says which image is meant. */
function signs(payload: Uint8Array, digest: Digest): boolean {
  const { critical } = parseJson(payload, longestManifest, 'the signed payload') as {
    critical?: { type?: unknown; image?: { 'docker-manifest-digest'?: unknown } }
  }
  return critical?.type === payloadKind && critical.image?.['docker-manifest-digest'] === digest
}
