import type { Distro, Machine, Profile, Subnet } from '../config/site.ts'
import { mergeVars } from '../config/vars.ts'
import type { Session } from '../boot/session.ts'
import { contains, formatIpv4, parseIpv4, type Ipv4 } from '../net/ipv4.ts'
import { dashed, type Mac } from '../net/mac.ts'
import { serverUrl, type House } from './house.ts'

/** Who a text is written for. */
export interface Audience {
  readonly machine?: Machine
  readonly profile?: Profile
  readonly mac?: Mac
  readonly address?: Ipv4
  /** Given only when the text goes out under the session's own name: then its URLs carry the token. */
  readonly session?: Session
}

/** Every variable of templates and `args`; docs/configuration.md and kickstart/README.md list them. */
export function contextOf(house: House, audience: Audience): Record<string, unknown> {
  const { machine, profile } = audience
  const address = audience.address ?? machine?.ip
  const url = serverUrl(house, address)
  const distro = profile && distroOf(house, profile)
  return {
    machine: machineContext(audience, address),
    profile: profile && { name: profile.name, kind: profile.kind, vars: profile.vars },
    distro: distro && { ...distro, origin: undefined },
    site: { vars: house.registry.site.vars },
    server: { address: house.reach(address), url },
    vars: varsOf(house, machine, profile),
    network: networkOf(house, address),
    ...urlsOf(house, audience, url),
  }
}

export function distroOf(house: House, profile: Profile): Distro | undefined {
  if (profile.kind !== 'install' || profile.distro === undefined) return undefined
  return house.registry.site.distros.find(({ name }) => name === profile.distro)
}

function varsOf(house: House, machine: Machine | undefined, profile: Profile | undefined): unknown {
  const groups = machine ? house.registry.groupsOf(machine) : []
  return mergeVars(house.registry.site, groups, profile, machine).vars
}

function machineContext({ machine, mac }: Audience, address: Ipv4 | undefined): Record<string, unknown> {
  if (!machine) return { name: mac ? dashed(mac) : 'stranger', mac, ip: address, vars: {} }
  const { name, hostname, uuid, serial, vars } = machine
  return { name, hostname, uuid, serial, vars, mac: mac ?? machine.macs[0], ip: address }
}

function networkOf(house: House, address: Ipv4 | undefined): Record<string, unknown> | undefined {
  const subnet = address === undefined ? undefined : subnetOf(house, parseIpv4(address))
  if (!subnet) return undefined
  const { cidr, router, dns, ntp, domain } = subnet
  const servers = dns.length > 0 ? dns : [house.reach(address)]
  const network = formatIpv4(cidr.network)
  const netmask = formatIpv4(cidr.mask)
  return { cidr: `${network}/${cidr.bits}`, prefix: cidr.bits, network, netmask, router, dns: servers, ntp, domain }
}

function subnetOf(house: House, address: number): Subnet | undefined {
  return house.registry.site.server.dhcp.subnets.find(({ cidr }) => contains(cidr, address))
}

// A menu at a guessable name carries no token: its URLs name the machine, and are good for live profiles only.
function urlsOf(house: House, { session, mac, machine }: Audience, url: string): Record<string, unknown> {
  const named = mac ?? machine?.macs[0]
  const key = session ? house.sessions.tokenOf(session) : named && dashed(named)
  return key === undefined ? {} : { answer: { url: `${url}/a/${key}` }, report: { url: `${url}/r/${key}` } }
}
