import {
  address,
  addresses,
  archList,
  classes,
  clientId,
  codes,
  machineId,
  nested,
  opaque,
  seconds,
  terminatedText,
  text,
  u16,
  u32,
  u8,
  undi,
  type Codec,
} from './codec.ts'

export interface Option<T> {
  readonly code: number
  readonly name: string
  readonly codec: Codec<T>
  readonly rfc: string
  /** A wrong size makes the whole packet unbelievable, not just this option. */
  readonly strict?: true
}

/** DHCP options that Birnam reads, writes or names to people; the rest travel as bytes. RFC 2132 unless another is named. */
export const option = {
  subnetMask: { code: 1, name: 'subnet mask', codec: address, rfc: 'RFC 2132 §3.3' },
  routers: { code: 3, name: 'routers', codec: addresses, rfc: 'RFC 2132 §3.5' },
  dns: { code: 6, name: 'name servers', codec: addresses, rfc: 'RFC 2132 §3.8' },
  hostName: { code: 12, name: 'host name', codec: text, rfc: 'RFC 2132 §3.14' },
  bootFileSize: { code: 13, name: 'boot file size', codec: u16, rfc: 'RFC 2132 §3.15' },
  domain: { code: 15, name: 'domain', codec: text, rfc: 'RFC 2132 §3.17' },
  rootPath: { code: 17, name: 'root path', codec: text, rfc: 'RFC 2132 §3.19' },
  interfaceMtu: { code: 26, name: 'interface MTU', codec: u16, rfc: 'RFC 2132 §5.1' },
  broadcast: { code: 28, name: 'broadcast address', codec: address, rfc: 'RFC 2132 §5.3' },
  ntp: { code: 42, name: 'time servers', codec: addresses, rfc: 'RFC 2132 §8.3' },
  vendor: { code: 43, name: 'vendor options', codec: nested, rfc: 'RFC 2132 §8.4; PXE 2.1 §2.2' },
  requested: { code: 50, name: 'requested address', codec: address, rfc: 'RFC 2132 §9.1', strict: true },
  leaseTime: { code: 51, name: 'lease time', codec: seconds, rfc: 'RFC 2132 §9.2', strict: true },
  overload: { code: 52, name: 'overload', codec: u8, rfc: 'RFC 2132 §9.3' },
  messageType: { code: 53, name: 'message type', codec: u8, rfc: 'RFC 2132 §9.6', strict: true },
  serverId: { code: 54, name: 'server', codec: address, rfc: 'RFC 2132 §9.7', strict: true },
  parameters: { code: 55, name: 'asks for', codec: codes, rfc: 'RFC 2132 §9.8' },
  message: { code: 56, name: 'message', codec: text, rfc: 'RFC 2132 §9.9' },
  maxSize: { code: 57, name: 'longest message', codec: u16, rfc: 'RFC 2132 §9.10' },
  renewal: { code: 58, name: 'renew after', codec: seconds, rfc: 'RFC 2132 §9.11' },
  rebinding: { code: 59, name: 'rebind after', codec: seconds, rfc: 'RFC 2132 §9.12' },
  vendorClass: { code: 60, name: 'vendor class', codec: text, rfc: 'RFC 2132 §9.13' },
  clientId: { code: 61, name: 'client id', codec: clientId, rfc: 'RFC 2132 §9.14; RFC 6842' },
  serverName: { code: 66, name: 'boot server', codec: terminatedText, rfc: 'RFC 2132 §9.4' },
  bootFile: { code: 67, name: 'boot file', codec: terminatedText, rfc: 'RFC 2132 §9.5' },
  userClass: { code: 77, name: 'user class', codec: classes, rfc: 'RFC 3004' },
  fqdn: { code: 81, name: 'full name', codec: opaque, rfc: 'RFC 4702' },
  relayAgent: { code: 82, name: 'relay agent', codec: nested, rfc: 'RFC 3046' },
  arch: { code: 93, name: 'architecture', codec: archList, rfc: 'RFC 4578 §2.1' },
  undi: { code: 94, name: 'network interface', codec: undi, rfc: 'RFC 4578 §2.2' },
  machineId: { code: 97, name: 'machine id', codec: machineId, rfc: 'RFC 4578 §2.3' },
  captivePortal: { code: 114, name: 'captive portal', codec: text, rfc: 'RFC 8910' },
  subnetSelection: { code: 118, name: 'subnet selection', codec: address, rfc: 'RFC 3011' },
  search: { code: 119, name: 'search domains', codec: opaque, rfc: 'RFC 3397' },
  routes: { code: 121, name: 'static routes', codec: opaque, rfc: 'RFC 3442' },
  tftpServers: { code: 150, name: 'TFTP servers', codec: addresses, rfc: 'RFC 5859' },
  ipxe: { code: 175, name: 'iPXE', codec: nested, rfc: 'iPXE encapsulated options' },
  pxelinuxMagic: { code: 208, name: 'PXELINUX magic', codec: u32, rfc: 'RFC 5071 §3' },
  pxelinuxConfig: { code: 209, name: 'PXELINUX config', codec: text, rfc: 'RFC 5071 §4' },
  pxelinuxPrefix: { code: 210, name: 'PXELINUX prefix', codec: text, rfc: 'RFC 5071 §5' },
  pxelinuxReboot: { code: 211, name: 'PXELINUX reboot', codec: seconds, rfc: 'RFC 5071 §6' },
} as const satisfies Record<string, Option<unknown>>

/** RFC 2132 §9.6. Leasequery (10 and up) is not spoken here. */
export const messageTypes = {
  1: 'DISCOVER',
  2: 'OFFER',
  3: 'REQUEST',
  4: 'DECLINE',
  5: 'ACK',
  6: 'NAK',
  7: 'RELEASE',
  8: 'INFORM',
} as const

export type MessageType = keyof typeof messageTypes

/** A code and its value. */
export type Entry = readonly [number, Buffer]

/** Options in the order of the wire, each code once; values already joined (RFC 3396). */
export interface Options extends Iterable<Entry> {
  get(code: number): Buffer | undefined
  has(code: number): boolean
  /** The length of the value; undefined without the option. */
  lengthOf(code: number): number | undefined
  /** A value of exactly so many bytes, as one number. */
  uint(code: number, length: 1 | 2 | 4): number | undefined
}

/** Options that we wrote: few enough that looking along them is quicker than a Map. The list is not copied. */
export class OptionList implements Options {
  readonly #entries: readonly Entry[]

  constructor(entries: readonly Entry[]) {
    this.#entries = entries
  }

  get(code: number): Buffer | undefined {
    for (const entry of this.#entries) if (entry[0] === code) return entry[1]
    return undefined
  }

  has(code: number): boolean {
    return this.get(code) !== undefined
  }

  lengthOf(code: number): number | undefined {
    return this.get(code)?.length
  }

  uint(code: number, length: 1 | 2 | 4): number | undefined {
    const value = this.get(code)
    return value?.length === length ? value.readUIntBE(0, length) : undefined
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#entries[Symbol.iterator]()
  }
}

/** The value of an option, or undefined when it is absent or has a size that its RFC does not know. */
export function read<T>(options: Options, wanted: Option<T>): T | undefined {
  const { uint } = wanted.codec
  if (uint !== undefined) return options.uint(wanted.code, uint) as T | undefined
  const bytes = options.get(wanted.code)
  return bytes !== undefined && wanted.codec.fits(bytes.length) ? wanted.codec.decode(bytes) : undefined
}

/** Code and bytes. */
export function write<T>(wanted: Option<T>, value: T): Entry {
  return [wanted.code, wanted.codec.encode(value)]
}

const byCode: readonly (Option<unknown> | undefined)[] = tabulate()

/** The row of a code; undefined for codes that Birnam does not know. */
export function optionOf(code: number): Option<unknown> | undefined {
  return byCode[code]
}

/** Options whose wrong size spoils the message. */
export const strictOptions: readonly Option<unknown>[] = Object.values(option).filter(
  (row: Option<unknown>) => row.strict,
)

function tabulate(): (Option<unknown> | undefined)[] {
  const rows = Array.from<Option<unknown> | undefined>({ length: 256 })
  for (const row of Object.values(option)) rows[row.code] = row
  return rows
}
