import type { Group, Machine, Site } from '../../config/site.ts'
import { namesFor, readConfigName, type ConfigName } from './configs.ts'
import type { Names } from '../names.ts'
import type { LeftList } from '../told.ts'

export interface RootMachines {
  readonly machines: readonly Machine[]
  /** Known by their address only. */
  readonly waiting: readonly Machine[]
  readonly groups: readonly Group[]
  readonly todo: readonly string[]
}

/** By its name in pxelinux.cfg: the profile that a file became; undefined when nothing of it could be taken. */
export type ConfigProfiles = ReadonlyMap<string, string | undefined>

/** Whose menus they are. */
export interface OldRoot {
  /** How people call the loader. */
  readonly loader: string
  /** What is written. */
  readonly file: string
  /** Before the profile, in names of groups. */
  readonly group: string
  /** As the file of a machine lies in the tree. */
  readonly pathOf: (name: string) => string
}

/** Files for one machine become that machine; those that the site has already are put into a group for each profile. */
export function machinesOf(
  configs: ConfigProfiles,
  site: Site | undefined,
  names: Names,
  left: LeftList,
  root: OldRoot,
): RootMachines {
  const known = site?.machines ?? []
  const members = groupsOf(configs, known, left, root)
  const owned = new Set(
    known.flatMap(({ macs, uuid, ip }) => [
      ...macs,
      ...(uuid === undefined ? [] : [uuid]),
      ...(ip === undefined ? [] : [ip]),
    ]),
  )
  const machines: Machine[] = []
  const waiting: Machine[] = []
  for (const [file, profile] of configs) {
    const name = readConfigName(file)
    if (!name || name.for === 'all' || name.for === 'addresses' || owned.has(keyOf(name))) continue
    const list = name.for === 'address' ? waiting : machines
    list.push(machineFor(name, names.machine(labelOf(name)), profile, root))
  }
  const groups = [...members].map(([profile, list]) => ({
    name: names.group(`${root.group}-${profile}`),
    machines: list,
    priority: 100,
    profile,
    vars: {},
    origin: { file: root.file, line: 0 },
  }))
  tellPrefixes(configs, known, left, root)
  return { machines, waiting, groups, todo: todoOf(configs, machines, waiting, root) }
}

type OfOne = Extract<ConfigName, { for: 'mac' | 'uuid' | 'address' }>

function keyOf(name: OfOne): string {
  return name.for === 'mac' ? name.mac : name.for === 'uuid' ? name.uuid : name.address
}

function labelOf(name: OfOne): string {
  return name.for === 'address' ? `ip-${name.address.replaceAll('.', '-')}` : keyOf(name).replaceAll(':', '-')
}

function machineFor(name: OfOne, called: string, profile: string | undefined, { file }: OldRoot): Machine {
  return {
    name: called,
    macs: name.for === 'mac' ? [name.mac] : [],
    ...(name.for === 'uuid' && { uuid: name.uuid }),
    ...(name.for === 'address' && { ip: name.address }),
    hostname: called,
    ...(profile !== undefined && { profile }),
    groups: [],
    loader: 'auto',
    vars: {},
    origin: { file, line: 0 },
  }
}

/** Names of the site's machines by the profile that their file became; the machine's own profile wins, and is told. */
function groupsOf(
  configs: ConfigProfiles,
  known: readonly Machine[],
  left: LeftList,
  root: OldRoot,
): ReadonlyMap<string, string[]> {
  const members = new Map<string, string[]>()
  for (const machine of known) {
    const file = namesFor(machine).find((name) => configs.has(name))
    const profile = file === undefined ? undefined : configs.get(file)
    if (file === undefined || profile === undefined) continue
    if (machine.profile !== undefined) {
      left.add(root.pathOf(file), `${machine.name} has the profile ${machine.profile} in the site, and keeps it`)
      continue
    }
    const list = members.get(profile) ?? []
    list.push(machine.name)
    members.set(profile, list)
  }
  return members
}

function tellPrefixes(configs: ConfigProfiles, known: readonly Machine[], left: LeftList, root: OldRoot): void {
  const used = new Set(known.map((machine) => namesFor(machine).find((name) => configs.has(name))))
  for (const [file, profile] of configs) {
    if (readConfigName(file)?.for !== 'addresses' || used.has(file)) continue
    const add = profile === undefined ? '' : `: make a group of them with profile: ${profile}`
    left.add(root.pathOf(file), `is for all machines whose address begins so, and the site has none${add}`)
  }
}

function todoOf(
  configs: ConfigProfiles,
  machines: readonly Machine[],
  waiting: readonly Machine[],
  { loader, file, pathOf }: OldRoot,
): string[] {
  const fallback = configs.get('default')
  const idle = [...machines, ...waiting].filter(({ profile }) => profile === undefined)
  const list = (chosen: readonly Machine[]): string =>
    chosen
      .slice(0, 20)
      .map(({ name }) => name)
      .join(', ') + (chosen.length > 20 ? ` and ${chosen.length - 20} more` : '')
  return [
    ...(machines.length > 0 ? [`names of the machines: ${loader} knew them by what their cards and boards say`] : []),
    ...(waiting.length > 0
      ? [
          `mac: of ${list(waiting)}: they stand as comments at the end of ${file}; import dhcpd before, where there is one`,
        ]
      : []),
    ...(idle.length > 0 ? [`the profile of ${list(idle)}: of their files nothing could be taken`] : []),
    ...(fallback === undefined
      ? []
      : [
          `who else gets ${fallback}, the profile of ${pathOf('default')}: strangers: in birnam.yaml says what machines get that nobody named (never what wipes)`,
        ]),
  ]
}
