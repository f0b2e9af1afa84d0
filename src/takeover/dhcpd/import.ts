import { defaultServer } from '../../config/shape.ts'
import { Fault } from '../../fault.ts'
import { readDhcpd } from './read.ts'
import { readDhcpdFile } from './file.ts'
import { machinesOf } from './machines.ts'
import { siteAt, type ImportPlace } from '../place.ts'
import { LeftList, type Left } from '../told.ts'
import { writeDraft } from '../written.ts'

export interface DhcpdReport {
  readonly machines: number
  readonly groups: number
  readonly profiles: 0
  readonly subnets: number
  /** Written, or that would be: relative to the site. */
  readonly files: readonly string[]
  readonly left: readonly Left[]
  /** What only a person can add. */
  readonly todo: readonly string[]
}

/**
 * Subnets and hosts of ISC dhcpd become a site: `dhcpd.yaml`, and `birnam.yaml` where there is none, with DHCP still off. Throws
 * `config-invalid` for what dhcpd would refuse too, `request-invalid` for a file that is not there and when `dhcpd.yaml` is there already.
 */
export function importDhcpd(file: string, { site, dryRun }: ImportPlace): DhcpdReport {
  const left = new LeftList()
  const { subnets, hosts, isLog, todo } = readDhcpd(readDhcpdFile(file, left), left)
  if (subnets.length === 0 && hosts.length === 0)
    throw new Fault('request-invalid', `${file} names no subnet and no host`, {
      hint: isLog
        ? 'it is a dhcpd.leases in which no program made a host by OMAPI; leases themselves are not taken'
        : 'name the dhcpd.conf of the old server',
    })
  const old = siteAt(site)
  const name = isLog ? 'dhcpd-leases.yaml' : 'dhcpd.yaml'
  const found = machinesOf(hosts, subnets.length > 0 ? subnets : (old?.server.dhcp.subnets ?? []), old, left, name)
  const plain = defaultServer()
  const written = writeDraft(
    site,
    {
      file: name,
      head: `What ISC dhcpd had in ${JSON.stringify(file)}. It is yours now: change what you like.`,
      machines: found.machines,
      groups: found.groups,
      waiting: { why: 'These lack their mac: and then belong under machines:.', machines: found.waiting },
      ...(subnets.length > 0 && { server: { server: { ...plain, dhcp: { ...plain.dhcp, subnets } }, vars: {} } }),
    },
    { dryRun },
  )
  return {
    machines: found.machines.length,
    groups: found.groups.length,
    profiles: 0,
    subnets: subnets.length,
    files: written.files,
    left: left.list,
    todo: [...serverTodo(subnets.length, written.server), ...todo, ...found.todo],
  }
}

function serverTodo(subnets: number, written: boolean): string[] {
  if (subnets === 0) return []
  if (!written) return ['dhcp.subnets in birnam.yaml: they stand as comments at the end of dhcpd.yaml']
  return [
    'dhcp.mode: server and dhcp.interfaces in birnam.yaml, when the old dhcpd is stopped: until then Birnam answers nobody',
  ]
}
