import type { IncomingHttpHeaders } from 'node:http'
import type { Session } from '../boot/session.ts'
import type { Peer } from '../net/content.ts'

/** Who asks for a name, and how. */
export interface Asked {
  readonly carrier: 'tftp' | 'http'
  readonly peer: Peer
  readonly headers: IncomingHttpHeaders
  /** What follows the name in a URL. */
  readonly query?: URLSearchParams
  readonly session?: Session
  /** A forecast: nothing is claimed, counted or told. */
  readonly dry?: boolean
  /** A HEAD: it is told what a GET would be, and changes nothing. */
  readonly head?: boolean
}

/** Whether nothing may come of it. */
export function isOnlyLooking({ dry, head }: Pick<Asked, 'dry' | 'head'>): boolean {
  return dry === true || head === true
}
