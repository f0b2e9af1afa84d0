import type { Client } from '../boot/client.ts'
import { formatAgentId } from '../net/relay-port.ts'
import { formatIpv4, parseIpv4 } from '../net/ipv4.ts'
import type { Boot } from './advice.ts'
import type { UsedAddress } from './answer.ts'
import type { Decision } from './desk.ts'
import type { DhcpEvent } from './event.ts'
import type { Packet } from './packet.ts'
import { selectedLink } from './relay.ts'
import type { Request } from './request.ts'

/** What came in. Undefined for a message whose meaning only the verdict tells (DECLINE, RELEASE). */
export function heard(request: Request, interfaceName: string): DhcpEvent | undefined {
  const type = heardTypes[request.type]
  return type && { type, interface: interfaceName, ...whose(request), ...portOf(request.client) }
}

const heardTypes = {
  bootp: undefined,
  1: 'dhcp.discover',
  3: 'dhcp.request',
  4: undefined,
  7: undefined,
  8: 'dhcp.inform',
} as const

/** What was said to it, or why nothing was. Undefined when the counter tells enough. */
export function said({ request, verdict, advice }: Decision, interfaceName: string): DhcpEvent | undefined {
  const { mac, client, packet } = request
  const about = {
    interface: interfaceName,
    mac,
    client,
    ...(advice.machine !== undefined && { machine: advice.machine }),
  }
  const boot = advice.boot && bootOf(advice.boot)
  switch (verdict.say) {
    case 'offer':
      return { type: 'dhcp.offer', ...about, address: formatIpv4(verdict.address), ...boot, ...relayOf(packet.giaddr) }
    case 'ack':
      return { type: 'dhcp.ack', ...about, address: formatIpv4(verdict.address), ...boot, why: verdict.state }
    case 'inform':
      return { type: 'dhcp.ack', ...about, address: formatIpv4(packet.ciaddr), ...boot, why: 'INFORM' }
    case 'proxy':
      return {
        type: verdict.type === 2 ? 'dhcp.proxy-offer' : 'dhcp.proxy-ack',
        ...about,
        ...boot,
        ...(packet.ciaddr !== 0 && { address: formatIpv4(packet.ciaddr) }),
        ...relayOf(packet.giaddr),
      }
    case 'nak':
      return { type: 'dhcp.nak', ...about, ...addressAsked(request), why: verdict.why }
    case 'nothing':
      return 'because' in verdict ? { ...about, ...silence(verdict) } : undefined
  }
}

function bootOf({ file, server }: Boot): Pick<DhcpEvent, 'file' | 'next'> {
  return { file, ...(server !== undefined && { next: server }) }
}

function silence(
  verdict: Extract<Decision['verdict'], { readonly because: unknown }>,
): Pick<DhcpEvent, 'type' | 'why' | 'address' | 'server'> {
  switch (verdict.because) {
    case 'other server':
      return {
        type: 'dhcp.other-server',
        server: formatIpv4(verdict.server),
        why: 'the client took the offer of another server',
      }
    case 'declined':
      return { type: 'dhcp.decline', address: formatIpv4(verdict.address), why: 'another machine uses the address' }
    case 'released':
      return { type: 'dhcp.release', address: formatIpv4(verdict.address) }
    case 'full':
      return { type: 'dhcp.full', why: verdict.why }
    case 'ignored':
    case 'silent':
    case 'not the owner':
      return { type: 'dhcp.silent', why: verdict.why }
  }
}

/** A machine that has a reservation and yet gets another address; an address of the range that a host has. */
export function conflict({ request, verdict, advice, link }: Decision, interfaceName: string): DhcpEvent | undefined {
  if (verdict.say === 'nak' && verdict.used) return usedBy(verdict.used, interfaceName, request)
  if (verdict.say !== 'offer' || verdict.reserved || advice.address === undefined) return undefined
  const given = formatIpv4(verdict.address)
  if (given === advice.address) return undefined
  const promised = parseIpv4(advice.address)
  const reason = link.some((net) => net.contains(promised))
    ? `${advice.address} is promised to it but in use`
    : `its address ${advice.address} is in no subnet of ${linkName(request.packet, interfaceName)}`
  const why = `${reason}; it gets ${given}`
  return {
    type: 'dhcp.conflict',
    interface: interfaceName,
    mac: request.mac,
    address: advice.address,
    why,
    ...relayOf(request.packet.giaddr),
  }
}

function usedBy({ address, card }: UsedAddress, interfaceName: string, { mac }: Request): DhcpEvent {
  const given = formatIpv4(address)
  const why = `${given} was offered to it, but ${card} uses it without a lease; nobody gets it for ten minutes`
  return { type: 'dhcp.conflict', interface: interfaceName, mac, address: given, why }
}

/** Where a message came from, for people. */
function linkName(packet: Packet, interfaceName: string): string {
  const { giaddr } = packet
  const selected = selectedLink(packet)
  if (selected === undefined) return interfaceName
  if (giaddr === 0) return `the selected link ${formatIpv4(selected)}`
  const relay = `the relay ${formatIpv4(giaddr)}`
  return selected === giaddr ? relay : `the link ${formatIpv4(selected)} behind ${relay}`
}

function addressAsked({ requested, packet }: Request): Pick<DhcpEvent, 'address'> {
  const asked = requested ?? packet.ciaddr
  return asked === 0 ? {} : { address: formatIpv4(asked) }
}

/** Whose message it was, and through which relay it came. */
export type Whose = Pick<DhcpEvent, 'mac' | 'client' | 'machine' | 'relay' | 'link'>

export function whose({ mac, client, packet }: Request): Whose {
  const link = selectedLink(packet) ?? packet.giaddr
  const selected = link === packet.giaddr ? {} : { link: formatIpv4(link) }
  return { mac, client, ...relayOf(packet.giaddr), ...selected }
}

export function relayOf(giaddr: number): Pick<DhcpEvent, 'relay'> {
  return giaddr === 0 ? {} : { relay: formatIpv4(giaddr) }
}

function portOf({ relay }: Client): Pick<DhcpEvent, 'circuit' | 'remote'> {
  const { circuit, remote } = relay ?? {}
  return {
    ...(circuit !== undefined && { circuit: formatAgentId(circuit) }),
    ...(remote !== undefined && { remote: formatAgentId(remote) }),
  }
}
