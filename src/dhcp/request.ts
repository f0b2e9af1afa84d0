import type { Client } from '../boot/client.ts'
import { contains, type Cidr } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import { option, read, strictOptions, type MessageType } from './options.ts'
import type { Malformed, Packet } from './packet.ts'
import { hardwareAddress } from './hardware.ts'
import { clientOf } from './pxe.ts'

/** A message that a client may send to a server, read once: what the rules look at. */
export interface Request {
  readonly packet: Packet
  readonly type: ClientMessage
  readonly mac: Mac
  readonly client: Client
  /** Option 50. */
  readonly requested: number | undefined
  /** Option 54. */
  readonly server: number | undefined
}

/** What stands in `type` for a BOOTP request (RFC 951). */
export const bootp = 'bootp' as const

export type ClientMessage = typeof bootp | Extract<MessageType, 1 | 3 | 4 | 7 | 8>

/** Why a datagram is thrown away unread; each is a counter. */
export type DropReason =
  | Malformed['malformed']
  | 'not a request'
  | 'hardware address'
  | 'too many hops'
  | 'relay address'
  | 'message type'
  /** A BOOTP client or an InfiniBand card that the site does not name. */
  | 'unnamed BOOTP client'
  | 'unnamed InfiniBand card'
  | 'option size'
  | 'request without an address'
  | 'unknown network'
  /** A proxy whose interface has no address. */
  | 'no address'
  | 'lease not written'
  | 'not sent'
  | 'too many declines'
  | 'internal'

const loopback: Cidr = { network: 0x7f000000, mask: 0xff000000, bits: 8 }
const multicastAndAbove = 0xe0000000

/** Checks what must hold before any rule is asked. Never throws. */
export function readRequest(packet: Packet): Request | DropReason {
  // Our own answer, reflected by a bridge or a bored attacker, is no question.
  if (packet.op !== 1) return 'not a request'
  const mac = hardwareAddress(packet)
  if (mac === undefined) return 'hardware address'
  // RFC 1542 §4.1.1: more than 16 hops is a loop of relays.
  if (packet.hops > 16) return 'too many hops'
  if (packet.giaddr >= multicastAndAbove || contains(loopback, packet.giaddr)) return 'relay address'
  // RFC 1534 §2: a BOOTP client sends no message type.
  const type = packet.options.has(option.messageType.code) ? read(packet.options, option.messageType) : bootp
  if (!isClientMessage(type)) return 'message type'
  if (!isBelievable(packet)) return 'option size'
  const client = clientOf(packet, mac)
  return {
    packet,
    type,
    mac,
    client,
    requested: read(packet.options, option.requested),
    server: read(packet.options, option.serverId),
  }
}

function isClientMessage(type: number | typeof bootp | undefined): type is ClientMessage {
  return type === bootp || type === 1 || type === 3 || type === 4 || type === 7 || type === 8
}

/** A wrong size of one of these makes the whole message unbelievable. */
function isBelievable({ options }: Packet): boolean {
  for (const { code, codec } of strictOptions) {
    const length = options.lengthOf(code)
    if (length !== undefined && !codec.fits(length)) return false
  }
  return true
}
