import type { z } from 'zod'
import type { RelayPort } from '../net/relay-port.ts'
import { serverFile } from './schema.ts'
import type {
  Dhcp6Settings,
  DhcpSettings,
  HttpsSettings,
  Machine,
  Origin,
  ServerSettings,
  Subnet,
  Subnet6,
  TftpSettings,
} from './site.ts'
import type { machine } from './schema.ts'

/** From what the schemas read to the types of site.ts. */

export function settingsOf(read: z.output<typeof serverFile>): ServerSettings {
  const {
    address,
    loader,
    localboot,
    http,
    https,
    tftp,
    dhcp,
    dhcp6,
    strangers,
    permits,
    compat,
    images,
    systemimager,
  } = read
  const subnets = dhcp.subnets.map(({ range, ...subnet }) => compact<Subnet>({ ...subnet, ranges: range }))
  return compact<ServerSettings>({
    address,
    loader,
    localboot,
    http,
    https: https && compact<HttpsSettings>(https),
    tftp: compact<TftpSettings>(tftp),
    strangers,
    permits,
    compat,
    dhcp: compact<DhcpSettings>({ ...dhcp, subnets }),
    dhcp6: compact<Dhcp6Settings>({ ...dhcp6, subnets: dhcp6.subnets.map((each) => compact<Subnet6>(each)) }),
    images: compact<ServerSettings['images']>(images),
    systemimager: compact<ServerSettings['systemimager']>(systemimager),
  })
}

/** A server of which nothing was said. */
export function defaultServer(): ServerSettings {
  return settingsOf(serverFile.parse({}))
}

export function machineOf(read: z.output<typeof machine>, origin: Origin): Machine {
  const { name, mac, ip, ip6, profile, file, groups, loader, localboot, hostname = name, uuid, serial, vars } = read
  const { options, options6 } = read
  const relay = read.relay && compact<RelayPort>(read.relay)
  return compact<Machine>({
    name,
    macs: mac,
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
    origin,
  })
}

/** As N, but a key that may be missing may also be undefined. */
type Loose<N> = N extends unknown ? { [K in keyof N]: object extends Pick<N, K> ? N[K] | undefined : N[K] } : never

/**
 * Without the keys that are undefined: a key without a value in YAML is a key that was not given. Copied, because an object from which
 * a key was deleted takes several times the memory in V8.
 */
export function compact<N extends object>(map: Loose<N> & object): N {
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(map)) if (value !== undefined) kept[key] = value
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what made it Loose is gone
  return kept as N
}
