import { timingSafeEqual } from 'node:crypto'
import type { Sessions } from '../boot/session.ts'
import { readDigest, type Digest } from '../image/digest.ts'

/** What one machine may have, for an hour: a version of an image, from its own address. Nothing is wiped with it. */
export interface UpdateRight {
  readonly machine: string
  /** `porter:2` */
  readonly image: string
  readonly digest: Digest
  /** Where it was when that was said. */
  readonly address: string
  /** Milliseconds since 1970. */
  readonly until: number
}

/** Milliseconds. */
export const updateLifetime = 3600_000

/** Signed under the server's key: nothing is written down for it, and a restart knows it again. */
export function updateToken(sessions: Sessions, right: UpdateRight): string {
  const { machine, image, digest, address, until } = right
  return sealed(sessions, 'update', [machine, image, digest, address, until])
}

/** Undefined for anything that this server did not give; whether its time is over is for the caller to see. */
export function readUpdateToken(sessions: Sessions, token: string): UpdateRight | undefined {
  const [machine, image, digest, address, until] = opened(sessions, 'update', token) ?? []
  const sum = readDigest(String(digest))
  if (!sum) return undefined
  return { machine: String(machine), image: String(image), digest: sum, address: String(address), until: Number(until) }
}

/** Says of a machine that it came up with a version, or went back from it; good for nothing else, and for ever. */
export function bootedToken(sessions: Sessions, machine: string, image: string): string {
  return sealed(sessions, 'booted', [machine, image])
}

export function readBootedToken(
  sessions: Sessions,
  token: string,
): { readonly machine: string; readonly image: string } | undefined {
  const [machine, image] = opened(sessions, 'booted', token) ?? []
  return typeof machine === 'string' ? { machine, image: String(image) } : undefined
}

function sealed(sessions: Sessions, purpose: string, values: readonly unknown[]): string {
  const text = Buffer.from(JSON.stringify(values)).toString('base64url')
  return `${text}.${signed(sessions, purpose, text)}`
}

function opened(sessions: Sessions, purpose: string, token: string): readonly unknown[] | undefined {
  const [text = '', seal = '', more] = token.split('.')
  const [given, right] = [Buffer.from(seal), Buffer.from(signed(sessions, purpose, text))]
  if (more !== undefined || given.length !== right.length || !timingSafeEqual(given, right)) return undefined
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as readonly unknown[]
}

/** What tells of a version that came up is good for ever; what opens something, until the clock is set back. */
function signed(sessions: Sessions, purpose: string, text: string): string {
  return purpose === 'booted' ? sessions.seal(purpose, text) : sessions.sealForNow(purpose, text)
}
