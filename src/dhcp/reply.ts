import { formatIpv4, parseIpv4 } from '../net/ipv4.ts'
import type { Advice } from './advice.ts'
import type { Net } from './net.ts'
import { option, write } from './options.ts'
import { broadcastFlag, type Packet } from './packet.ts'
import { classOf } from './pxe.ts'
import type { Request } from './request.ts'

type Options = Map<number, Buffer>

/** The message that gives an address: OFFER (2) or ACK (5), RFC 2131 table 3. */
export function grant(type: 2 | 5, request: Request, given: Given): Packet {
  const options = begin(type, given.server)
  for (const [code, value] of given.net.leaseOptions(given.server)) options.set(code, value)
  return configured(options, request, given, given.address)
}

/** The answer to INFORM: the same, without address and lease (RFC 2131 §4.3.5). */
export function inform(request: Request, given: Omit<Given, 'address'>): Packet {
  return configured(begin(5, given.server), request, given, 0)
}

/** RFC 2131 §4.3.2: no address, no configuration; through a relay with the broadcast flag, for the client has no address to hear it at. */
export function nak(request: Request, server: number, why: string): Packet {
  const options = begin(6, server)
  options.set(...write(option.message, why))
  echo(options, request.packet)
  const flags = request.packet.giaddr === 0 ? request.packet.flags : request.packet.flags | broadcastFlag
  return { ...header(request.packet), ciaddr: 0, yiaddr: 0, siaddr: 0, flags, file: '', options }
}

export interface Given {
  readonly net: Net
  readonly address: number
  /** Our address on the client's link. */
  readonly server: number
  readonly advice: Advice
}

function begin(type: number, server: number): Options {
  return new Map([write(option.messageType, type), write(option.serverId, server)])
}

/**
 * The order is the order of importance: what does not fit into a short message is left out from the end.
 * A boot file stands in the header and in option 67: shim and PXELINUX read only the one, EDK2 asks for the other.
 */
function configured(
  options: Options,
  request: Request,
  { net, server, advice }: Omit<Given, 'address'>,
  address: number,
): Packet {
  const { boot, hostname } = advice
  const next = boot?.server === undefined ? server : parseIpv4(boot.server)
  if (boot !== undefined) options.set(...write(option.bootFile, boot.file))
  if (classOf(request.packet) === 'HTTPClient') options.set(...httpClient)
  for (const [code, value] of net.commonOptions(server)) options.set(code, value)
  echo(options, request.packet)
  if (hostname !== undefined) options.set(...write(option.hostName, hostname))
  if (boot !== undefined) options.set(...write(option.serverName, formatIpv4(next)))
  if (request.client.asker === 'ipxe' && request.packet.options.has(175)) options.set(...noProxyDhcp)
  return {
    ...header(request.packet),
    ciaddr: isConfigured(request) ? request.packet.ciaddr : 0,
    yiaddr: address,
    siaddr: next,
    file: headerFile(boot?.file),
    options,
  }
}

/** Only who renews, rebinds or informs has the address in `ciaddr`; what stands there otherwise is a slip or a lie. */
function isConfigured({ type, server, requested }: Request): boolean {
  return type === 8 || (type === 3 && server === undefined && requested === undefined)
}

/**
 * Option 60: an HTTP boot client only believes an answer that calls itself HTTPClient. A PXE client gets none, for `PXEClient` without
 * vendor options makes EDK2 ask a boot server on port 4011, where nobody is.
 */
const httpClient = write(option.vendorClass, 'HTTPClient')

/** iPXE need not wait for ProxyDHCP answers (175.176): that saves seconds at each of its DHCP rounds. */
const noProxyDhcp: [number, Buffer] = [option.ipxe.code, Buffer.from([176, 1, 1])]

/** A name that the field cannot hold whole is better missing there than cut: 67 has it. */
function headerFile(file: string | undefined): string {
  return file === undefined || file.length > 127 ? '' : file
}

/** Client id (RFC 6842), machine id (PXE 2.1 §2.2.3) and the relay's option (RFC 3046) go back as they came. */
function echo(options: Options, { options: asked }: Packet): void {
  const clientId = asked.get(61)
  if (clientId !== undefined && clientId.length >= 2) options.set(61, clientId)
  const machineId = asked.get(97)
  if (machineId?.length === 17) options.set(97, machineId)
  const relay = asked.get(82)
  if (relay !== undefined && option.relayAgent.codec.fits(relay.length) && option.relayAgent.codec.decode(relay))
    options.set(82, relay)
}

/** RFC 2131 table 3: copied from the client's message. */
function header(packet: Packet): Omit<Packet, 'ciaddr' | 'yiaddr' | 'siaddr' | 'file' | 'options'> {
  const { htype, hlen, xid, flags, giaddr, chaddr } = packet
  return { op: 2, htype, hlen, hops: 0, xid, secs: 0, flags, giaddr, chaddr, sname: '' }
}
