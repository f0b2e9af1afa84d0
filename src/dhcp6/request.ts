import type { Client } from '../boot/client.ts'
import { ipv6At } from '../net/ipv6.ts'
import { clientOf6 } from './client.ts'
import { find, option6, readOptions } from './options.ts'
import type { Malformed6, Packet6 } from './packet.ts'

/** RFC 8415 §7.3: what a client may say to a server. */
export const messages6 = {
  1: 'solicit',
  3: 'request',
  4: 'confirm',
  5: 'renew',
  6: 'rebind',
  8: 'release',
  9: 'decline',
  11: 'inform',
} as const

export type Message6 = (typeof messages6)[keyof typeof messages6]

/** A message that came in, read once: what the rules look at. */
export interface Request6 {
  readonly packet: Packet6
  readonly message: Message6
  /** Missing in an Information-request alone. */
  readonly clientId: Buffer | undefined
  readonly client: Client
  /** By what this client is the same one again: its card, else its DUID. */
  readonly identity: string
  readonly associations: readonly Association[]
  /** What the client asks for (option 6). */
  readonly wants: ReadonlySet<number>
}

/** IA_NA, RFC 8415 §21.4. */
export interface Association {
  readonly id: number
  readonly addresses: readonly bigint[]
}

/** Why a datagram is thrown away unread; each is a counter. */
export type DropReason6 =
  | Malformed6
  | 'message type'
  | 'no client id'
  | 'client id'
  | 'no server id'
  | 'not for a server id'
  | 'association'
  | 'unexpected association'
  | 'sent to one server'
  | 'source address'
  | 'unknown network'
  | 'too many declines'
  | 'not sent'
  | 'internal'

/** For another server; no fault of anybody. */
export const forAnother = 'for another server'

const longestDuid = 130
const mostAssociations = 16

/** RFC 8415 §16, message by message. Never throws. */
export function readRequest6(
  packet: Packet6,
  source: bigint | undefined,
  serverId: Buffer,
): Request6 | DropReason6 | typeof forAnother {
  const message = messages6[packet.type as keyof typeof messages6] as Message6 | undefined
  if (message === undefined) return 'message type'
  const clientId = find(packet.options, option6.clientId)
  if (!clientId && message !== 'inform') return 'no client id'
  // RFC 8415 §11.1: two bytes of type, 1 to 128 of identity.
  if (clientId && (clientId.length < 3 || clientId.length > longestDuid)) return 'client id'
  const wrong = serverIdTrouble(message, find(packet.options, option6.serverId), serverId)
  if (wrong) return wrong
  const associations = readAssociations(packet)
  if (!associations) return 'association'
  if (message === 'inform' && associations.length > 0) return 'unexpected association'
  const client = clientOf6(packet, source)
  const identity = client.mac ?? clientId?.toString('hex') ?? ''
  return { packet, message, clientId, client, identity, associations, wants: wantsOf(packet) }
}

/** Whether a message names its server, must not, or may. */
const naming: Readonly<Record<Message6, 'needed' | 'never' | 'may'>> = {
  solicit: 'never',
  request: 'needed',
  confirm: 'never',
  renew: 'needed',
  rebind: 'never',
  release: 'needed',
  decline: 'needed',
  inform: 'may',
}

function serverIdTrouble(
  message: Message6,
  named: Buffer | undefined,
  own: Buffer,
): DropReason6 | typeof forAnother | undefined {
  const rule = naming[message]
  if (!named) return rule === 'needed' ? 'no server id' : undefined
  if (rule === 'never') return 'not for a server id'
  return named.equals(own) ? undefined : forAnother
}

function readAssociations({ options }: Packet6): readonly Association[] | undefined {
  const found: Association[] = []
  for (const { code, value } of options) {
    if (code !== option6.iaNa) continue
    const inner = value.length < 12 ? undefined : readOptions(value.subarray(12))
    if (!inner || found.length === mostAssociations) return undefined
    const addresses = inner.filter((each) => each.code === option6.iaAddress)
    if (addresses.some((each) => each.value.length < 24)) return undefined
    found.push({ id: value.readUInt32BE(0), addresses: addresses.map((each) => ipv6At(each.value, 0)) })
  }
  return found
}

function wantsOf({ options }: Packet6): ReadonlySet<number> {
  const value = find(options, option6.request)
  const count = value ? Math.floor(value.length / 2) : 0
  return new Set(Array.from({ length: count }, (_, at) => value!.readUInt16BE(at * 2)))
}
