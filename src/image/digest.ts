import { Fault } from '../fault.ts'

/** `sha256:` and 64 lower-case hexadecimal digits: the only algorithm that Birnam writes or believes (OCI image spec, descriptor). */
export type Digest = string & { readonly kind: 'digest' }

const form = /^sha256:[0-9a-f]{64}$/

/** Undefined for anything else, `sha512:` included. */
export function readDigest(text: string): Digest | undefined {
  return form.test(text) ? (text as Digest) : undefined
}

/** Throws `request-invalid`. */
export function parseDigest(text: string): Digest {
  const digest = readDigest(text)
  if (digest) return digest
  throw new Fault('request-invalid', `${JSON.stringify(text.slice(0, 90))} is no digest`, {
    hint: 'write sha256: and 64 hexadecimal digits',
  })
}

/** `hex`: what `createHash('sha256').digest('hex')` gives. */
export function digestOf(hex: string): Digest {
  return parseDigest(`sha256:${hex}`)
}

export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length)
}
