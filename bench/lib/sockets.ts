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

/** Room for a window of datagrams, received in one call. */
export class Inbox {
  readonly bytes: Buffer
  readonly #headers: Memory
  readonly #slot: number
  readonly #slots: number
  readonly #keep: readonly Memory[]

  constructor(slots: number, slot: number) {
    const [data, headers, vectors] = [memory(slots * slot), memory(slots * 64), memory(slots * 16)] as const
    for (let n = 0; n < slots; n++) {
      headers.bytes.writeBigUInt64LE(vectors.at + BigInt(n * 16), n * 64 + 16)
      headers.bytes.writeUInt32LE(1, n * 64 + 24)
      vectors.bytes.writeBigUInt64LE(data.at + BigInt(n * slot), n * 16)
      vectors.bytes.writeUInt32LE(slot, n * 16 + 8)
    }
    this.bytes = data.bytes
    this.#headers = headers
    this.#slot = slot
    this.#slots = slots
    this.#keep = [data, headers, vectors]
  }

  /** How many datagrams came; at most as many as there are slots. */
  receive(fd: number): number {
    return c.recvmmsg(fd, this.#headers.at, this.#slots, 0x40, 0n)
  }

  get size(): number {
    return this.#keep.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  startOf(slot: number): number {
    return slot * this.#slot
  }

  lengthOf(slot: number): number {
    return this.#headers.bytes.readUInt32LE(slot * 64 + 56)
  }
}
