import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import type { State } from './conditions.ts'

/** One state of one file on disk. Two equal texts mean equal bytes, as far as the file system can tell. */
export type Identity = string

/**
 * ctime is in it because it cannot be set back: `cp -p` or `rsync --inplace --times` over the same inode keep size and mtime, and
 * then only ctime (nanoseconds, kernel's own) tells that the bytes are others.
 */
export function identityOf(stat: BigIntStats): Identity {
  return `${stat.dev}-${stat.ino}-${stat.size}-${stat.mtimeNs}-${stat.ctimeNs}`
}

/**
 * A strong tag (RFC 9110 §8.8.1) without reading the file: allowed because any write changes the identity, and because a transfer whose
 * file changes under it is broken off, so no tag is ever seen together with mixed bytes. Hashed: inode numbers are nobody's business.
 */
export function tagOfIdentity(identity: Identity): string {
  return `"i${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`
}

/** The best strong tag: of the bytes themselves. It stays the same over copies, `touch` and several servers. */
export function tagOfDigest(digest: Buffer): string {
  return `"${digest.toString('base64url').slice(0, 32)}"`
}

export interface Version extends State {
  /** `mtimeMs` as an HTTP date, made once. */
  readonly lastModified: string
}

export function versionOf(
  { mtimeMs, size }: { readonly mtimeMs: number; readonly size: number },
  tag: string,
): Version {
  return { tag, mtimeMs, size, lastModified: new Date(mtimeMs).toUTCString() }
}
