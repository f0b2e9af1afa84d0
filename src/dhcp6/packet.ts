import { find, option, option6, readOptions, type Option6 } from './options.ts'
import { ipv6At, ipv6Bytes } from '../net/ipv6.ts'

/** A message of a client, with the relays that it passed, the one nearest to us first. */
export interface Packet6 {
  readonly type: number
  /** Three bytes. */
  readonly transaction: Buffer
  readonly options: readonly Option6[]
  readonly relays: readonly Relay6[]
}

/** RFC 8415 §9: what one relay wrapped around the message. */
export interface Relay6 {
  readonly hops: number
  readonly link: bigint
  readonly peer: bigint
  readonly options: readonly Option6[]
}

export type Malformed6 = 'short' | 'option past the end' | 'too many hops' | 'relay without a message'

/** RFC 8415 §7.6, HOP_COUNT_LIMIT. */
const mostHops = 8
const relayForward = 12
const relayReply = 13

/** Takes the relays' wrapping off. Never throws. */
export function decodePacket6(bytes: Buffer): Packet6 | { readonly malformed: Malformed6 } {
  const relays: Relay6[] = []
  let inner = bytes
  while (inner[0] === relayForward) {
    if (inner.length < 34) return { malformed: 'short' }
    const options = readOptions(inner.subarray(34))
    if (!options) return { malformed: 'option past the end' }
    // A relay does not forward what has passed so many already: it is a loop, or a lie.
    if (inner[1]! >= mostHops || relays.length === mostHops) return { malformed: 'too many hops' }
    relays.push({ hops: inner[1]!, link: ipv6At(inner, 2), peer: ipv6At(inner, 18), options })
    const wrapped = find(options, option6.relayMessage)
    if (!wrapped) return { malformed: 'relay without a message' }
    inner = wrapped
  }
  if (inner.length < 4) return { malformed: 'short' }
  const options = readOptions(inner.subarray(4))
  if (!options) return { malformed: 'option past the end' }
  return { type: inner[0]!, transaction: inner.subarray(1, 4), options, relays }
}

/** The answer to a packet, wrapped again for each relay (RFC 8415 §19.3): the one nearest to us is the outermost. */
export function encodeReply6(type: number, options: readonly Buffer[], { transaction, relays }: Packet6): Buffer {
  let bytes: Buffer = Buffer.concat([Buffer.from([type]), transaction, ...options])
  for (const relay of relays.toReversed()) bytes = wrap(bytes, relay)
  return bytes
}

function wrap(inner: Buffer, { hops, link, peer, options }: Relay6): Buffer {
  const interfaceId = find(options, option6.interfaceId)
  return Buffer.concat([
    Buffer.from([relayReply, hops]),
    ipv6Bytes(link),
    ipv6Bytes(peer),
    ...(interfaceId ? [option(option6.interfaceId, interfaceId)] : []),
    option(option6.relayMessage, inner),
  ])
}
