import { libc } from './libc.ts'
import { addressText, endpointKey } from './udp-address.ts'
import { Frames, slotBytes, slots } from './udp-frames.ts'
import type { UdpMessage } from './udp.ts'

const MSG_DONTWAIT = 0x40
/** struct cmsghdr with struct in_pktinfo: 28 bytes; level IPPROTO_IP, type IP_PKTINFO (ip(7)). */
const pktinfoLength = 28
const IPPROTO_IP = 0
const IP_PKTINFO = 8
const controlRoom = 32

/** Receives what waits into memory that is used again. Sockets may share one: nothing is left in it between calls. */
export class Receiver {
  readonly #frames = new Frames()
  readonly #views: readonly Buffer[]

  constructor() {
    this.#views = Array.from({ length: slots }, (_, slot) =>
      this.#frames.bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes),
    )
  }

  /** One datagram, if there is one. `tellLocal`: the socket has IP_PKTINFO on. */
  receiveOne(fd: number, tellLocal: boolean, each: (message: UdpMessage) => void): void {
    this.#frames.setControlLength(0, tellLocal ? controlRoom : 0)
    const length = libc().recvmsg(fd, this.#frames.header(0), MSG_DONTWAIT)
    if (length >= 0) each(this.#message(0, Math.min(length, slotBytes), tellLocal))
  }

  /** Up to 64 datagrams; how many there were. Datagrams over 2 KiB are cut, which no protocol here needs. */
  receive(fd: number, tellLocal: boolean, each: (message: UdpMessage) => void): number {
    const frames = this.#frames
    const room = tellLocal ? controlRoom : 0
    for (let slot = 0; slot < slots; slot++) frames.setControlLength(slot, room)
    const count = libc().recvmmsg(fd, frames.header(0), slots, MSG_DONTWAIT, 0n)
    for (let slot = 0; slot < count; slot++) each(this.#message(slot, frames.length(slot), tellLocal))
    return count
  }

  #message(slot: number, length: number, tellLocal: boolean): UdpMessage {
    const from = this.#frames.peerAddress(slot)
    const port = this.#frames.peerPort(slot)
    const bytes = this.#views[slot]!.subarray(0, length)
    const message = { bytes, address: addressText(from), port, key: endpointKey(from, port) }
    return tellLocal ? { ...message, ...this.#local(slot) } : message
  }

  /** in_pktinfo: the address of ours that is meant, and the one in the packet; they differ when it went to everybody. */
  #local(slot: number): Pick<UdpMessage, 'local' | 'toAll'> | undefined {
    const { controls } = this.#frames
    const at = this.#frames.controlAt(slot)
    if (controls[at] !== pktinfoLength || controls[at + 2] !== IPPROTO_IP || controls[at + 3] !== IP_PKTINFO)
      return undefined
    const [mine, inPacket] = [controls[at + 5]!, controls[at + 6]!]
    return mine === inPacket ? { local: addressText(swapped(mine)) } : { toAll: true }
  }
}

/** Network order, read on a little-endian machine. */
export function swapped(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}
