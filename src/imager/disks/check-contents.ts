import type { Complain } from './complain.ts'
import { devicesOf, membersOf } from './devices.ts'
import type { Device } from './devices.ts'
import type { Filesystem, Layout } from './layout.ts'

/** File systems and where they are mounted. */
export function checkContents(layout: Layout, complain: Complain): void {
  const devices = devicesOf(layout)
  // A set's partition is written once, so it is complained about once.
  for (const device of devices) if (device.kind !== 'partition' || device.copy === 1) checkContent(device, complain)
  checkMounts(devices, complain)
}

/** Characters, by each file system's own format. */
const labelSizes: Readonly<Record<Filesystem, number>> = { ext4: 16, xfs: 12, btrfs: 32, vfat: 11, swap: 15 }

/** MiB, below which mkfs refuses (xfsprogs 5.19 and later; btrfs-progs). */
const leastSizes: Readonly<Partial<Record<Filesystem, number>>> = { xfs: 300, btrfs: 115 }

function checkContent(device: Device, complain: Complain): void {
  const { path, content, of } = device
  const { filesystem, label, mount, mkfs, options } = content
  const wrong = (key: string, message: string, hint: string) => complain([...path, key], `${of.name} ${message}`, hint)
  if (filesystem === undefined) {
    if (mount !== undefined) wrong('mount', 'is mounted but has no file system', 'add filesystem: ext4')
    if (label !== undefined) wrong('label', 'has a label but no file system', 'the name is the label of the partition')
    if (mkfs.length > 0) wrong('mkfs', 'has options for mkfs but no file system', 'add filesystem:')
  } else if (label !== undefined && label.length > labelSizes[filesystem]) {
    wrong('label', `has a label longer than ${labelSizes[filesystem]} characters`, `${filesystem} keeps no more`)
  }
  const least = filesystem === undefined ? undefined : leastSizes[filesystem]
  if (least !== undefined && 'size' in of && of.size.is === 'fixed' && of.size.mib < least)
    wrong('size', `is too small for ${filesystem}`, `${filesystem} needs ${least} MiB`)
  if (filesystem === 'swap' && mount !== undefined)
    wrong('mount', 'is swap and cannot be mounted', 'take one of the two out')
  if (options !== 'defaults' && mount === undefined && filesystem !== 'swap') {
    wrong('options', 'has mount options but is not mounted', 'add mount:')
  }
  if (device.kind === 'partition') checkPartition(device, wrong)
}

type Wrong = (key: string, message: string, hint: string) => void

function checkPartition({ of, set }: Device & { kind: 'partition' }, wrong: Wrong): void {
  const { type, filesystem, encrypt, mount } = of
  if (type === 'bios-boot' && (filesystem ?? encrypt) !== undefined) {
    wrong(filesystem ? 'filesystem' : 'encrypt', 'is where GRUB keeps its core, without a file system', 'take it out')
  }
  if (type === 'esp' && filesystem !== 'vfat')
    wrong('filesystem', 'is an EFI system partition', 'firmware reads vfat only')
  if (type === 'esp' && encrypt !== undefined) wrong('encrypt', 'is read by the firmware', 'take encrypt: out')
  if (set.count > 1 && mount !== undefined && type !== 'esp') {
    wrong('mount', `is on ${set.count} disks and can be mounted from one only`, 'make a raid: of them, and mount that')
  }
}

function checkMounts(devices: readonly Device[], complain: Complain): void {
  const places = new Map<string, Device>()
  for (const device of devices) {
    const { mount } = device.content
    if (mount === undefined) continue
    const before = places.get(mount)
    if (before)
      complain([...device.path, 'mount'], `${before.ref} is mounted at ${mount} already`, 'mount it at another place')
    else places.set(mount, device)
  }
  const root = places.get('/')
  if (!root) complain([], 'nothing is mounted at /', 'give the root file system mount: /')
  else if (root.content.filesystem === 'vfat') {
    complain([...root.path, 'filesystem'], 'vfat keeps no owners and modes', 'use ext4, xfs or btrfs for /')
  }
  const boot = places.get('/boot') ?? root
  // GRUB opens no LUKS2 with Argon2, which is what cryptsetup makes.
  if (boot && isEncrypted(boot, devices)) {
    complain(
      [...boot.path, 'mount'],
      'the boot loader cannot read /boot when it is encrypted',
      'give /boot a partition of its own',
    )
  }
}

function isEncrypted(device: Device, devices: readonly Device[]): boolean {
  if (device.content.encrypt !== undefined) return true
  const below = device.kind === 'volume' ? device.group.members : device.kind === 'raid' ? device.of.members : []
  return membersOf(devices, below).some((each) => isEncrypted(each, devices))
}
