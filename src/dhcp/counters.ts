import type { DropReason } from './request.ts'

/** How often each thing happened since the start. */
export interface DhcpCounters {
  readonly received: number
  readonly discover: number
  readonly request: number
  readonly bootp: number
  readonly decline: number
  readonly release: number
  readonly inform: number
  readonly offer: number
  readonly ack: number
  readonly nak: number
  /** Understood and rightly not answered. */
  readonly silent: number
  readonly full: number
  /** ACKs of leases that could not be written, and that nobody else can be given. */
  readonly unwritten: number
  readonly dropped: Readonly<Record<DropReason, number>>
}

export type Counters = { -readonly [Key in Exclude<keyof DhcpCounters, 'dropped'>]: number } & {
  readonly dropped: Record<DropReason, number>
}

export function noCounts(): Counters {
  return {
    received: 0,
    discover: 0,
    request: 0,
    bootp: 0,
    decline: 0,
    release: 0,
    inform: 0,
    offer: 0,
    ack: 0,
    nak: 0,
    silent: 0,
    full: 0,
    unwritten: 0,
    dropped: {
      short: 0,
      'no cookie': 0,
      'option past the end': 0,
      'option too long': 0,
      'not a request': 0,
      'hardware address': 0,
      'too many hops': 0,
      'relay address': 0,
      'message type': 0,
      'unnamed BOOTP client': 0,
      'unnamed InfiniBand card': 0,
      'option size': 0,
      'request without an address': 0,
      'unknown network': 0,
      'no address': 0,
      'too many declines': 0,
      'lease not written': 0,
      'not sent': 0,
      internal: 0,
    },
  }
}
