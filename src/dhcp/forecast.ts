import { archOf } from '../boot/arch.ts'
import type { Asker, Client } from '../boot/client.ts'
import type { DhcpSettings } from '../config/site.ts'
import { parseIpv4, type Ipv4 } from '../net/ipv4.ts'
import type { RelayPort } from '../net/relay-port.ts'
import { Desk, replyTo, type Decision, type DeskParts, type Way } from './desk.ts'
import { option, OptionList, write, type Entry } from './options.ts'
import { decodePacket, encodePacket, type Packet } from './packet.ts'
import { bootServerPort } from './proxy.ts'
import { readRequest, type DropReason } from './request.ts'
import { roomFor, routeOf, type Destination } from './route.ts'
import { summary } from './summary.ts'

/** What would happen if this client asked now. */
export interface Forecast {
  readonly interface?: string
  /** As the client will read it: what does not fit is already left out. */
  readonly packet?: Packet
  readonly to?: Destination
  /** A proxy's answer at port 4011, when the first one names no file. */
  readonly second?: Packet
  /** Why nothing is sent. */
  readonly why?: string
  /** The reply, or the reason, for people. */
  readonly lines: readonly string[]
}

export interface ForecastParts extends DeskParts {
  readonly settings: DhcpSettings
  readonly now: number
  /** Where the client is; without it, the first interface that has something to say. */
  readonly interface?: string
  /** The relay that it asks through; without it, on our own link, or where its reservation is. */
  readonly relay?: Ipv4
  /** Our address as somebody behind that address reaches it. */
  readonly reach?: (client: Ipv4) => Ipv4
}

/** The answer to this client's DISCOVER, by the functions that serve; nothing is promised and nothing is kept. */
export function forecast(client: Client, parts: ForecastParts): Forecast {
  const { settings, now } = parts
  const desk = new Desk(settings, parts, now)
  const names = parts.interface === undefined ? settings.interfaces : [parts.interface]
  const way = parts.relay === undefined ? wayOf(desk, client, names, parts) : { relay: parts.relay }
  if (way && 'relay' in way) return behindRelay(desk, client, way.relay, { ...parts, names })
  const all = [...(way ? [way.interface] : []), ...names].map((name) => forecastOn(desk, client, name, now))
  return all.find(({ packet }) => packet) ?? all[0] ?? nothing('DHCP listens on no interface')
}

/** By its reservation. */
function wayOf(
  desk: Desk,
  client: Client,
  names: readonly string[],
  { settings, advisor, serverAddressFor, now }: ForecastParts,
): Way | undefined {
  const own = names.map((name) => serverAddressFor(name)).find((address) => address !== undefined)
  if (settings.mode !== 'server' || own === undefined) return undefined
  const { address } = advisor.advise(client, own)
  return address === undefined ? undefined : desk.wayOf(address, names, now)
}

/** On the interface by which the relay reaches us. */
function behindRelay(
  desk: Desk,
  client: Client,
  relay: Ipv4,
  { names, now, reach, serverAddressFor }: ForecastParts & { readonly names: readonly string[] },
): Forecast {
  const own = reach?.(relay)
  const near = names.filter((name) => serverAddressFor(name) === own)
  const all = [...near, ...names].map((name) => forecastOn(desk, client, name, now, relay))
  const told = all.find(({ packet }) => packet) ?? all[0] ?? nothing('DHCP listens on no interface')
  return { ...told, lines: [`through a relay at ${relay}:`, ...told.lines] }
}

/** The same on a desk that is in use, with its offers. */
export function forecastOn(desk: Desk, client: Client, interfaceName: string, now: number, relay?: Ipv4): Forecast {
  const sent = discoverOf(client)
  if (!sent) return nothing('DHCP needs the hardware address of the client')
  const discover = relay === undefined ? sent : { ...sent, giaddr: parseIpv4(relay), hops: 1 }
  const request = readRequest(discover)
  const decision = typeof request === 'string' ? request : desk.decide(request, interfaceName, now)
  if (typeof decision === 'string') return nothing(dropText(decision, interfaceName))
  const reply = replyTo(decision)
  if (!reply) return nothing(silenceText(decision))
  const packet = asRead(reply, discover)
  const second = desk.isProxy && packet.file === '' ? secondAnswer(desk, discover, interfaceName, now) : undefined
  const lines = second ? [...summary(packet), 'then, asked at port 4011:', ...summary(second)] : summary(packet)
  return { interface: interfaceName, packet, to: routeOf(packet), ...(second && { second }), lines }
}

/** With an address from elsewhere it comes for its file: what it then gets from a proxy. */
function secondAnswer(desk: Desk, discover: Packet, interfaceName: string, now: number): Packet | undefined {
  const others = [...discover.options].filter(([code]) => code !== option.messageType.code)
  const asked = { ...discover, options: new OptionList([write(option.messageType, 3), ...others]) }
  const request = readRequest(asked)
  const decision = typeof request === 'string' ? request : desk.decide(request, interfaceName, now, bootServerPort)
  const reply = typeof decision === 'string' ? undefined : replyTo(decision)
  return reply && asRead(reply, asked)
}

/** What the firmware of such a client sends, as far as it matters to the answer. */
export function discoverOf(client: Client): Packet | undefined {
  if (client.mac === undefined) return undefined
  const chaddr = Buffer.alloc(16)
  chaddr.write(client.mac.replaceAll(':', ''), 'hex')
  const options: Entry[] = [write(option.messageType, 1), write(option.maxSize, 1472)]
  if (client.arch !== undefined) options.push(write(option.arch, [client.arch]))
  const vendorClass = classFor(client)
  if (vendorClass !== undefined) options.push(write(option.vendorClass, vendorClass))
  if (client.asker === 'ipxe') {
    options.push(write(option.userClass, Buffer.from('iPXE')), write(option.ipxe, ipxeFeatures))
  }
  if (client.uuid !== undefined) options.push([97, Buffer.from(`00${client.uuid.replaceAll('-', '')}`, 'hex')])
  if (client.relay) options.push(write(option.relayAgent, agentOf(client.relay)))
  const zero = { hops: 0, xid: 0, secs: 0, flags: 0, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0 }
  return { op: 1, htype: 1, hlen: 6, ...zero, chaddr, sname: '', file: '', options: new OptionList(options) }
}

/** RFC 3046 §2.0 */
function agentOf({ circuit, remote }: RelayPort): ReadonlyMap<number, Buffer> {
  const ends = [[1, circuit] as const, [2, remote] as const]
  return new Map(ends.flatMap(([code, hex]) => (hex === undefined ? [] : [[code, Buffer.from(hex, 'hex')] as const])))
}

/** HTTP (19) and PXE (33). */
const ipxeFeatures: ReadonlyMap<number, Buffer> = new Map([19, 33].map((code) => [code, Buffer.from([1])]))

const romAskers: ReadonlySet<Asker> = new Set(['firmware', 'ipxe', 'pxelinux'])

function classFor({ asker, arch }: Client): string | undefined {
  if (!romAskers.has(asker)) return undefined
  const kind = asker === 'firmware' && archOf(arch ?? 0)?.carrier === 'http' ? 'HTTPClient' : 'PXEClient'
  return `${kind}:Arch:${String(arch ?? 0).padStart(5, '0')}:UNDI:003000`
}

function asRead(reply: Packet, request: Packet): Packet {
  const packet = decodePacket(encodePacket(reply, roomFor(request)))
  return 'malformed' in packet ? reply : packet
}

function silenceText({ request, verdict }: Decision): string {
  if (verdict.say === 'nothing' && 'drop' in verdict && request.packet.giaddr !== 0)
    return `${verdict.drop}: no subnet holds that relay`
  return verdict.say === 'nothing' && 'why' in verdict ? verdict.why : 'nothing is answered'
}

function dropText(reason: DropReason, interfaceName: string): string {
  if (reason === 'no address') return `this server has no address on ${interfaceName}`
  return reason === 'unknown network' ? `this server has no address or no subnet on ${interfaceName}` : reason
}

function nothing(why: string): Forecast {
  return { why, lines: [`no answer: ${why}`] }
}
