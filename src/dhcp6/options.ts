/** DHCPv6 option codes that Birnam reads or writes: RFC 8415 §21, and the others as noted. */
export const option6 = {
  clientId: 1,
  serverId: 2,
  iaNa: 3,
  iaAddress: 5,
  request: 6,
  preference: 7,
  relayMessage: 9,
  status: 13,
  userClass: 15,
  vendorClass: 16,
  interfaceId: 18,
  /** RFC 3646. */
  dns: 23,
  domain: 24,
  /** RFC 5970: network boot. */
  bootUrl: 59,
  arch: 61,
  /** RFC 6939. */
  linkLayer: 79,
} as const

/** RFC 8415 §21.13. */
export const status = {
  success: 0,
  noAddress: 2,
  noBinding: 3,
  notOnLink: 4,
  useMulticast: 5,
} as const

export interface Option6 {
  readonly code: number
  readonly value: Buffer
}

/** More than any client sends; a packet made of empty options costs no more than this. */
const manyOptions = 100

/** Options one behind the other. Undefined when one goes past the end, or there are far too many. */
export function readOptions(bytes: Buffer): readonly Option6[] | undefined {
  const found: Option6[] = []
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length || found.length === manyOptions) return undefined
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) return undefined
    found.push({ code: bytes.readUInt16BE(at), value: bytes.subarray(at + 4, end) })
    at = end
  }
  return found
}

export function find(options: readonly Option6[], code: number): Buffer | undefined {
  return options.find((each) => each.code === code)?.value
}

export function option(code: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  return Buffer.concat([u16(code), u16(value.length), value])
}

export function statusOption(code: number, text: string): Buffer {
  return option(option6.status, u16(code), Buffer.from(text))
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
