import { formatIpv4 } from '../net/ipv4.ts'

/** How one kind of option value stands in bytes, and how a person reads it. Sizes are checked before `decode`. */
export interface Codec<T> {
  fits(length: number): boolean
  decode(bytes: Buffer): T
  encode(value: T): Buffer
  show(value: T): string
  /** It is one unsigned number of so many bytes, and may be read without cutting it out. */
  readonly uint?: 1 | 2 | 4
}

export const u8: Codec<number> = {
  fits: (length) => length === 1,
  decode: (bytes) => bytes[0]!,
  encode: (value) => Buffer.from([value]),
  show: String,
  uint: 1,
}

export const u16: Codec<number> = {
  fits: (length) => length === 2,
  decode: (bytes) => bytes.readUInt16BE(),
  encode: (value) => Buffer.from([value >>> 8, value]),
  show: String,
  uint: 2,
}

export const u32: Codec<number> = {
  fits: (length) => length === 4,
  decode: (bytes) => bytes.readUInt32BE(),
  encode: (value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]),
  show: String,
  uint: 4,
}

export const seconds: Codec<number> = { ...u32, show: (value) => `${value} s` }

export const address: Codec<number> = { ...u32, show: formatIpv4 }

export const addresses: Codec<readonly number[]> = {
  fits: (length) => length > 0 && length % 4 === 0,
  decode: (bytes) => Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32BE(at * 4)),
  encode: (values) => Buffer.concat(values.map((value) => u32.encode(value))),
  show: (values) => values.map(formatIpv4).join(', '),
}

/** Text ends at a NUL: some ROMs send C strings, terminator and all. It is hostile until its reader has looked at it. */
export const text: Codec<string> = {
  fits: (length) => length > 0,
  decode: (bytes) => cString(bytes),
  encode: (value) => Buffer.from(value, 'latin1'),
  show: (value) => JSON.stringify(value),
}

/**
 * Text with a NUL that is counted, for boot server and boot file: ROMs of several vendors read these up to one, and take what follows for a part of
 * the name. RFC 2132 §2 says that senders SHOULD NOT, and that receivers MUST take it; every known netboot server writes it.
 */
export const terminatedText: Codec<string> = { ...text, encode: (value) => Buffer.from(`${value}\0`, 'latin1') }

export const opaque: Codec<Buffer> = {
  fits: () => true,
  decode: (bytes) => bytes,
  encode: (value) => value,
  show: (value) =>
    value.length > 48 ? `${value.toString('hex', 0, 48)}… (${value.length} bytes)` : value.toString('hex'),
}

/** RFC 3004 has a length byte before each class, iPXE has none. */
export const classes: Codec<Buffer> = {
  ...opaque,
  fits: (length) => length > 0,
  show: (value) => JSON.stringify(value.toString('latin1')),
}

/** RFC 2132 §9.14: a type byte and at least one more. */
export const clientId: Codec<Buffer> = { ...opaque, fits: (length) => length >= 2 }

/** Option 55. Unknown codes and 0 are passed over by whoever asks (EDK2 sends a byte of uninitialised memory in it). */
export const codes: Codec<Buffer> = {
  ...opaque,
  fits: (length) => length > 0,
  show: (value) => [...value].join(' '),
}

/** RFC 4578 §2.1: a list of 16-bit architectures. */
export const archList: Codec<readonly number[]> = {
  fits: (length) => length > 0 && length % 2 === 0,
  decode: (bytes) => Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readUInt16BE(at * 2)),
  encode: (values) => Buffer.concat(values.map((value) => u16.encode(value))),
  show: (values) => values.join(' '),
}

/** RFC 4578 §2.2: type 1 (UNDI), major, minor. */
export const undi: Codec<Buffer> = {
  ...opaque,
  fits: (length) => length === 3,
  show: (value) => `${value[0] === 1 ? 'UNDI' : `type ${value[0]}`} ${value[1]}.${value[2]}`,
}

/** RFC 4578 §2.3: type 0 and 16 bytes, in whatever byte order the firmware keeps them. */
export const machineId: Codec<Buffer> = { ...opaque, fits: (length) => length === 17 }

/** Code, length, value, again and again; 0 pads and 255 ends. Undefined when a length runs past the end. */
export const nested: Codec<ReadonlyMap<number, Buffer> | undefined> = {
  fits: (length) => length > 0,
  decode: (bytes) => readNested(bytes),
  encode: (values) =>
    Buffer.concat([...(values ?? [])].flatMap(([code, value]) => [Buffer.from([code, value.length]), value])),
  show: (values) =>
    values ? [...values].map(([code, value]) => `${code}=${value.toString('hex')}`).join(' ') : 'broken',
}

function readNested(bytes: Buffer): ReadonlyMap<number, Buffer> | undefined {
  const values = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at]!
    if (code === 255) break
    if (code === 0) at += 1
    else {
      const end = at + 2 + (bytes[at + 1] ?? 256)
      if (end > bytes.length) return undefined
      values.set(code, bytes.subarray(at + 2, end))
      at = end
    }
  }
  return values
}

/** The bytes up to the first NUL, as Latin-1: every byte stays one character, whatever was meant. */
export function cString(bytes: Buffer, from = 0, to: number = bytes.length): string {
  if (bytes[from] === 0) return ''
  const nul = bytes.indexOf(0, from)
  return bytes.toString('latin1', from, nul === -1 || nul > to ? to : nul)
}
