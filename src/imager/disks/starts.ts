import { devicesOf } from './devices.ts'
import type { DiskSet, Layout } from './layout.ts'
import { bootPartition } from './mounts.ts'

/** Kinds of firmware that a machine may have. */
export type Firmware = 'bios' | 'uefi'

/** Which firmware can start a system on these disks: GRUB needs a place that this firmware reads. */
export function firmwaresOf(layout: Layout): Firmware[] {
  const bios = layout.disks.some((set) => startsBios(set, layout))
  return [...(bios ? (['bios'] as const) : []), ...(hasMountedEsp(layout) ? (['uefi'] as const) : [])]
}

/** What a layout lacks for a firmware, for people. */
export const lacksFor: Readonly<Record<Firmware, string>> = {
  bios: 'a partition of type bios-boot on a GPT (1MiB), or an MBR',
  uefi: 'a partition of type esp that is mounted (at /boot/efi)',
}

/** GRUB's core stands behind an MBR, or in a partition of its own on a GPT. */
export function startsBios({ table: kind, partitions }: DiskSet, layout: Layout): boolean {
  if (kind === 'gpt') return partitions.some(({ type }) => type === 'bios-boot')
  const boot = bootPartition(layout)
  return layout.disks.length === 1 || partitions.some((each) => each === boot)
}

function hasMountedEsp(layout: Layout): boolean {
  return devicesOf(layout).some(
    ({ kind, of, content }) => kind === 'partition' && 'type' in of && of.type === 'esp' && content.mount !== undefined,
  )
}
