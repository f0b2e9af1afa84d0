import { dlopen, getInt32, getRawPointer } from 'node:ffi'

const c = dlopen('libc.so.6', {
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  setsockopt: { arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'], return: 'int32' },
  connect: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  send: { arguments: ['int32', 'pointer', 'uint32', 'int32'], return: 'int32' },
  sendto: { arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer', 'uint32'], return: 'int32' },
  recvfrom: { arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer', 'pointer'], return: 'int32' },
  recvmmsg: { arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer'], return: 'int32' },
  recvmsg: { arguments: ['int32', 'pointer', 'int32'], return: 'int32' },
  epoll_create1: { arguments: ['int32'], return: 'int32' },
  epoll_ctl: { arguments: ['int32', 'int32', 'int32', 'pointer'], return: 'int32' },
  epoll_wait: { arguments: ['int32', 'pointer', 'int32', 'int32'], return: 'int32' },
  __errno_location: { arguments: [], return: 'pointer' },
}).functions

/** Blocking, straight to the kernel: what a load client needs so that it is not what is measured. */
export const kernel = c

export function errnoOf(): number {
  return getInt32(c.__errno_location(), 0)
}

/** Memory that the kernel reads or writes; lives as long as the program. */
export interface Memory {
  readonly bytes: Buffer
  readonly at: bigint
}

export function memory(size: number): Memory {
  const bytes = Buffer.alloc(size)
  return { bytes, at: getRawPointer(bytes) }
}

/** A UDP socket that does not block, with room for a few windows. */
export function udpSocket(): number {
  const fd = c.socket(2, 2 | 0o4000, 0)
  if (fd < 0) throw new Error(`socket: errno ${errnoOf()}`)
  return fd
}

export function setReceiveBuffer(fd: number, size: number): void {
  option.bytes.writeInt32LE(size)
  c.setsockopt(fd, 1, 33, option.at, 4)
}

/** struct sockaddr_in. */
export function addressAt(place: Memory, address: string, port: number): void {
  place.bytes.writeUInt16LE(2, 0)
  place.bytes.writeUInt16BE(port, 2)
  for (const [n, part] of address.split('.').entries()) place.bytes[4 + n] = Number(part)
}

const option = memory(4)
const mostEvents = 256
const eventSize = 12

/** Which sockets have something to read. */
export class Epoll {
  readonly #fd = c.epoll_create1(0)
  readonly #event = memory(eventSize)
  readonly #events = memory(mostEvents * eventSize)

  add(fd: number): void {
    this.#event.bytes.writeUInt32LE(1, 0)
    this.#event.bytes.writeInt32LE(fd, 4)
    if (c.epoll_ctl(this.#fd, 1, fd, this.#event.at) < 0) throw new Error(`epoll_ctl: errno ${errnoOf()}`)
  }

  /** Waits at most so many milliseconds, then calls `each` for every socket that can be read. */
  wait(milliseconds: number, each: (fd: number) => void): void {
    const count = c.epoll_wait(this.#fd, this.#events.at, mostEvents, milliseconds)
    for (let n = 0; n < count; n++) each(this.#events.bytes.readInt32LE(n * eventSize + 4))
  }
}

/** Room for a window of datagrams, received in one call: their first four bytes apart, and what follows end to end. */
export class Inbox {
  readonly heads: Uint8Array
  readonly bodies: Buffer
  readonly #headers: Memory
  readonly #lengths: Uint32Array
  readonly #slots: number
  readonly #vectors: Memory

  /** `size`: bytes of a body. */
  constructor(slots: number, size: number) {
    const [heads, bodies, headers] = [memory(slots * 4), memory(slots * size), memory(slots * 64)] as const
    const vectors = memory(slots * 32)
    for (let n = 0; n < slots; n++) {
      headers.bytes.writeBigUInt64LE(vectors.at + BigInt(n * 32), n * 64 + 16)
      headers.bytes.writeUInt32LE(2, n * 64 + 24)
      vectors.bytes.writeBigUInt64LE(heads.at + BigInt(n * 4), n * 32)
      vectors.bytes.writeUInt32LE(4, n * 32 + 8)
      vectors.bytes.writeBigUInt64LE(bodies.at + BigInt(n * size), n * 32 + 16)
      vectors.bytes.writeUInt32LE(size, n * 32 + 24)
    }
    this.heads = heads.bytes
    this.bodies = bodies.bytes
    this.#headers = headers
    this.#lengths = new Uint32Array(headers.bytes.buffer, headers.bytes.byteOffset, slots * 16)
    this.#slots = slots
    this.#vectors = vectors
  }

  /** How many datagrams came; at most as many as there are slots. */
  receive(fd: number): number {
    if (this.#slots > 1) return c.recvmmsg(fd, this.#headers.at, this.#slots, 0x40, 0n)
    const length = c.recvmsg(fd, this.#headers.at, 0x40)
    if (length < 0) return 0
    this.#lengths[14] = length
    return 1
  }

  /** Bytes of a body. */
  lengthOf(slot: number): number {
    return this.#lengths[slot * 16 + 14]! - 4
  }

  get memory(): readonly Memory[] {
    return [this.#headers, this.#vectors]
  }
}
