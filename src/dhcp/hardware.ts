import { macOfGuid } from '../net/infiniband.ts'
import { macFromBytes, type Mac } from '../net/mac.ts'
import type { Packet } from './packet.ts'

const ethernet = 1
const infiniband = 32

/** Whose message it is: an Ethernet card that is neither zero nor a group address, or an InfiniBand card. Nothing else can own a lease here. */
export function hardwareAddress(packet: Pick<Packet, 'htype' | 'hlen' | 'chaddr' | 'options'>): Mac | undefined {
  if (isInfiniband(packet)) return cardOfClientId(packet)
  const { htype, hlen, chaddr } = packet
  if (htype !== ethernet || hlen !== 6) return undefined
  return (chaddr[0]! & 1) === 0 && chaddr.readUIntBE(0, 6) !== 0 ? macFromBytes(chaddr) : undefined
}

/** RFC 4390 §2.1: such a card leaves `chaddr` empty, and its client id tells who it is. */
export function isInfiniband({ htype, hlen }: Pick<Packet, 'htype' | 'hlen'>): boolean {
  return htype === infiniband && hlen === 0
}

/** Whatever form the client id has (RFC 4361, or a type and the hardware address), it ends with the GUID of the port. */
function cardOfClientId({ options }: Pick<Packet, 'options'>): Mac | undefined {
  const id = options.get(61)
  return id && id.length > 8 ? macOfGuid(id.subarray(-8)) : undefined
}
