import type { Path } from '../../config/problem.ts'
import type { Content, DiskSet, Layout, Partition, Raid, Volume, VolumeGroup } from './layout.ts'

/** One block device that the layout makes, by the name under which the script knows it: `root`, `root.2` on a set's second disk, `vg/home`. */
export type Device = { readonly ref: string; readonly path: Path; readonly content: Content } & (
  | {
      readonly kind: 'partition'
      readonly disk: number
      readonly number: number
      readonly of: Partition
      readonly set: DiskSet
      readonly copy: number
    }
  | { readonly kind: 'raid'; readonly of: Raid }
  | { readonly kind: 'volume'; readonly of: Volume; readonly group: VolumeGroup }
)

export type PartitionDevice = Device & { readonly kind: 'partition' }

/** One real disk that the layout needs; `index` counts from 1 over all sets, in the order written. */
export interface Disk {
  readonly index: number
  readonly set: DiskSet
  /** From 1 within its set. */
  readonly copy: number
}

export function disksOf(layout: Layout): Disk[] {
  const disks = layout.disks.flatMap((set) => Array.from({ length: set.count }, (_, copy) => ({ set, copy: copy + 1 })))
  return disks.map((disk, index) => ({ index: index + 1, ...disk }))
}

/** In the order in which they can be made: partitions, arrays, volumes. */
export function devicesOf(layout: Layout): Device[] {
  return [...partitionsOf(layout), ...layout.raid.map(arrayOf), ...layout.lvm.flatMap(volumesOf)]
}

export function partitionsOf(layout: Layout): PartitionDevice[] {
  return disksOf(layout).flatMap(({ index, set, copy }) =>
    set.partitions.map((of, position) => ({
      kind: 'partition' as const,
      ref: set.count === 1 ? of.name : `${of.name}.${copy}`,
      path: ['disks', layout.disks.indexOf(set), 'partitions', position],
      content: contentOf(of, copy),
      disk: index,
      number: position + 1,
      of,
      set,
      copy,
    })),
  )
}

/** The devices of those names: a partition of a set of disks is one on each of them. */
export function membersOf(devices: readonly Device[], names: readonly string[]): Device[] {
  return names.flatMap((name) => devices.filter(({ of, kind }) => kind !== 'volume' && of.name === name))
}

/** The name under which device mapper opens it: no volume has a dot in its name. */
export function openedName(ref: string): string {
  return `${ref.replaceAll('/', '-')}.crypt`
}

function arrayOf(of: Raid, index: number): Device {
  return { kind: 'raid', ref: of.name, path: ['raid', index], content: of, of }
}

function volumesOf(group: VolumeGroup, index: number): Device[] {
  return group.volumes.map((of, position) => ({
    kind: 'volume',
    ref: `${group.name}/${of.name}`,
    path: ['lvm', index, 'volumes', position],
    content: of,
    of,
    group,
  }))
}

/** Of the EFI system partitions of a set the first is mounted; the machine must come up without it too, because its disk may be the one that died. */
function contentOf(of: Partition, copy: number): Content {
  if (copy === 1) return of
  const { mount: _, ...rest } = of
  return rest
}
