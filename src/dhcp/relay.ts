import { option, read } from './options.ts'
import type { Packet } from './packet.ts'

/** The subnet that a message is about, as the address of a relay on it or as its own; undefined: the link that it came in on. */
export function selectedLink(packet: Packet): number | undefined {
  const { giaddr } = packet
  return told(packet, subOption.link) ?? subnetSelection(packet) ?? (giaddr === 0 ? undefined : giaddr)
}

/** RFC 5107 §4: how the relay wants us to be called, so that renewals pass it, too. */
export function overriddenServer(packet: Packet): number | undefined {
  return told(packet, subOption.server)
}

/** RFC 3527 §3 and RFC 5107 §2. */
const subOption = { link: 5, server: 11 } as const

/** An address out of the relay's option. Only a relay says so: a switch that marks its ports leaves `giaddr` empty. */
function told({ giaddr, options }: Packet, code: number): number | undefined {
  if (giaddr === 0 || !options.has(option.relayAgent.code)) return undefined
  const value = read(options, option.relayAgent)?.get(code)
  return value?.length === 4 ? value.readUInt32BE() || undefined : undefined
}

/** RFC 3011 §2 */
function subnetSelection({ options }: Packet): number | undefined {
  return read(options, option.subnetSelection) || undefined
}
