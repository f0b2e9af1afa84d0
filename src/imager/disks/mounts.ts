import { devicesOf } from './devices.ts'
import type { Device } from './devices.ts'
import type { Content, Layout, Partition } from './layout.ts'

/** What is mounted, a directory before what is inside it. */
export function mountedDevices(devices: readonly Device[]): Device[] {
  const mounted = devices.filter(({ content }) => content.mount !== undefined)
  return mounted.toSorted((a, b) => depth(a.content.mount!) - depth(b.content.mount!))
}

function depth(mount: string): number {
  return mount.split('/').filter((part) => part !== '').length
}

/** In which order fsck looks at it at boot (fstab(5)); XFS and Btrfs need none. */
export function passOf({ filesystem, mount }: Content): 0 | 1 | 2 {
  if (mount === undefined || filesystem === 'xfs' || filesystem === 'btrfs' || filesystem === 'swap') return 0
  return mount === '/' ? 1 : 2
}

/** The partition with the kernels, when they are on a plain partition. */
export function bootPartition(layout: Layout): Partition | undefined {
  const plain = devicesOf(layout).filter((each) => each.kind === 'partition')
  return (plain.find(({ of }) => of.mount === '/boot') ?? plain.find(({ of }) => of.mount === '/'))?.of
}
