import { archOf } from '../boot/arch.ts'
import type { Asker, Client } from '../boot/client.ts'
import { macFromBytes, type Mac } from '../net/mac.ts'
import type { RelayPort } from '../net/relay-port.ts'
import { option, read } from './options.ts'
import type { Packet } from './packet.ts'

/**
 * What a message says of its sender, as evidence for the heart. Every word of it can be forged.
 */
export function clientOf(packet: Packet, mac: Mac = macFromBytes(packet.chaddr)): Client {
  const client: Draft = { door: 'dhcp', asker: askerOf(packet), mac }
  const arch = readArch(packet)
  if (arch !== undefined) client.arch = arch
  const uuid = readUuid(packet)
  if (uuid !== undefined) client.uuid = uuid
  const relay = readRelay(packet)
  if (relay) client.relay = relay
  return client
}

type Draft = { -readonly [Field in keyof Client]: Client[Field] }

/** `PXEClient` and `HTTPClient` are exact prefixes, in this letter case (PXE 2.1 §2.2, UEFI 2.10 §24.7). */
export function classOf(packet: Packet): 'PXEClient' | 'HTTPClient' | undefined {
  const bytes = packet.options.get(60)
  if (!bytes) return undefined
  if (startsWith(bytes, 'PXEClient')) return 'PXEClient'
  return startsWith(bytes, 'HTTPClient') ? 'HTTPClient' : undefined
}

function startsWith(bytes: Buffer, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[at] !== text.charCodeAt(at)) return false
  return true
}

/**
 * gPXE calls itself `gPXE`: it cannot run an iPXE script, so it counts as any other ROM. So does an iPXE that was built without HTTP, and
 * cannot fetch its script: VirtualBox has such a ROM.
 */
function askerOf(packet: Packet): Asker {
  if (isIpxe(packet.options.get(77)) && mayFetchByHttp(packet.options.get(175))) return 'ipxe'
  return classOf(packet) !== undefined || packet.options.has(93) ? 'firmware' : 'os'
}

/** iPXE writes its user class as bare text; RFC 3004 puts a length byte before each class. */
function isIpxe(userClass: Buffer | undefined): boolean {
  if (!userClass || userClass.length < 4) return false
  if (userClass.length === 4) return userClass.toString('latin1') === 'iPXE'
  for (let at = 0; at < userClass.length; at += 1 + userClass[at]!) {
    if (userClass[at] === 4 && userClass.toString('latin1', at + 1, at + 5) === 'iPXE') return true
  }
  return false
}

/** iPXE tells its features as sub-options of 175 (its src/include/ipxe/features.h): 19 is HTTP. One that tells none is taken for whole. */
function mayFetchByHttp(features: Buffer | undefined): boolean {
  if (!features || features.length === 0) return true
  for (let at = 0; at + 1 < features.length; at += 2 + features[at + 1]!) {
    if (features[at] === 255) break
    if (features[at] === 19) return features[at + 2] !== 0
  }
  return false
}

/** RFC 4578 §2.1 allows a list: the first that we know, or else the first. */
function readArch(packet: Packet): number | undefined {
  const only = packet.options.uint(93, 2)
  if (only !== undefined) return only
  const listed = read(packet.options, option.arch)
  return listed?.find((code) => archOf(code) !== undefined) ?? listed?.[0]
}

/** RFC 3046 §2.0: sub-option 1 is the circuit, 2 the remote end. Switches add it too, without being relays. */
function readRelay({ options }: Packet): RelayPort | undefined {
  if (!options.has(82)) return undefined
  const agent = read(options, option.relayAgent)
  const [circuit, remote] = [agent?.get(1), agent?.get(2)]
  if (!circuit?.length && !remote?.length) return undefined
  return {
    ...(circuit?.length && { circuit: circuit.toString('hex') }),
    ...(remote?.length && { remote: remote.toString('hex') }),
  }
}

/** In the byte order of the wire, as PXELINUX writes it. All zeros or all ones are what boards without an identity send. */
function readUuid(packet: Packet): string | undefined {
  const id = packet.options.get(97)
  if (id?.length !== 17 || id[0] !== 0) return undefined
  const first = id[1]!
  if ((first === 0 || first === 255) && id.subarray(1).every((byte) => byte === first)) return undefined
  const hex = id.toString('hex', 1)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
