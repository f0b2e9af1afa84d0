import type { Options } from './options.ts'

const headerSize = 240
const relayAgent = 82
const overload = 52

/** Header fields that hold no name of their own, so options may stand in them. */
interface Spare {
  readonly file: boolean
  readonly sname: boolean
}

/** Writes options and END behind the header of `bytes`, within its length, and returns where the message ends. */
export function writeOptions(bytes: Buffer, options: Options, spare: Spare): number {
  return sizeOfAll(options) <= bytes.length ? writeAll(bytes, options) : writeTight(bytes, options, spare)
}

/** The length of a message with all of these options. */
export function sizeOfAll(options: Options): number {
  let size = headerSize + 1
  for (const entry of options) size += sizeOf(entry[1])
  return size
}

function writeAll(bytes: Buffer, options: Options): number {
  let at = headerSize
  for (const entry of options) if (entry[0] !== relayAgent) at = put(bytes, at, entry[0], entry[1])
  return end(bytes, at, options.get(relayAgent))
}

/** First fit in the order given: the message itself, then `file`, then `sname`; the rest is left out whole. */
function writeTight(bytes: Buffer, options: Options, spare: Spare): number {
  const relay = relayOf(options, bytes.length)
  const reserved = sizeOf(relay) + 3 + 1
  const areas = [
    { at: headerSize, to: bytes.length - reserved, flag: 0 },
    ...(spare.file ? [{ at: 108, to: 235, flag: 1 }] : []),
    ...(spare.sname ? [{ at: 44, to: 107, flag: 2 }] : []),
  ]
  let used = 0
  for (const [code, value] of options) {
    if (code === relayAgent || code === overload) continue
    const area = areas.find(({ at, to }) => at + sizeOf(value) <= to)
    if (!area) continue
    area.at = put(bytes, area.at, code, value)
    used |= area.flag
  }
  for (const { at, flag } of areas) if (flag & used) bytes[at] = 255
  const at = areas[0]!.at
  return end(bytes, used === 0 ? at : put(bytes, at, overload, Buffer.from([used])), relay)
}

/** RFC 3046 §2.2: what the relay added goes back unchanged, as the last option. */
function end(bytes: Buffer, at: number, echoed: Buffer | undefined): number {
  const last = echoed ? put(bytes, at, relayAgent, echoed) : at
  bytes[last] = 255
  return last + 1
}

/** Whole or not at all: what leaves no room for an answer is left out (RFC 3046 §2.2). */
function relayOf(options: Options, size: number): Buffer | undefined {
  const value = options.get(relayAgent)
  return sizeOf(value) + leastOptions <= size - headerSize ? value : undefined
}

/** Type, server, lease time, mask, overload and END. */
const leastOptions = 3 + 6 + 6 + 6 + 3 + 1

/** RFC 3396 §4: a value of more than 255 bytes stands as several options of the same code. */
function put(bytes: Buffer, at: number, code: number, value: Buffer): number {
  if (value.length <= 255) {
    bytes[at] = code
    bytes[at + 1] = value.length
    // Shorter than the call that would copy them.
    for (let done = 0; done < value.length; done++) bytes[at + 2 + done] = value[done]!
    return at + 2 + value.length
  }
  let done = 0
  let cursor = at
  do {
    const length = Math.min(255, value.length - done)
    bytes[cursor] = code
    bytes[cursor + 1] = length
    value.copy(bytes, cursor + 2, done, done + length)
    done += length
    cursor += 2 + length
  } while (done < value.length)
  return cursor
}

function sizeOf(value: Buffer | undefined): number {
  if (!value) return 0
  return value.length + (value.length <= 255 ? 2 : 2 * Math.ceil(value.length / 255))
}
