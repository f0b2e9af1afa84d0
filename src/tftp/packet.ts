/** TFTP on the wire: RFC 1350 §5, RFC 2347. */
export const opcodes = { read: 1, write: 2, data: 3, ack: 4, error: 5, oack: 6 } as const

/** RFC 1350 appendix I; 8 is RFC 2347's. */
export const errors = {
  undefined: 0,
  notFound: 1,
  access: 2,
  illegal: 4,
  unknownTransfer: 5,
  options: 8,
} as const

export interface ReadRequest {
  readonly name: string
  readonly mode: 'octet' | 'netascii'
  /** Option names in lower case, first value of each; the order of the request. */
  readonly options: ReadonlyMap<string, string>
}

export type Request =
  | { readonly kind: 'read'; readonly read: ReadRequest }
  | { readonly kind: 'refused'; readonly code: number; readonly why: string }

export type Reply =
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }

/** A request that arrived at the listening port; undefined for what is no request and gets no answer. */
export function decodeRequest(bytes: Uint8Array): Request | undefined {
  if (bytes.length < 4 || bytes[0] !== 0) return undefined
  if (bytes[1] === opcodes.write) return refused(errors.access, 'this server takes no uploads')
  if (bytes[1] !== opcodes.read) return undefined
  if (bytes.length > longest) return refused(errors.illegal, 'the request is too long')
  const [said, mode, ...options] = strings(bytes)
  if (said === undefined || mode === undefined) return refused(errors.illegal, 'the request has no end')
  // ROMs that read DHCP option 67 up to a NUL have the next option behind the name: what no name can hold ends it.
  const [name = ''] = said.split(endsName, 1)
  if (name === '' || unsayable.test(name)) return refused(errors.illegal, 'that is not a file name')
  const known = mode.toLowerCase()
  if (known !== 'octet' && known !== 'netascii') return refused(errors.illegal, 'the mode must be octet or netascii')
  return { kind: 'read', read: { name, mode: known, options: pairs(options) } }
}

/** Whether it is meant for a transfer, where requests arrive at the same port. */
export function isReply(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && (bytes[1] === opcodes.ack || bytes[1] === opcodes.error)
}

/** An ACK or an ERROR; undefined for anything else at a transfer's port. */
export function decodeReply(bytes: Uint8Array): Reply | undefined {
  if (bytes.length < 4 || bytes[0] !== 0) return undefined
  const value = bytes[2]! * 256 + bytes[3]!
  if (bytes[1] === opcodes.ack) return { kind: 'ack', block: value }
  if (bytes[1] !== opcodes.error) return undefined
  const [message = ''] = text(bytes.subarray(4, 204)).split('\0')
  return { kind: 'error', code: value, message: message.replaceAll(everyUnsayable, '?') }
}

export function encodeError(code: number, message: string): Buffer {
  const line = Buffer.from(`${message.slice(0, 400).replaceAll(everyUnsayable, ' ')}\0`)
  return Buffer.concat([Buffer.from([0, opcodes.error, 0, code]), line])
}

export function encodeOack(options: readonly (readonly [string, string])[]): Buffer {
  const words = options.map(([name, value]) => `${name}\0${value}\0`).join('')
  return Buffer.concat([Buffer.from([0, opcodes.oack]), Buffer.from(words)])
}

// RFC 2347 says 512; some firmware pads its request to the size of the frame.
const longest = 1500
const mostOptions = 16
// Controls, marks that turn the direction of writing, line separators; and what a decoder puts where bytes are not UTF-8.
const everyUnsayable = /[\p{C}\p{Zl}\p{Zp}\ufffd]/gu
const unsayable = new RegExp(everyUnsayable, 'u')
/** Codes of DHCP options, and bytes that are no letters. */
const endsName = /[\0-\x1f\ufffd]/

/** The zero-terminated strings after the opcode; what comes after the last zero is padding. */
function strings(bytes: Uint8Array): string[] {
  const found: string[] = []
  for (let from = 2, end = bytes.indexOf(0, from); end >= 0; from = end + 1, end = bytes.indexOf(0, from)) {
    found.push(text(bytes.subarray(from, end)))
    if (found.length >= 2 + 2 * mostOptions) break
  }
  return found
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

function pairs(words: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (let at = 0; at + 1 < words.length; at += 2) {
    const name = words[at]!.toLowerCase()
    if (!options.has(name)) options.set(name, words[at + 1]!)
  }
  return options
}

function refused(code: number, why: string): Request {
  return { kind: 'refused', code, why }
}
