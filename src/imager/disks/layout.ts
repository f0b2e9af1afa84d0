import type { Size } from './size.ts'

/** Disks as data: how to know them again, and what shall be on them. Names are unique in one layout; docs/layouts.md shows each key. */
export interface Layout {
  readonly disks: readonly DiskSet[]
  readonly raid: readonly Raid[]
  readonly lvm: readonly VolumeGroup[]
}

/** One disk, or `count` disks that are partitioned alike. */
export interface DiskSet {
  readonly name: string
  readonly match: Match
  readonly count: number
  readonly table: 'gpt' | 'mbr'
  readonly partitions: readonly Partition[]
}

/** All that is given must hold; of a list, one. Nothing given: any disk, and there must not be a second one. */
export interface Match {
  readonly serial: readonly string[]
  readonly wwn: readonly string[]
  /** Names below /dev/disk/by-path, `*` and `?` stand for any characters. */
  readonly path: readonly string[]
  readonly model: readonly string[]
  readonly bus: readonly Bus[]
  /** MiB, within one percent, because makers round. */
  readonly size?: number
  /** MiB */
  readonly atLeast?: number
  /** MiB */
  readonly atMost?: number
  readonly choose?: 'smallest' | 'largest'
}

/** USB sticks and memory cards are only chosen by a layout that names their bus. */
export const buses = ['nvme', 'sata', 'scsi', 'virtio', 'xen', 'mmc', 'usb', 'card', 'loop'] as const
export type Bus = (typeof buses)[number]
export const usualBuses: readonly Bus[] = ['nvme', 'sata', 'scsi', 'virtio', 'xen', 'mmc']

export const filesystems = ['ext4', 'xfs', 'btrfs', 'vfat', 'swap'] as const
export type Filesystem = (typeof filesystems)[number]

/** What is on a device: a file system or swap, inside LUKS or not; nothing when it is a member of RAID or LVM. */
export interface Content {
  readonly filesystem?: Filesystem
  readonly label?: string
  /** Words for mkfs. */
  readonly mkfs: readonly string[]
  readonly mount?: string
  readonly options: string
  /** The name of the secret that opens it. */
  readonly encrypt?: string
}

export interface Partition extends Content {
  readonly name: string
  readonly type?: PartitionType
  readonly size: Size
}

export const raidLevels = ['0', '1', '10'] as const

export interface Raid extends Content {
  readonly name: string
  readonly level: (typeof raidLevels)[number]
  readonly members: readonly string[]
  readonly spares: number
  /** KiB */
  readonly chunk?: number
}

export interface VolumeGroup {
  readonly name: string
  readonly members: readonly string[]
  readonly volumes: readonly Volume[]
}

export interface Volume extends Content {
  readonly name: string
  readonly size: Size
}

/** GPT type GUIDs (UEFI specification, Discoverable Partitions Specification) and the MBR's byte; no byte: GPT only. */
export const partitionTypes = {
  esp: { gpt: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', mbr: 'ef' },
  'bios-boot': { gpt: '21686148-6449-6E6F-744E-656564454649', mbr: undefined },
  linux: { gpt: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', mbr: '83' },
  swap: { gpt: '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F', mbr: '82' },
  raid: { gpt: 'A19D880F-05FC-4D3B-A006-743F0F84911E', mbr: 'fd' },
  lvm: { gpt: 'E6D6D379-F507-44C2-A23C-238F2A3DF928', mbr: '8e' },
  luks: { gpt: 'CA7D7CCB-63ED-4C53-861C-1742536059CC', mbr: 'e8' },
  root: { gpt: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709', mbr: '83' },
  home: { gpt: '933AC7E1-2EB4-4F13-B844-0E14E2AEF915', mbr: '83' },
  data: { gpt: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7', mbr: '07' },
} as const

export type PartitionType = keyof typeof partitionTypes
