import { formatIpv4 } from '../net/ipv4.ts'
import { option, read } from './options.ts'
import { bootpSize, type Packet } from './packet.ts'

/** Where a datagram goes. */
export interface Destination {
  readonly address: string
  readonly port: number
}

export const serverPort = 67 as const
export const clientPort = 68
const everybody: Destination = { address: '255.255.255.255', port: clientPort }

/**
 * RFC 2131 §4.1: through the relay if there is one; to the address that the client already uses when it renews or informs; to everybody
 * otherwise. Unicast to an address that the client does not have yet would need an ARP answer that nobody gives, so the broadcast flag
 * makes no difference here. A NAK without a relay is always for everybody.
 */
export function routeOf(reply: Packet): Destination {
  if (reply.giaddr !== 0) return { address: formatIpv4(reply.giaddr), port: serverPort }
  if (reply.ciaddr === 0 || read(reply.options, option.messageType) === 6) return everybody
  return { address: formatIpv4(reply.ciaddr), port: clientPort }
}

/**
 * How long the answer may be. Option 57 counts the IP and UDP headers too, 576 is what everybody must take (RFC 2132 §9.10), and an
 * Ethernet frame ends it: EDK2 claims 65280.
 */
export function roomFor(request: Packet): number {
  // RFC 951 §3: a BOOTP client takes 300 bytes.
  if (!request.options.has(option.messageType.code)) return bootpSize
  const asked = read(request.options, option.maxSize) ?? 576
  return Math.min(Math.max(asked, 576), 1500) - 28
}
