import type { IncomingHttpHeaders } from 'node:http'
import type { Peer } from '../net/content.ts'

/** What a client shows of itself: `Authorization: Bearer TOKEN`, or Basic with the token for a password. */
export interface Credentials {
  readonly token: string
  /** Of Basic; podman login needs one, and it may be anything. */
  readonly user?: string
}

/** Who may do what, without a wait: what is sent goes out in the same turn. Asked for every request; `undefined` credentials are somebody who only reached the port. */
export interface Gatekeeper {
  /** Whether the credentials are anybody's. */
  isKnown(credentials: Credentials, peer: Peer): boolean
  mayPull(name: string, credentials: Credentials, peer: Peer): boolean
  mayPush(name: string, credentials: Credentials, peer: Peer): boolean
}

/** Undefined when there are none, or none that can be read (RFC 7617, RFC 6750). */
export function credentialsOf({ authorization }: IncomingHttpHeaders): Credentials | undefined {
  const match = /^(basic|bearer) +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '')
  if (!match) return undefined
  const [, scheme = '', value = ''] = match
  if (scheme.toLowerCase() === 'bearer') return { token: value }
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 || colon === text.length - 1
    ? undefined
    : { user: text.slice(0, colon), token: text.slice(colon + 1) }
}
