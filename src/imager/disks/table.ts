import { disksOf } from './devices.ts'
import type { Disk } from './devices.ts'
import type { Layout } from './layout.ts'
import { partitionTypes } from './layout.ts'
import { bootPartition } from './mounts.ts'
import { typeOf } from './script.ts'
import type { Size } from './size.ts'
import { Fault } from '../../fault.ts'

/** One disk's partition table as the script writes it, with the words of `sfdisk --json`, but in MiB. */
export interface ExpectedTable {
  /** The name in the layout: `system`, or `system.2` for the second of a set. */
  readonly disk: string
  readonly label: 'gpt' | 'dos'
  readonly partitions: readonly ExpectedPartition[]
}

export interface ExpectedPartition {
  readonly number: number
  /** MiB from the beginning of the disk. */
  readonly start: number
  /** MiB */
  readonly size: number
  readonly type: string
  /** GPT only. */
  readonly name?: string
  readonly bootable?: true
}

/**
 * The tables that the layout gives disks of these sizes (MiB, one for each disk, in the order of the layout), as plain JSON. Throws
 * `layout-invalid` when one is too small. Computes as `disks_script` in write.sh does; a test holds the two together.
 */
export function expectedTables(layout: Layout, sizes: readonly number[]): ExpectedTable[] {
  return disksOf(layout).map((disk) => tableOf(disk, sizes[disk.index - 1] ?? 0, layout))
}

function tableOf({ set, copy }: Disk, whole: number, layout: Layout): ExpectedTable {
  const sizes = place(
    set.partitions.map(({ size }) => size),
    whole,
    set.name,
  )
  const boot = bootPartition(layout)
  let start = 1
  const partitions = set.partitions.map((partition, index): ExpectedPartition => {
    const [from, size] = [start, sizes[index]!]
    start += size
    const type = partitionTypes[typeOf(partition, layout)][set.table]!
    const row = { number: index + 1, start: from, size, type }
    if (set.table === 'gpt') return { ...row, name: partition.name }
    return partition === boot ? { ...row, bootable: true } : row
  })
  const disk = set.count === 1 ? set.name : `${set.name}.${copy}`
  return { disk, label: set.table === 'gpt' ? 'gpt' : 'dos', partitions }
}

/** The first MiB is the table's and the alignment's, the last one the second table's. */
function place(sizes: readonly Size[], whole: number, disk: string): number[] {
  const usable = whole - 2
  const taken = sizes.map((size) => {
    if (size.is === 'rest') return 0
    return size.is === 'fixed' ? size.mib : Math.max(1, Math.trunc((usable * size.percent) / 100))
  })
  const left = usable - taken.reduce((sum, each) => sum + each, 0)
  const grows = sizes.some(({ is }) => is === 'rest')
  if (left < (grows ? 1 : 0)) {
    const hint = `it needs ${whole - left + (grows ? 1 : 0)} MiB`
    throw new Fault('layout-invalid', `${disk}: a disk of ${whole} MiB is too small`, { hint })
  }
  return sizes.map(({ is }, index) => (is === 'rest' ? left : taken[index]!))
}
