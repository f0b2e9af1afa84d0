import { cString } from './codec.ts'
import { sizeOfAll, writeOptions } from './layout.ts'
import type { Options } from './options.ts'
import { WireOptions, type BrokenOption } from './wire-options.ts'

/** One DHCP message, RFC 2131 §2. Addresses are unsigned numbers; 0 is "none". */
export interface Packet {
  readonly op: number
  readonly htype: number
  readonly hlen: number
  readonly hops: number
  readonly xid: number
  readonly secs: number
  readonly flags: number
  readonly ciaddr: number
  readonly yiaddr: number
  readonly siaddr: number
  readonly giaddr: number
  /** All 16 bytes; what stands after `hlen` is padding. */
  readonly chaddr: Buffer
  /** Empty when the field holds options (option 52). */
  readonly sname: string
  readonly file: string
  readonly options: Options
}

/** Bytes that are no DHCP message. Dropped and counted by this reason. */
export interface Malformed {
  readonly malformed: 'short' | 'no cookie' | BrokenOption
}

export const headerSize = 240
export const broadcastFlag = 0x8000
const cookie = 0x63825363
/** Nobody's message is longer; what is behind it is not read. */
const mostBytes = 16_384
/** What every client must take: 576 bytes with their IP and UDP headers (RFC 2131 §2). */
const shortestLimit = 548
/** A BOOTP message with its 64 bytes for vendors (RFC 951 §3). */
export const bootpSize = 300

/** Bytes to a message. Never throws. Views into `bytes` are kept: copy them before the buffer is used again. */
export function decodePacket(bytes: Buffer): Packet | Malformed {
  const size = Math.min(bytes.length, mostBytes)
  if (size < headerSize) return { malformed: 'short' }
  if (bytes.readUInt32BE(236) !== cookie) return { malformed: 'no cookie' }
  const options = new WireOptions(bytes)
  const problem = options.collect(headerSize, size) ?? collectOverload(options)
  if (problem) return { malformed: problem }
  const overload = overloadOf(options)
  return {
    op: bytes[0]!,
    htype: bytes[1]!,
    hlen: bytes[2]!,
    hops: bytes[3]!,
    xid: bytes.readUInt32BE(4),
    secs: bytes.readUInt16BE(8),
    flags: bytes.readUInt16BE(10),
    ciaddr: bytes.readUInt32BE(12),
    yiaddr: bytes.readUInt32BE(16),
    siaddr: bytes.readUInt32BE(20),
    giaddr: bytes.readUInt32BE(24),
    chaddr: bytes.subarray(28, 44),
    sname: overload & 2 ? '' : cString(bytes, 44, 108),
    file: overload & 1 ? '' : cString(bytes, 108, 236),
    options,
  }
}

/**
 * A message to bytes: at least 300 of them (older ROMs and relays drop shorter ones, RFC 1542 §2.1), at most `limit`,
 * always with an END. Options stand in the order of the map, the relay's (82) last (RFC 3046 §2.2); what does not fit moves to
 * unused `file` and `sname` fields (option 52), and the last of the order are left out before anything is cut.
 */
export function encodePacket(packet: Packet, limit = 1472): Buffer {
  const isDhcp = packet.options.has(53)
  const size = Math.min(sizeOfAll(packet.options), Math.max(limit, isDhcp ? shortestLimit : bootpSize))
  const bytes = Buffer.allocUnsafe(Math.max(size, 300)).fill(0)
  bytes[0] = packet.op
  bytes[1] = packet.htype
  bytes[2] = packet.hlen
  bytes[3] = packet.hops
  bytes.writeUInt32BE(packet.xid, 4)
  bytes.writeUInt16BE(packet.secs, 8)
  bytes.writeUInt16BE(packet.flags, 10)
  bytes.writeUInt32BE(packet.ciaddr, 12)
  bytes.writeUInt32BE(packet.yiaddr, 16)
  bytes.writeUInt32BE(packet.siaddr, 20)
  bytes.writeUInt32BE(packet.giaddr, 24)
  bytes.set(packet.chaddr, 28)
  // Both fields keep their last byte as the NUL that C readers look for.
  if (packet.sname !== '') bytes.write(packet.sname, 44, 63, 'latin1')
  if (packet.file !== '') bytes.write(packet.file, 108, 127, 'latin1')
  bytes.writeUInt32BE(cookie, 236)
  const end = writeOptions(bytes, packet.options, {
    file: isDhcp && packet.file === '',
    sname: isDhcp && packet.sname === '',
  })
  return bytes.subarray(0, Math.max(end, 300))
}

function overloadOf(options: Options): number {
  const value = options.uint(52, 1) ?? 0
  return value <= 3 ? value : 0
}

/** RFC 3396 §5: the order is options, file, sname. An option 52 inside an overloaded field means nothing. */
function collectOverload(options: WireOptions): Malformed['malformed'] | undefined {
  const overload = overloadOf(options)
  return (
    (overload & 1 ? options.collect(108, 236, false) : undefined) ??
    (overload & 2 ? options.collect(44, 108, false) : undefined)
  )
}
