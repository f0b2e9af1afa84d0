import type { Distro, Machine, Profile, Subnet } from '../config/site.ts'
import { lineOfVar } from '../config/var-line.ts'
import { mergeVars, type MergedVars } from '../config/vars.ts'
import { treeAt } from '../distro/distros.ts'
import type { Session } from '../boot/session.ts'
import { contains, formatIpv4, readIpv4, type Ipv4 } from '../net/ipv4.ts'
import { dashed, type Mac } from '../net/mac.ts'
import { setBy } from '../template/templates.ts'
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
  const distro = profile && distroOf(house, profile, address)
  const disguise = house.disguise ?? asItIs
  return {
    ...disguise({
      machine: machineContext(audience, address),
      profile: profile && { name: profile.name, kind: profile.kind, vars: profile.vars },
      distro: distro && { ...distro, origin: undefined },
      site: { vars: house.registry.site.vars },
      vars: varsOf(house, machine, profile).vars,
    }),
    server: { address: house.reach(address), url },
    network: networkOf(house, address),
    ...urlsOf(house, audience, url),
    [setBy]: (variable: string) => whoSet(house, audience, variable),
  }
}

function asItIs<Value>(value: Value): Value {
  return value
}

/** The distro of a profile: the site's, else an imported one, whose tree is at the address of this server that `client` reaches. */
export function distroOf(house: House, profile: Profile, client?: Ipv4): Distro | undefined {
  if ((profile.kind !== 'install' && profile.kind !== 'live') || profile.distro === undefined) return undefined
  const own = house.registry.site.distros.find(({ name }) => name === profile.distro)
  const imported = own ? undefined : house.distros?.find(profile.distro)
  return own ?? (imported && treeAt(serverUrl(house, client), imported.distro))
}

function varsOf(house: House, machine: Machine | undefined, profile: Profile | undefined): MergedVars {
  const groups = machine ? house.registry.groupsOf(machine) : []
  return mergeVars(house.registry.site, groups, profile, machine)
}

/** `group db, fleet.yaml:7` for `vars.users[].sudo`: who had the last word on it. */
function whoSet(house: House, { machine, profile }: Audience, variable: string): string | undefined {
  const name = /^vars\.([^.[]+)/.exec(variable)?.[1]
  const found = varsOf(house, machine, profile).origins.find((one) => one.name === name)
  if (found?.file === undefined || found.line === undefined) return undefined
  const { from, file, line } = found
  return `${from}, ${file}:${lineOfVar(house.registry.site.directory, { file, line }, found.name)}`
}

function machineContext({ machine, mac }: Audience, address: Ipv4 | undefined): Record<string, unknown> {
  const card = mac ?? machine?.macs[0]
  // As PXELINUX writes BOOTIF=.
  const bootif = card && `01-${dashed(card)}`
  if (!machine) return { name: mac ? dashed(mac) : 'stranger', mac, bootif, ip: address, vars: {} }
  const { name, hostname, uuid, serial, vars } = machine
  return { name, hostname, uuid, serial, vars, mac: card, bootif, ip: address }
}

function networkOf(house: House, address: Ipv4 | undefined): Record<string, unknown> | undefined {
  const value = address === undefined ? undefined : readIpv4(address)
  const subnet = value === undefined ? undefined : subnetOf(house, value)
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
