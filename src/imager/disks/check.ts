import type { Path } from '../../config/problem.ts'
import { didYouMean } from '../../config/suggest.ts'
import { checkContents } from './check-contents.ts'
import type { Complain } from './complain.ts'
import { devicesOf, membersOf } from './devices.ts'
import type { Device } from './devices.ts'
import { partitionTypes } from './layout.ts'
import type { DiskSet, Layout, Match, Partition, Raid } from './layout.ts'
import { formatMib } from './size.ts'
import type { Size } from './size.ts'

/** What the schema cannot see: sizes that do not fit together, names that are not there, places that are there twice. */
export function checkLayout(layout: Layout, complain: Complain): void {
  if (layout.disks.length === 0) complain(['disks'], 'there is no disk', 'write one: - name: system')
  checkNames(layout, complain)
  for (const [index, set] of layout.disks.entries()) checkDisk(set, ['disks', index], complain)
  for (const [index, group] of layout.lvm.entries()) {
    const sizes = group.volumes.map(({ size }) => size)
    checkSizes(sizes, ['lvm', index, 'volumes'], 'volume group', complain)
  }
  checkMembers(layout, complain)
  checkContents(layout, complain)
}

/** What LVM keeps for itself, or what already stands in /dev. */
const reserved =
  /^(?:snapshot|pvmove)|^(?:mapper|disk|mem|null|zero|full|random|tty|md|shm|pts|net|loop|block|input|char|bus|fd|core|cpu|dri|snd|vfio)$|_(?:mlog|mimage|rimage|rmeta|tdata|tmeta|vorigin|cdata|cmeta|corig|pmspare)/

function checkNames(layout: Layout, complain: Complain): void {
  const disks = new Unique('disk', complain)
  const devices = new Unique('device', complain)
  for (const [index, set] of layout.disks.entries()) {
    disks.add(set.name, ['disks', index, 'name'])
    for (const [at, { name }] of set.partitions.entries()) devices.add(name, ['disks', index, 'partitions', at, 'name'])
  }
  for (const [index, { name }] of layout.raid.entries()) devices.add(name, ['raid', index, 'name'])
  for (const [index, group] of layout.lvm.entries()) {
    const volumes = new Unique(`volume in ${group.name}`, complain)
    devices.add(group.name, ['lvm', index, 'name'])
    refuseReserved(group.name, ['lvm', index, 'name'], complain)
    for (const [at, { name }] of group.volumes.entries()) {
      volumes.add(name, ['lvm', index, 'volumes', at, 'name'])
      refuseReserved(name, ['lvm', index, 'volumes', at, 'name'], complain)
    }
  }
}

function refuseReserved(name: string, path: Path, complain: Complain): void {
  if (reserved.test(name)) complain(path, `LVM cannot use the name ${name}`, 'take another, like vg or data')
}

class Unique {
  readonly #what: string
  readonly #complain: Complain
  readonly #seen = new Set<string>()

  constructor(what: string, complain: Complain) {
    this.#what = what
    this.#complain = complain
  }

  add(name: string, path: Path): void {
    if (this.#seen.has(name)) this.#complain(path, `there is another ${this.#what} ${name}`, 'give each its own name')
    this.#seen.add(name)
  }
}

function checkDisk(set: DiskSet, path: Path, complain: Complain): void {
  const { partitions, table, match } = set
  const most = table === 'gpt' ? 128 : 4
  const place = [...path, 'partitions']
  if (partitions.length === 0) complain(place, 'the disk has no partition', 'write at least one')
  if (partitions.length > most) {
    const hint = table === 'gpt' ? 'use LVM for so many file systems' : 'use table: gpt; an MBR has four entries'
    complain(place, `${partitions.length} partitions do not fit into the table; ${most} do`, hint)
  }
  checkSizes(
    partitions.map(({ size }) => size),
    place,
    'disk',
    complain,
  )
  checkSpace(partitions, match, place, complain)
  if (match.atLeast !== undefined && match.atMost !== undefined && match.atLeast > match.atMost) {
    complain([...path, 'match', 'at-least'], 'at-least is more than at-most', 'swap the two')
  }
  for (const [index, { type, name }] of partitions.entries()) {
    if (table === 'mbr' && type !== undefined && partitionTypes[type].mbr === undefined) {
      complain([...place, index, 'type'], `${name}: an MBR has no partitions of the type ${type}`, 'use table: gpt')
    }
  }
}

function checkSizes(sizes: readonly Size[], path: Path, whole: string, complain: Complain): void {
  const growing = sizes.flatMap(({ is }, index) => (is === 'rest' ? [index] : []))
  for (const index of growing.slice(1)) {
    complain(
      [...path, index, 'size'],
      `a second one grows on the same ${whole}`,
      'let one of them take the rest, and give the other a size',
    )
  }
  let percent = 0
  for (const [index, size] of sizes.entries()) {
    if (size.is !== 'percent') continue
    percent += size.percent
    if (percent > 100)
      complain([...path, index, 'size'], `together they take ${percent}% of the ${whole}`, 'make them smaller')
    else if (percent === 100 && sizes.length > sizes.filter(({ is }) => is === 'percent').length) {
      complain(
        [...path, index, 'size'],
        `nothing of the ${whole} is left for the others`,
        'make it smaller, or write rest',
      )
    }
  }
}

/** A disk that the layout would choose must be able to hold it. */
function checkSpace(partitions: readonly Partition[], match: Match, path: Path, complain: Complain): void {
  const largest = match.size ?? match.atMost
  const fixed = partitions.reduce((sum, { size }) => sum + (size.is === 'fixed' ? size.mib : 0), 0)
  if (largest !== undefined && fixed > largest * 1.01) {
    complain(
      path,
      `they need ${formatMib(fixed)}, more than the disk may have`,
      'make them smaller, or choose a larger disk',
    )
  }
}

function checkMembers(layout: Layout, complain: Complain): void {
  const devices = devicesOf(layout)
  const taken = new Map<string, string>()
  for (const [index, raid] of layout.raid.entries()) {
    const path = ['raid', index, 'members']
    const candidates = devices.filter(({ kind }) => kind === 'partition')
    const members = find(raid.members, candidates, path, complain)
    take(raid.name, raid.members, members, path, taken, complain)
    if (raid.members.length > 0 && members.length > 0) checkRaid(raid, members, ['raid', index], complain)
    else if (raid.members.length === 0)
      complain(path, 'a RAID without members', 'name the partitions that it is made of')
  }
  for (const [index, group] of layout.lvm.entries()) {
    const path = ['lvm', index, 'members']
    const members = find(
      group.members,
      devices.filter(({ kind }) => kind !== 'volume'),
      path,
      complain,
    )
    take(group.name, group.members, members, path, taken, complain)
    if (group.members.length === 0) complain(path, 'a volume group without members', 'name a partition or a RAID')
    if (group.volumes.length === 0)
      complain(['lvm', index, 'volumes'], 'a volume group without volumes', 'write at least one')
  }
  checkLonely(layout, taken, complain)
}

function find(names: readonly string[], candidates: readonly Device[], path: Path, complain: Complain): Device[] {
  const known = [...new Set(candidates.map(({ of }) => of.name))]
  for (const [index, name] of names.entries()) {
    if (!known.includes(name))
      complain([...path, index], `there is no ${name} to take`, didYouMean(name, known, 'name a partition'))
  }
  return membersOf(candidates, names)
}

function take(
  owner: string,
  names: readonly string[],
  members: readonly Device[],
  path: Path,
  taken: Map<string, string>,
  complain: Complain,
): void {
  for (const [index, name] of names.entries()) {
    const before = taken.get(name)
    if (before !== undefined) complain([...path, index], `${name} belongs to ${before} already`, 'name it once')
    taken.set(name, owner)
  }
  for (const { of, path: at } of new Map(members.map((each) => [each.of.name, each])).values()) {
    if (of.filesystem !== undefined) {
      complain(
        [...at, 'filesystem'],
        `${of.name} is a member of ${owner} and cannot hold a file system`,
        `give it to ${owner}`,
      )
    }
  }
}

function checkRaid(raid: Raid, members: readonly Device[], path: Path, complain: Complain): void {
  const disks = members.flatMap((each) => (each.kind === 'partition' ? [each.disk] : []))
  const active = members.length - raid.spares
  if (active < 2) {
    complain(
      [...path, 'members'],
      `a RAID of ${active < 1 ? 'none' : 'one'}`,
      'name two members, or give their disk a count: 2',
    )
  }
  if (new Set(disks).size < disks.length) {
    complain([...path, 'members'], 'two members are on the same disk', 'take each from a disk of its own')
  }
  if (raid.level === '0' && raid.spares > 0) complain([...path, 'spares'], 'RAID 0 has no spares', 'take them out')
  if (raid.level === '1' && raid.chunk !== undefined)
    complain([...path, 'chunk'], 'RAID 1 has no chunks', 'take it out')
  for (const { of, path: at } of members) {
    if (of.encrypt !== undefined)
      complain([...at, 'encrypt'], 'a member of a RAID cannot be encrypted', `encrypt ${raid.name} instead`)
  }
}

/** Partitions that say they are members, and are not. */
function checkLonely(layout: Layout, taken: ReadonlyMap<string, string>, complain: Complain): void {
  for (const { kind, of, path, content } of devicesOf(layout)) {
    if (taken.has(of.name)) continue
    if (kind === 'partition' && (of.type === 'raid' || of.type === 'lvm')) {
      complain(
        [...path, 'type'],
        `${of.name} belongs to no ${of.type === 'raid' ? 'RAID' : 'volume group'}`,
        'name it among the members',
      )
    } else if (content.encrypt !== undefined && content.filesystem === undefined) {
      complain(
        [...path, 'encrypt'],
        `nothing is inside the encrypted ${of.name}`,
        'give it a filesystem: or make it a member of lvm:',
      )
    }
  }
}
