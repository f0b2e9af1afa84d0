import { Document, visit } from 'yaml'
import { formatIpv4 } from '../net/ipv4.ts'
import type { SiteOption } from '../net/dhcp-option.ts'
import { formatCidr6, formatIpv6 } from '../net/ipv6.ts'
import { formatAgentId, type RelayPort } from '../net/relay-port.ts'
import { formatCidr } from './check-network.ts'
import { formatDuration } from './duration.ts'
import { defaultServer } from './shape.ts'
import type { Distro, Group, Machine, Profile, ServerSettings, Site, Subnet, Subnet6 } from './site.ts'

/** The nouns of a site as one YAML file that reads back to the same nouns; what is at its default is left out. */
export function formatSite(site: Pick<Site, 'machines' | 'groups' | 'profiles' | 'distros'>): string {
  return [
    formatList('machines', site.machines.map(writeMachine)),
    formatList('groups', site.groups.map(writeGroup)),
    formatList('profiles', site.profiles.map(writeProfile)),
    formatList('distros', site.distros.map(writeDistro)),
  ].join('')
}

/** `birnam.yaml` of a site: the server, and the variables that all share. */
export function formatServer({ server, vars }: Pick<Site, 'server' | 'vars'>): string {
  const { dhcp, dhcp6, strangers, permits, images, systemimager, tftp, ...rest } = server
  const written = {
    ...rest,
    tftp: { ...tftp, ...(tftp.ports && { ports: writePorts(tftp.ports) }) },
    dhcp: { ...dhcp, subnets: dhcp.subnets.map(writeSubnet), options: writeOptions(dhcp.options) },
    dhcp6: { ...dhcp6, subnets: dhcp6.subnets.map(writeSubnet6), options: writeOptions(dhcp6.options) },
    strangers: typeof strangers === 'object' && plainStranger(strangers.profile) ? strangers.profile : strangers,
    permits: durations(permits),
    images: writeImages(images),
    systemimager: writeSystemImager(systemimager),
    vars,
  }
  const plain = defaultServer()
  const defaults = {
    ...plain,
    permits: durations(plain.permits),
    images: writeImages(plain.images),
    systemimager: writeSystemImager(plain.systemimager),
    vars: {},
  }
  const kept = without(written, defaults)
  return Object.keys(kept).length === 0 ? '' : toYaml(kept)
}

function writePorts({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? String(from) : `${from}-${to}`
}

function plainStranger(profile: string): boolean {
  return profile !== 'ignore' && profile !== 'local' && profile !== 'discover'
}

function writeImages({ multicast, ...rest }: ServerSettings['images']): object {
  return without({ ...rest, multicast: { ...multicast, wait: formatDuration(multicast.wait) } }, { mirrors: [] })
}

function writeSystemImager({ monitor, rsync }: ServerSettings['systemimager']): object {
  return { monitor, ...(rsync && { rsync: { ...rsync, allow: rsync.allow.map(formatCidr) } }) }
}

function durations(permits: ServerSettings['permits']): Record<string, string> {
  return Object.fromEntries(Object.entries(permits).map(([key, seconds]) => [key, formatDuration(seconds)]))
}

function writeSubnet({ cidr, ranges, lease, ...subnet }: Subnet): object {
  const range = ranges.map(({ from, to }) => `${formatIpv4(from)}-${formatIpv4(to)}`)
  const { router, dns, ntp, domain } = subnet
  const written = {
    cidr: formatCidr(cidr),
    range: oneOrAll(range),
    router,
    dns,
    ntp,
    domain,
    lease: formatDuration(lease),
  }
  const shared = subnet.with && formatCidr(subnet.with)
  const more = { interface: subnet.interface, with: shared, options: writeOptions(subnet.options) }
  return without({ ...written, ...more }, { dns: [], ntp: [], range: [] })
}

function writeSubnet6({ cidr, range, lease, ...subnet }: Subnet6): object {
  const between = range && `${formatIpv6(range.from)}-${formatIpv6(range.to)}`
  const shared = subnet.with && formatCidr6(subnet.with)
  const written = {
    cidr: formatCidr6(cidr),
    range: between,
    ...subnet,
    lease: formatDuration(lease),
    with: shared,
    options: writeOptions(subnet.options),
  }
  return without(written, { dns: [] })
}

function writeMachine({
  name,
  macs,
  ip,
  ip6,
  profile,
  file,
  groups,
  loader,
  localboot,
  hostname,
  uuid,
  serial,
  relay,
  options,
  options6,
  vars,
}: Machine): object {
  const port = relay && writeRelay(relay)
  const written = {
    name,
    hostname,
    mac: oneOrAll(macs),
    uuid,
    serial,
    relay: port,
    ip,
    ip6,
    profile,
    file,
    groups,
    loader,
    localboot,
    ...writeBoth({ options, options6 }),
    vars,
  }
  return without(written, { hostname: name, mac: [], groups: [], loader: 'auto', vars: {} })
}

function writeBoth({ options, options6 }: Options): object {
  return { options: writeOptions(options), options6: writeOptions(options6) }
}

interface Options {
  readonly options: readonly SiteOption[] | undefined
  readonly options6: readonly SiteOption[] | undefined
}

function writeOptions(options: readonly SiteOption[] | undefined): object | undefined {
  return options && Object.fromEntries(options.map(({ code, written }) => [code, written]))
}

function writeRelay({ circuit, remote }: RelayPort): object {
  return without({ circuit: circuit && formatAgentId(circuit), remote: remote && formatAgentId(remote) }, {})
}

function writeGroup({ name, machines, priority, profile, options, options6, vars }: Group): object {
  const both = writeBoth({ options, options6 })
  return without({ name, machines, priority, profile, ...both, vars }, { machines: [], priority: 100, vars: {} })
}

function writeProfile({ origin: _origin, name, kind, vars, ...profile }: Profile): object {
  return without({ name, kind, ...profile, vars }, { initrd: [], args: '', transport: 'http', vars: {} })
}

function writeDistro({ origin: _origin, ...distro }: Distro): object {
  return without(distro, { initrd: [], args: '' })
}

function oneOrAll(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? values[0]! : values
}

/** Without what is undefined or what reading adds by itself; compared as JSON, because all of it is YAML. */
function without(
  map: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const kept = Object.entries(map).filter(([key, value]) => {
    return value !== undefined && JSON.stringify(value) !== JSON.stringify(defaults[key])
  })
  return Object.fromEntries(kept)
}

/** One noun at a time: the writer's cost grows faster than what it is given. */
function formatList(name: string, nouns: readonly object[]): string {
  if (nouns.length === 0) return ''
  return `${name}:\n${nouns.map((noun) => toYaml([noun]).replace(/^(?=.)/gm, '  ')).join('')}`
}

function toYaml(value: unknown): string {
  // No aliases: the same value twice is written twice.
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, node) {
      // yaml 2.9.1 writes block text that begins with a line of blanks so that it reads back without them.
      if (typeof node.value === 'string' && /^[ \n][^]*\n/.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  // No folding: a kernel line stays one line.
  return document.toString({ lineWidth: 0 })
}
