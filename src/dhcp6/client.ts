import { archOf } from '../boot/arch.ts'
import type { Asker, Client } from '../boot/client.ts'
import { macOfEui64 } from '../net/ipv6.ts'
import { macFromBytes, type Mac } from '../net/mac.ts'
import { find, option6 } from './options.ts'
import type { Packet6 } from './packet.ts'

const ethernet = 1

/**
 * What a message says of its sender, as evidence for the heart. Every word of it can be forged. `source` is the address that it came from, that of
 * the client where no relay stands between.
 */
export function clientOf6(packet: Packet6, source: bigint | undefined): Client {
  const duid = find(packet.options, option6.clientId)
  const mac = macOf(packet, source, duid)
  const arch = archOfPacket(packet)
  const uuid = duid && uuidOf(duid)
  return {
    door: 'dhcp',
    asker: askerOf(packet),
    ...(mac && { mac }),
    ...(arch !== undefined && { arch }),
    ...(uuid !== undefined && { uuid }),
  }
}

/** The relay saw the card itself; a link-local address is made of the card that speaks; a DUID may be of another card of that machine. */
function macOf({ relays }: Packet6, source: bigint | undefined, duid: Buffer | undefined): Mac | undefined {
  const nearest = relays.at(-1)
  const seen = nearest && find(nearest.options, option6.linkLayer)
  const told = seen?.length === 8 && seen.readUInt16BE(0) === ethernet ? cardOf(seen, 2) : undefined
  const address = nearest?.peer ?? source
  return told ?? (address === undefined ? undefined : macOfEui64(address)) ?? (duid && cardOfDuid(duid))
}

/** RFC 8415 §11.2 and §11.4: DUID-LLT and DUID-LL end with the hardware address. */
function cardOfDuid(duid: Buffer): Mac | undefined {
  if (duid.length < 4 || duid.readUInt16BE(2) !== ethernet) return undefined
  const type = duid.readUInt16BE(0)
  if (type === 1 && duid.length === 14) return cardOf(duid, 8)
  return type === 3 && duid.length === 10 ? cardOf(duid, 4) : undefined
}

/** Neither zero nor a group address. */
function cardOf(bytes: Buffer, at: number): Mac | undefined {
  return (bytes[at]! & 1) === 0 && bytes.readUIntBE(at, 6) !== 0 ? macFromBytes(bytes, at) : undefined
}

/** RFC 6355; iPXE names itself so. All zeros or all ones are what boards without an identity have. */
function uuidOf(duid: Buffer): string | undefined {
  if (duid.length !== 18 || duid.readUInt16BE(0) !== 4) return undefined
  const hex = duid.toString('hex', 2)
  if (/^(?:0+|f+)$/.test(hex)) return undefined
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** RFC 5970 §3.3 allows a list: the first that we know, or else the first. */
function archOfPacket({ options }: Packet6): number | undefined {
  const value = find(options, option6.arch)
  if (!value || value.length < 2 || value.length % 2 !== 0) return undefined
  const listed = Array.from({ length: value.length / 2 }, (_, at) => value.readUInt16BE(at * 2))
  return listed.find((code) => archOf(code) !== undefined) ?? listed[0]
}

function askerOf(packet: Packet6): Asker {
  if (chunks(find(packet.options, option6.userClass)).some((each) => each.toString('latin1') === 'iPXE')) return 'ipxe'
  return classOf6(packet) !== undefined || find(packet.options, option6.arch) ? 'firmware' : 'os'
}

/** RFC 8415 §21.16: an enterprise number, then classes with their lengths; UEFI writes the class of DHCPv4. */
export function classOf6({ options }: Packet6): 'PXEClient' | 'HTTPClient' | undefined {
  const value = find(options, option6.vendorClass)
  if (!value || value.length < 4) return undefined
  const names = chunks(value.subarray(4)).map((each) => each.toString('latin1'))
  return (['PXEClient', 'HTTPClient'] as const).find((name) => names.some((each) => each.startsWith(name)))
}

/** Data with two bytes of length each; what does not fit is left out. */
function chunks(bytes: Buffer = Buffer.alloc(0)): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const end = at + 2 + bytes.readUInt16BE(at)
    if (end > bytes.length) break
    found.push(bytes.subarray(at + 2, end))
    at = end
  }
  return found
}
