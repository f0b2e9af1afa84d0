import type { DropReason6, Message6 } from './request.ts'

/** How often each thing happened since the start. */
export type Dhcp6Counters = Readonly<Record<Message6 | 'received' | 'advertise' | 'reply' | 'silent', number>> & {
  readonly dropped: Readonly<Record<DropReason6, number>>
}

export type Counters6 = { -readonly [Key in Exclude<keyof Dhcp6Counters, 'dropped'>]: number } & {
  readonly dropped: Record<DropReason6, number>
}

export function noCounts6(): Counters6 {
  return {
    received: 0,
    solicit: 0,
    request: 0,
    confirm: 0,
    renew: 0,
    rebind: 0,
    release: 0,
    decline: 0,
    inform: 0,
    advertise: 0,
    reply: 0,
    silent: 0,
    dropped: {
      short: 0,
      'option past the end': 0,
      'too many hops': 0,
      'relay without a message': 0,
      'message type': 0,
      'no client id': 0,
      'client id': 0,
      'no server id': 0,
      'not for a server id': 0,
      association: 0,
      'unexpected association': 0,
      'sent to one server': 0,
      'source address': 0,
      'unknown network': 0,
      'too many declines': 0,
      'not sent': 0,
      internal: 0,
    },
  }
}
