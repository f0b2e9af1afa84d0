import { addressOf, errno, libc } from './libc.ts'
import { addressNumber } from './udp-address.ts'
import { Frames, slotBytes, slots } from './udp-frames.ts'
import { swapped } from './udp-receive.ts'

const MSG_DONTWAIT = 0x40
/** Control messages: cmsghdr(3), udp(7), ip(7). */
const SOL_UDP = 17
const UDP_SEGMENT = 103
const IPPROTO_IP = 0
const IP_PKTINFO = 8
/** errno(3). */
const EINTR = 4
const EIO = 5
const EINVAL = 22
const EMSGSIZE = 90

/** Ethernet's 1500 less IP and UDP headers: a segment may not be cut again on its way (udp(7)). */
const largestSegment = 1472
/** UDP_MAX_SEGMENTS, and the largest UDP payload. */
const mostSegments = 64
const largestSend = 65_507

/** Collects datagrams and hands them to the kernel in one call. */
export class Sender {
  readonly #frames = new Frames()
  readonly #fd: number
  readonly #onError: (errno: number) => void
  /** What the kernel will read and is not ours; kept until it was read. */
  readonly #kept: (Buffer | undefined)[] = Array.from({ length: slots })
  /** Bytes of a segment, 0 for one datagram. */
  readonly #segments = new Uint16Array(slots)
  #count = 0

  constructor(fd: number, onError: (errno: number) => void) {
    this.#fd = fd
    this.#onError = onError
  }

  get waiting(): number {
    return this.#count
  }

  /** The bytes may be used again at once. */
  send(bytes: Buffer, port: number, address: string, from?: string): void {
    const slot = this.#next(port, address)
    if (slot === undefined) return
    if (bytes.length <= slotBytes) {
      this.#frames.bytes.set(bytes, slot * slotBytes)
      this.#frames.pointHome(slot, bytes.length)
    } else this.#keep(slot, bytes)
    this.#control(slot, 0, from)
  }

  /** Bytes as datagrams of `segment` bytes: the kernel cuts them where it can (UDP_SEGMENT), else they go one by one. */
  sendSegments(bytes: Buffer, segment: number, port: number, address: string, from?: string): void {
    const most = segment > largestSegment ? 1 : Math.min(mostSegments, Math.floor(largestSend / segment))
    for (let at = 0; at < bytes.length; at += most * segment) {
      const part = bytes.subarray(at, at + most * segment)
      if (part.length <= segment) {
        this.send(part, port, address, from)
        continue
      }
      const slot = this.#next(port, address)
      if (slot === undefined) return
      this.#keep(slot, part)
      this.#control(slot, segment, from)
    }
  }

  flush(): void {
    let at = 0
    while (at < this.#count) {
      const sent = this.#hand(at, this.#count - at)
      if (sent > 0) at += sent
      else if (!this.#overcome(errno(), at)) at++
    }
    this.#kept.fill(undefined, 0, this.#count)
    this.#count = 0
  }

  /** Gives the kernel so many messages; how many it took. One alone goes by the call that costs less. */
  #hand(slot: number, count: number): number {
    const header = this.#frames.header(slot)
    if (count > 1) return libc().sendmmsg(this.#fd, header, count, MSG_DONTWAIT)
    return libc().sendmsg(this.#fd, header, MSG_DONTWAIT) < 0 ? -1 : 1
  }

  /** After an error at a slot. False: that one is given up; whoever waits for it asks again. */
  #overcome(number: number, slot: number): boolean {
    if (number === EINTR) return true
    const segment = this.#segments[slot]!
    // A route with a small MTU, or a card that cannot do it: each datagram by itself still arrives.
    if (segment > 0 && (number === EIO || number === EINVAL || number === EMSGSIZE)) this.#sendApart(slot, segment)
    else this.#onError(number)
    return false
  }

  #sendApart(slot: number, segment: number): void {
    const { address, length } = this.#frames.target(slot)
    const name = this.#frames.name(slot)
    for (let at = 0; at < length; at += segment) {
      const size = Math.min(segment, length - at)
      const sent = libc().sendto(this.#fd, BigInt(address + at), size, MSG_DONTWAIT, name, name.length)
      if (sent < 0) return this.#onError(errno())
    }
  }

  #next(port: number, address: string): number | undefined {
    const host = addressNumber(address)
    if (host === undefined) return undefined
    if (this.#count === slots) this.flush()
    const slot = this.#count++
    this.#frames.setPeer(slot, host, port)
    return slot
  }

  #keep(slot: number, bytes: Buffer): void {
    this.#kept[slot] = bytes
    this.#frames.point(slot, memoryOf(bytes.buffer as ArrayBuffer) + bytes.byteOffset, bytes.length)
  }

  #control(slot: number, segment: number, from: string | undefined): void {
    this.#segments[slot] = segment
    const { controls } = this.#frames
    const start = this.#frames.controlAt(slot)
    let at = start
    if (segment > 0) at = writeControl(controls, at, 18, SOL_UDP, UDP_SEGMENT, segment)
    const source = from === undefined ? undefined : addressNumber(from)
    if (source !== undefined) {
      controls[at + 5] = swapped(source)
      controls.fill(0, at + 6, at + 8)
      at = writeControl(controls, at, 28, IPPROTO_IP, IP_PKTINFO, 0)
    }
    this.#frames.setControlLength(slot, (at - start) * 4)
  }
}

/** struct cmsghdr and the first word of its data. Returns where the next one stands: they are aligned to 8 bytes. */
function writeControl(
  words: Uint32Array,
  at: number,
  length: number,
  level: number,
  type: number,
  value: number,
): number {
  words[at] = length
  words[at + 1] = 0
  words[at + 2] = level
  words[at + 3] = type
  words[at + 4] = value
  return at + Math.ceil(length / 8) * 2
}

const memories = new WeakMap<ArrayBuffer, number>()

function memoryOf(memory: ArrayBuffer): number {
  const known = memories.get(memory)
  if (known !== undefined) return known
  const address = addressOf(memory)
  memories.set(memory, address)
  return address
}
