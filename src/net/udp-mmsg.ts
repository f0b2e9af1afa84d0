import { addressOf, errno, libc } from './libc.ts'
import { formatIpv4, readIpv4 } from './ipv4.ts'

/** struct mmsghdr, struct iovec, struct sockaddr_in and a control message with one u16, as 64-bit Linux lays them out. */
const headerSize = 64
const vectorSize = 16
const nameSize = 16
const controlSize = 24
const slots = 64
const slotBytes = 2048
const MSG_DONTWAIT = 0x40
const SOL_UDP = 17
const UDP_SEGMENT = 103
const AF_INET = 2

/** Everything the kernel reads or writes lies in one memory that lives as long as its owner, so no address goes stale. */
class Frames {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(slots * slotBytes)
  readonly headers: Buffer = Buffer.alloc(slots * headerSize)
  readonly names: Buffer = Buffer.alloc(slots * nameSize)
  readonly base: number = addressOf(this.bytes)
  readonly #vectors = Buffer.alloc(slots * vectorSize)
  readonly #controls = Buffer.alloc(slots * controlSize)
  readonly #controlBase = addressOf(this.#controls)

  constructor() {
    const names = addressOf(this.names)
    const vectors = addressOf(this.#vectors)
    for (let slot = 0; slot < slots; slot++) {
      const at = slot * headerSize
      writePointer(this.headers, at, names + slot * nameSize)
      this.headers.writeUInt32LE(nameSize, at + 8)
      writePointer(this.headers, at + 16, vectors + slot * vectorSize)
      this.headers.writeUInt32LE(1, at + 24)
      this.names.writeUInt16LE(AF_INET, slot * nameSize)
      this.point(slot, this.base + slot * slotBytes, slotBytes)
      this.#controls.writeUInt32LE(18, slot * controlSize)
      this.#controls.writeInt32LE(SOL_UDP, slot * controlSize + 8)
      this.#controls.writeInt32LE(UDP_SEGMENT, slot * controlSize + 12)
    }
  }

  point(slot: number, address: number, length: number): void {
    writePointer(this.#vectors, slot * vectorSize, address)
    this.#vectors.writeUInt32LE(length, slot * vectorSize + 8)
  }

  /** 0: one datagram. Otherwise the kernel cuts the bytes into datagrams of that size. */
  segment(slot: number, size: number): void {
    const at = slot * headerSize
    writePointer(this.headers, at + 32, size === 0 ? 0 : this.#controlBase + slot * controlSize)
    this.headers.writeUInt32LE(size === 0 ? 0 : controlSize, at + 40)
    if (size !== 0) this.#controls.writeUInt16LE(size, slot * controlSize + 16)
  }
}

/** Receives all that waits, 64 datagrams a call, into memory that is used again. */
export class Receiver {
  readonly #frames = new Frames()

  /** Calls `each` for every datagram; true when more may wait. Datagrams over 2 KiB are cut, which no protocol here needs. */
  receive(fd: number, each: (bytes: Buffer, address: string, port: number) => void): boolean {
    const { headers, names, bytes } = this.#frames
    const count = libc().recvmmsg(fd, headers, slots, MSG_DONTWAIT, 0n)
    for (let slot = 0; slot < count; slot++) {
      const length = headers.readUInt32LE(slot * headerSize + 56)
      const name = slot * nameSize
      const at = slot * slotBytes
      each(bytes.subarray(at, at + length), addressText(names.readUInt32BE(name + 4)), names.readUInt16BE(name + 2))
    }
    return count === slots
  }
}

/** Collects datagrams and hands them to the kernel in one call. */
export class Sender {
  readonly #frames = new Frames()
  readonly #onError: (errno: number) => void
  /** What the kernel will read and is not ours; kept until it was read. */
  #kept: Buffer[] = []
  #count = 0
  #segments = true

  constructor(onError: (errno: number) => void) {
    this.#onError = onError
  }

  get waiting(): number {
    return this.#count
  }

  send(fd: number, bytes: Buffer, port: number, address: string): void {
    const slot = this.#next(fd, port, address)
    if (slot === undefined) return
    if (bytes.length <= slotBytes) {
      this.#frames.bytes.set(bytes, slot * slotBytes)
      this.#frames.point(slot, this.#frames.base + slot * slotBytes, bytes.length)
    } else this.#keep(slot, bytes)
    this.#frames.segment(slot, 0)
  }

  /** Bytes as datagrams of `segment` bytes: the kernel cuts them where it can (UDP_SEGMENT), else they go one by one. */
  sendSegments(fd: number, bytes: Buffer, segment: number, port: number, address: string): void {
    const most =
      segment > largestSegment || !this.#segments ? 1 : Math.min(mostSegments, Math.floor(largestSend / segment))
    for (let at = 0; at < bytes.length; at += most * segment) {
      const part = bytes.subarray(at, at + most * segment)
      if (part.length <= segment) {
        this.send(fd, part, port, address)
        continue
      }
      const slot = this.#next(fd, port, address)
      if (slot === undefined) return
      this.#keep(slot, part)
      this.#frames.segment(slot, segment)
    }
  }

  flush(fd: number): void {
    let from = 0
    while (from < this.#count) {
      const sent = libc().sendmmsg(
        fd,
        this.#frames.headers.subarray(from * headerSize),
        this.#count - from,
        MSG_DONTWAIT,
      )
      if (sent > 0) {
        from += sent
        continue
      }
      const number = errno()
      if (number === EINTR) continue
      // This one cannot be sent; its client asks again. The others can.
      if ((number === EIO || number === EINVAL) && this.#segments) this.#segments = false
      this.#onError(number)
      from++
    }
    this.#count = 0
    this.#kept = []
  }

  #next(fd: number, port: number, address: string): number | undefined {
    const host = addressNumber(address)
    if (host === undefined) return undefined
    if (this.#count === slots) this.flush(fd)
    const slot = this.#count++
    this.#frames.names.writeUInt16BE(port, slot * nameSize + 2)
    this.#frames.names.writeUInt32BE(host, slot * nameSize + 4)
    return slot
  }

  #keep(slot: number, bytes: Buffer): void {
    this.#kept.push(bytes)
    this.#frames.point(slot, memoryOf(bytes.buffer as ArrayBuffer) + bytes.byteOffset, bytes.length)
  }
}

const EINTR = 4
const EIO = 5
const EINVAL = 22
/** Ethernet's 1500 less IP and UDP headers: a segment may not be cut again on its way (udp(7)). */
const largestSegment = 1472
/** UDP_MAX_SEGMENTS, and the largest UDP payload. */
const mostSegments = 64
const largestSend = 65_507

const memories = new WeakMap<ArrayBuffer, number>()

function memoryOf(memory: ArrayBuffer): number {
  const known = memories.get(memory)
  if (known !== undefined) return known
  const address = addressOf(memory)
  memories.set(memory, address)
  return address
}

const texts = new Map<number, string>()
const numbers = new Map<string, number>()
const rememberedAddresses = 20_000

function addressText(value: number): string {
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = formatIpv4(value)
  if (texts.size >= rememberedAddresses) texts.clear()
  texts.set(value, text)
  return text
}

function addressNumber(text: string): number | undefined {
  const known = numbers.get(text)
  if (known !== undefined) return known
  const value = readIpv4(text)
  if (value === undefined) return undefined
  if (numbers.size >= rememberedAddresses) numbers.clear()
  numbers.set(text, value)
  return value
}

function writePointer(bytes: Buffer, at: number, address: number): void {
  bytes.writeUInt32LE(address % 2 ** 32, at)
  bytes.writeUInt32LE(Math.floor(address / 2 ** 32), at + 4)
}
