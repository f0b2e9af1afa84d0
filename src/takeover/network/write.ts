import { defaultServer } from '../../config/shape.ts'
import type { Subnet } from '../../config/site.ts'
import { siteAt, type ImportPlace } from '../place.ts'
import type { Left, LeftList } from '../told.ts'
import { writeDraft } from '../written.ts'
import type { OldHost } from './host.ts'
import { machinesOf } from './machines.ts'

export interface NetworkReport {
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

/** What a DHCP server of old knew. */
export interface OldNetwork {
  /** How people call it. */
  readonly program: string
  readonly from: string
  /** What is written: `dhcpd.yaml`. */
  readonly file: string
  readonly subnets: readonly Subnet[]
  readonly hosts: readonly OldHost[]
  /** Sentences: what only a person can decide. */
  readonly todo: readonly string[]
}

/** Writes subnets and machines into a site, with DHCP still off: `birnam.yaml` where there is none. */
export function writeNetwork(old: OldNetwork, { site, dryRun }: ImportPlace, left: LeftList): NetworkReport {
  const { file, subnets } = old
  const known = siteAt(site)
  const home = subnets.length > 0 ? subnets : (known?.server.dhcp.subnets ?? [])
  const found = machinesOf(old.hosts, home, known, left, file)
  const plain = defaultServer()
  const written = writeDraft(
    site,
    {
      file,
      head: `What ${old.program} had in ${JSON.stringify(old.from)}. It is yours now: change what you like.`,
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
    todo: [...serverTodo(old, written.server), ...old.todo, ...found.todo],
  }
}

function serverTodo({ subnets, file, program }: OldNetwork, written: boolean): string[] {
  if (subnets.length === 0) return []
  if (!written) return [`dhcp.subnets in birnam.yaml: they stand as comments at the end of ${file}`]
  const old = program.split(' ').at(-1)
  return [
    `dhcp.mode: server and dhcp.interfaces in birnam.yaml, when the old ${old} is stopped: until then Birnam answers nobody`,
  ]
}
