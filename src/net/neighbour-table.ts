import { readFileSync } from 'node:fs'
import { libc, routeSocket } from './libc.ts'
import { readIpv4 } from './ipv4.ts'
import { ipv6Bytes, readIpv6 } from './ipv6.ts'
import { macFromBytes, type Mac } from './mac.ts'

// linux/netlink.h, rtnetlink.h and neighbour.h.
const NLM_F_REQUEST = 1
const NLMSG_ERROR = 2
const RTM_GETROUTE = 26
const RTM_GETNEIGH = 30
const RTA_DST = 1
const RTA_OIF = 4
const NDA_DST = 1
const NDA_LLADDR = 2
const AF_INET = 2
const AF_INET6 = 10
/** REACHABLE, STALE, DELAY, PROBE, PERMANENT: it has answered. INCOMPLETE and FAILED have not, or not any more. */
const answered = 0x02 | 0x04 | 0x08 | 0x10 | 0x80
/** NUD_REACHABLE: it has answered within the last half minute. */
const reachable = 0x02
const head = 16
const body = 12

/** The kernel's neighbours, one question at a time: which way leads there, and which card is there. Throws where there is no netlink. */
export class NeighbourTable {
  readonly #socket = routeSocket()
  readonly #reply = Buffer.alloc(8192)
  #sequence = 0

  /** `states`: which of the kernel's states (NUD_…) count. */
  cardAt(address: string, states: number = answered): Mac | undefined {
    const [plain = '', zone] = address.split('%')
    const bytes = bytesOf(plain)
    const device = bytes && (zone === undefined ? this.#deviceTo(bytes) : indexOf(zone))
    return bytes && device !== undefined ? this.#cardOn(device, bytes, states) : undefined
  }

  /** Only a card that has answered just now: one that has gone may still be known. */
  answeringAt(address: string): Mac | undefined {
    return this.cardAt(address, reachable)
  }

  #deviceTo(address: Buffer): number | undefined {
    const route = Buffer.alloc(body)
    route[0] = familyOf(address)
    route[1] = address.length * 8
    const found = this.#ask(RTM_GETROUTE, route, RTA_DST, address)
    return found && attribute(found, RTA_OIF)?.readInt32LE(0)
  }

  #cardOn(device: number, address: Buffer, states: number): Mac | undefined {
    const neighbour = Buffer.alloc(body)
    neighbour[0] = familyOf(address)
    neighbour.writeInt32LE(device, 4)
    const found = this.#ask(RTM_GETNEIGH, neighbour, NDA_DST, address)
    if (!found || (found.readUInt16LE(8) & states) === 0) return undefined
    const card = attribute(found, NDA_LLADDR)
    return card?.length === 6 ? macFromBytes(card, 0) : undefined
  }

  /** What follows the head of the answer. The kernel has answered when `send` returns. */
  #ask(type: number, fixed: Buffer, code: number, value: Buffer): Buffer | undefined {
    const sequence = (this.#sequence = (this.#sequence + 1) >>> 0)
    const message = Buffer.alloc(head + body + 4 + value.length)
    message.writeUInt32LE(message.length, 0)
    message.writeUInt16LE(type, 4)
    message.writeUInt16LE(NLM_F_REQUEST, 6)
    message.writeUInt32LE(sequence, 8)
    fixed.copy(message, head)
    message.writeUInt16LE(4 + value.length, head + body)
    message.writeUInt16LE(code, head + body + 2)
    value.copy(message, head + body + 4)
    if (Number(libc().send(this.#socket, message, BigInt(message.length), 0)) !== message.length) return undefined
    return this.#answerTo(sequence)
  }

  #answerTo(sequence: number): Buffer | undefined {
    const bytes = this.#reply
    for (;;) {
      const length = Number(libc().recv(this.#socket, bytes, BigInt(bytes.length), 0))
      if (length < head + body) return undefined
      // One that nobody waited for.
      if (bytes.readUInt32LE(8) !== sequence) continue
      if (bytes.readUInt16LE(4) === NLMSG_ERROR) return undefined
      return bytes.subarray(head, Math.min(length, bytes.readUInt32LE(0)))
    }
  }
}

/** Attributes lie behind the fixed part, each at a multiple of four. */
function attribute(message: Buffer, wanted: number): Buffer | undefined {
  for (let at = body; at + 4 <= message.length;) {
    const length = message.readUInt16LE(at)
    if (length < 4 || at + length > message.length) return undefined
    if (message.readUInt16LE(at + 2) === wanted) return message.subarray(at + 4, at + length)
    at += (length + 3) & ~3
  }
  return undefined
}

function bytesOf(address: string): Buffer | undefined {
  const six = readIpv6(address)
  if (six !== undefined) return ipv6Bytes(six)
  const four = readIpv4(address)
  if (four === undefined) return undefined
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(four)
  return bytes
}

function familyOf(address: Buffer): number {
  return address.length === 4 ? AF_INET : AF_INET6
}

function indexOf(device: string): number | undefined {
  try {
    return /^[\w.-]+$/.test(device) ? Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8')) : undefined
  } catch {
    return undefined
  }
}
