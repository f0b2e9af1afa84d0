import { formatIpv4, parseIpv4 } from '../net/ipv4.ts'
import { isRaspberryPi } from '../net/raspberry-pi.ts'
import { asNames, type Advice, type Boot } from './advice.ts'
import { entriesFrom, type Net } from './net.ts'
import { option, OptionList, read, write, type Entry } from './options.ts'
import { broadcastFlag, type Packet } from './packet.ts'
import { classOf } from './pxe.ts'
import { overriddenServer } from './relay.ts'
import type { Request } from './request.ts'

/** The message that gives an address: OFFER (2) or ACK (5), RFC 2131 table 3. */
export function grant(type: 2 | 5, request: Request, given: Given): Packet {
  const { lease } = given.net.entries(given.server)
  return configured([types[type], idOf(request, given), ...lease], request, given, given.address)
}

/** RFC 1534 §2: an answer without whatever makes it DHCP. */
export function bootpReply(request: Request, given: Given): Packet {
  return configured([], request, given, given.address)
}

/** The answer to INFORM: the same, without address and lease (RFC 2131 §4.3.5). */
export function inform(request: Request, given: Omit<Given, 'address'>): Packet {
  return configured([types[5], idOf(request, given)], request, given, 0)
}

/** RFC 2131 §4.3.2: no address, no configuration; through a relay with the broadcast flag, for the client has no address to hear it at. */
export function nak(request: Request, server: number, why: string): Packet {
  const options = [
    types[6],
    write(option.serverId, overriddenServer(request.packet) ?? server),
    write(option.message, why),
  ]
  echo(options, request.packet)
  const { flags, giaddr } = request.packet
  const reply = replyTo(request.packet, options)
  return { ...reply, flags: giaddr === 0 ? flags : flags | broadcastFlag }
}

/** What a proxy says: who serves which file, and whatever else its shape needs; no address at all. */
export function bootReply(
  packet: Packet,
  options: Entry[],
  { server, boot: named }: { readonly server: number; readonly boot: Boot | undefined },
): Packet {
  const boot = named && asNames(named)
  const next = boot?.server === undefined ? server : parseIpv4(boot.server)
  if (boot !== undefined) options.push(write(option.bootFile, boot.file))
  echo(options, packet)
  if (boot !== undefined) options.push(write(option.serverName, formatIpv4(next)))
  const reply = replyTo(packet, options)
  // Only a client that has its address asks at port 4011.
  if (read(packet.options, option.messageType) !== 1) reply.ciaddr = packet.ciaddr
  reply.siaddr = next
  reply.file = headerFile(boot?.file)
  return reply
}

export interface Given {
  readonly net: Net
  readonly address: number
  /** Our address on the client's link. */
  readonly server: number
  readonly advice: Advice
}

/** Option 54: our address, or the name that the relay wants. */
function idOf({ packet }: Request, { net, server }: Omit<Given, 'address'>): Entry {
  const override = overriddenServer(packet)
  return override === undefined ? net.entries(server).id : write(option.serverId, override)
}

const types = { 2: write(option.messageType, 2), 5: write(option.messageType, 5), 6: write(option.messageType, 6) }

/**
 * The order is the order of importance: what does not fit into a short message is left out from the end.
 * A boot file stands in the header and in option 67: shim and PXELINUX read only the one, EDK2 asks for the other.
 */
function configured(options: Entry[], request: Request, given: Omit<Given, 'address'>, address: number): Packet {
  const { net, server, advice } = given
  const { hostname } = advice
  const boot = advice.boot && asNames(advice.boot)
  const { packet } = request
  const entries = net.entries(server)
  const next = boot?.server === undefined ? server : parseIpv4(boot.server)
  if (boot !== undefined) options.push(write(option.bootFile, boot.file))
  if (classOf(packet) === 'HTTPClient') options.push(httpClient)
  if (boot !== undefined && isPi(request)) options.push(pxeClient, piMenu)
  const extra = entriesFrom(advice.options ?? [])
  const nearer = new Set(extra.map(([code]) => code))
  options.push(...entries.common.filter(([code]) => !nearer.has(code)))
  echo(options, packet)
  if (hostname !== undefined) options.push(write(option.hostName, hostname))
  const more = [...entries.extra.filter(([code]) => !nearer.has(code)), ...extra]
  const namesServer = boot?.isOwn !== true || !more.some(([code]) => code === option.serverName.code)
  if (boot !== undefined && namesServer)
    options.push(next === server ? entries.name : write(option.serverName, formatIpv4(next)))
  if (request.client.asker === 'ipxe' && packet.options.has(175)) options.push(noProxyDhcp)
  if (boot?.prefix !== undefined) options.push(pxelinuxMagic, write(option.pxelinuxPrefix, boot.prefix))
  pushExtra(options, more, boot)
  const reply = replyTo(packet, options)
  if (isConfigured(request)) reply.ciaddr = packet.ciaddr
  reply.yiaddr = address
  reply.siaddr = next
  reply.file = headerFile(boot?.file)
  return reply
}

/**
 * What the site says besides. What gear of another kind is told by vendor options (43) and as its provisioning server (66) is not for a machine that
 * boots from here: its ROM would read them as its own.
 */
function pushExtra(options: Entry[], more: readonly Entry[], boot: Boot | undefined): void {
  if (more.length === 0) return
  const there = new Set(options.map(([code]) => code))
  if (boot !== undefined && boot.isOwn !== true) for (const code of [43, 66]) there.add(code)
  for (const entry of more) if (!there.has(entry[0])) options.push(entry)
}

/** Only who renews, rebinds or informs has the address in `ciaddr`; what stands there otherwise is a slip or a lie. */
function isConfigured({ type, server, requested }: Request): boolean {
  return type === 8 || (type === 3 && server === undefined && !requested)
}

/**
 * Option 60: an HTTP boot client only believes an answer that calls itself HTTPClient. A PXE client gets none, for `PXEClient` without
 * vendor options makes EDK2 ask a boot server on port 4011, where nobody is.
 */
const httpClient = write(option.vendorClass, 'HTTPClient')

/** The boot ROM of a Raspberry Pi: it goes on only where an answer of class PXEClient says its name, with three blanks, in option 43. */
export function isPi({ packet, client, mac }: Request): boolean {
  return client.asker === 'firmware' && classOf(packet) === 'PXEClient' && isRaspberryPi(mac)
}

const pxeClient = write(option.vendorClass, 'PXEClient')
const piName = Buffer.from('Raspberry Pi Boot   ')
/** PXE 2.1 §2.2: no discovery, a menu (9) of one item, type 0, and its prompt (10). */
export const piMenu: Entry = [
  option.vendor.code,
  Buffer.concat([
    Buffer.from([6, 1, 3, 10, 4, 0]),
    Buffer.from('PXE'),
    Buffer.from([9, piName.length + 3, 0, 0, piName.length]),
    piName,
    Buffer.from([255]),
  ]),
]

/** iPXE need not wait for ProxyDHCP answers (175.176): that saves seconds at each of its DHCP rounds. */
const noProxyDhcp: Entry = [option.ipxe.code, Buffer.from([176, 1, 1])]

/** RFC 5071 §3: what the other options of PXELINUX are only believed with, by versions before 3.55. */
const pxelinuxMagic = write(option.pxelinuxMagic, 0xf100747e)

/** A name that the field cannot hold whole is better missing there than cut: 67 has it. */
function headerFile(file: string | undefined): string {
  return file === undefined || file.length > 127 ? '' : file
}

/** Client id (RFC 6842), machine id (PXE 2.1 §2.2.3), subnet selection (RFC 3011 §2) and the relay's option (RFC 3046 §2.2) go back as they came. */
function echo(options: Entry[], { options: asked }: Packet): void {
  const clientId = asked.get(61)
  if (clientId !== undefined && clientId.length >= 2) options.push([61, clientId])
  const machineId = asked.get(97)
  if (machineId?.length === 17) options.push([97, machineId])
  const selection = asked.get(118)
  if (selection?.length === 4) options.push([118, selection])
  const relay = asked.get(82)
  if (relay !== undefined) options.push([82, relay])
}

/** RFC 2131 table 3: what is copied from the client's message, and nothing else. */
function replyTo({ htype, hlen, xid, flags, giaddr, chaddr }: Packet, options: readonly Entry[]): Draft {
  return {
    op: 2,
    htype,
    hlen,
    hops: 0,
    xid,
    secs: 0,
    flags,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr,
    chaddr,
    sname: '',
    file: '',
    options: new OptionList(options),
  }
}

type Draft = { -readonly [Field in keyof Packet]: Packet[Field] }
