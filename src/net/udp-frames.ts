import { addressOf } from './libc.ts'

/** struct mmsghdr, struct iovec and struct sockaddr_in, as 64-bit Linux lays them out; in bytes. */
const headerSize = 64
const vectorSize = 16
const nameSize = 16
const AF_INET = 2

/** Messages in one system call. */
export const slots = 64
/** Bytes of a slot: an Ethernet frame and some. */
export const slotBytes = 2048
const controlBytes = 64

/**
 * What recvmmsg and sendmmsg read and write: `slots` headers, each with an address, one piece of memory and room for control messages. All of
 * it lies in memory that lives as long as its owner, so no address goes stale; views of 32 bits are what V8 is quick with.
 */
export class Frames {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(slots * slotBytes)
  readonly controls: Uint32Array = new Uint32Array((slots * controlBytes) / 4)
  readonly #headers = new Uint32Array((slots * headerSize) / 4)
  readonly #names = new Uint8Array(slots * nameSize)
  readonly #vectors = new Uint32Array((slots * vectorSize) / 4)
  readonly #base = addressOf(this.bytes)
  readonly #pointers: readonly bigint[]
  /** Slots that point elsewhere than to their own bytes. */
  readonly #elsewhere = new Uint8Array(slots)

  constructor() {
    const names = addressOf(this.#names)
    const vectors = addressOf(this.#vectors)
    const controls = addressOf(this.controls)
    const headers = addressOf(this.#headers)
    this.#pointers = Array.from({ length: slots }, (_, slot) => BigInt(headers + slot * headerSize))
    for (let slot = 0; slot < slots; slot++) {
      const at = (slot * headerSize) / 4
      writePointer(this.#headers, at, names + slot * nameSize)
      this.#headers[at + 2] = nameSize
      writePointer(this.#headers, at + 4, vectors + slot * vectorSize)
      this.#headers[at + 6] = 1
      writePointer(this.#headers, at + 8, controls + slot * controlBytes)
      this.#names[slot * nameSize] = AF_INET
      this.point(slot, this.#base + slot * slotBytes, slotBytes)
    }
  }

  /** The message is `length` bytes at an address. */
  point(slot: number, address: number, length: number): void {
    writePointer(this.#vectors, slot * 4, address)
    this.#vectors[slot * 4 + 2] = length
    this.#elsewhere[slot] = 1
  }

  /** The message is the first `length` bytes of the slot's own memory. */
  pointHome(slot: number, length: number): void {
    if (this.#elsewhere[slot] === 1) {
      writePointer(this.#vectors, slot * 4, this.#base + slot * slotBytes)
      this.#elsewhere[slot] = 0
    }
    this.#vectors[slot * 4 + 2] = length
  }

  /** Where the message lies, and its length. */
  target(slot: number): { readonly address: number; readonly length: number } {
    const [low = 0, high = 0, length = 0] = this.#vectors.subarray(slot * 4, slot * 4 + 3)
    return { address: low + high * 2 ** 32, length }
  }

  setControlLength(slot: number, length: number): void {
    this.#headers[(slot * headerSize) / 4 + 10] = length
  }

  /** Of a message that recvmmsg received. */
  length(slot: number): number {
    return this.#headers[(slot * headerSize) / 4 + 14]!
  }

  setPeer(slot: number, address: number, port: number): void {
    const names = this.#names
    const at = slot * nameSize
    names[at + 2] = port >>> 8
    names[at + 3] = port
    names[at + 4] = address >>> 24
    names[at + 5] = address >>> 16
    names[at + 6] = address >>> 8
    names[at + 7] = address
  }

  peerPort(slot: number): number {
    const at = slot * nameSize
    return this.#names[at + 2]! * 256 + this.#names[at + 3]!
  }

  peerAddress(slot: number): number {
    const at = slot * nameSize
    return this.#names[at + 4]! * 0x1000000 + this.#names[at + 5]! * 0x10000 + this.#peerLow(at)
  }

  /** struct sockaddr_in of the slot. */
  name(slot: number): Uint8Array {
    return this.#names.subarray(slot * nameSize, (slot + 1) * nameSize)
  }

  /** The address of a slot's header, and of those after it. */
  header(slot: number): bigint {
    return this.#pointers[slot]!
  }

  /** The first word of the slot's room for control messages. */
  controlAt(slot: number): number {
    return (slot * controlBytes) / 4
  }

  #peerLow(at: number): number {
    return this.#names[at + 6]! * 0x100 + this.#names[at + 7]!
  }
}

function writePointer(words: Uint32Array, at: number, address: number): void {
  words[at] = address % 2 ** 32
  words[at + 1] = Math.floor(address / 2 ** 32)
}
