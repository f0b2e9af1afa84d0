import { Fault } from '../fault.ts'
import { readDigest, type Digest } from './digest.ts'

/** `porter`, `porter:1`, `porter@sha256:…`. */
export interface Reference {
  readonly name: string
  /** A version (`1`, `2`, …) or any other tag; undefined means the highest version. */
  readonly tag?: string
  readonly digest?: Digest
}

// OCI distribution spec 1.1, pulling manifests: <name> and <reference>.
const nameForm = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const longestName = 200

export function isImageName(text: string): boolean {
  return text.length <= longestName && nameForm.test(text)
}

export function isTag(text: string): boolean {
  return tagForm.test(text)
}

/** Undefined when it is none. */
export function readReference(text: string): Reference | undefined {
  const match = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(text)
  const [, name = '', tag, digestText] = match ?? []
  const digest = digestText === undefined ? undefined : readDigest(digestText)
  if (!isImageName(name) || (tag !== undefined && !isTag(tag)) || (digestText !== undefined && !digest))
    return undefined
  return { name, ...(tag !== undefined && { tag }), ...(digest && { digest }) }
}

/** Throws `request-invalid`. */
export function parseReference(text: string): Reference {
  const reference = readReference(text)
  if (reference) return reference
  throw new Fault('request-invalid', `${JSON.stringify(text.slice(0, 200))} is no image`, {
    hint: 'write NAME, NAME:VERSION or NAME@sha256:…, names in small letters',
  })
}

export function formatReference({ name, tag, digest }: Reference): string {
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}
