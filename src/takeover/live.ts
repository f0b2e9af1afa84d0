import { basename } from 'node:path'

/** What an entry boots, as far as its line tells. */
export interface BootLine {
  readonly kernel: string
  readonly initrd: readonly string[]
  readonly args: readonly string[]
}

/**
 * Why a line may not become a profile of kind `live`, which needs no permit; undefined where the line itself shows that its root is read
 * only or in RAM, and starts nothing else. What is not known to leave disks alone may write them.
 */
export function liveDoubt(line: BootLine): string | undefined {
  const count = (key: string): number => line.args.filter((word) => keyOf(word) === key).length
  // Of two roots the last wins, or the first: programs differ.
  if (!liveRoots.some((each) => each(line)) || count('root') > 1 || count('boot') > 1)
    return 'its line does not show that its root is read only or in RAM'
  const word = line.args.find(
    (each) => starts.test(keyOf(each).replaceAll(harmless, '')) || (each.includes('://') && !roots.test(each)),
  )
  return word === undefined ? undefined : `${shown(word)} may start a program that writes disks`
}

const liveRoots: readonly ((line: BootLine) => boolean)[] = [
  // Linux, Documentation/admin-guide/nfs/nfsroot.rst: the root is a directory of a server; initramfs-tools(7) calls it boot=nfs.
  ({ args }) =>
    (args.includes('root=/dev/nfs') && args.some((word) => word === 'ro' || word.startsWith('nfsroot='))) ||
    (args.includes('boot=nfs') && args.some((word) => word.startsWith('nfsroot='))),
  // dracut.cmdline(7), NFS.
  ({ args }) => args.includes('ro') && args.some((word) => /^(?:net)?root=nfs4?:/.test(word)),
  // live-boot(7): the root is a read-only image with an overlay in RAM; casper(7) is the same of Ubuntu.
  ({ args }) => args.includes('boot=live') || args.includes('boot=casper'),
  // dracut.cmdline(7), booting live images.
  ({ args }) => args.some((word) => /^root=live:|^rd\.live\.(?:image|ram)(?:=1)?$/.test(word)),
  // mkinitcpio-archiso, docs/README.bootparams.
  ({ args }) =>
    args.some((word) => word.startsWith('archisobasedir=')) &&
    args.some((word) => /^archiso(?:_(?:http|nfs|nbd)_srv|device|label|searchuuid)=/.test(word)),
  // Alpine's initramfs-init: a tmpfs as root, its modules from a squashfs.
  ({ args }) => args.some((word) => word.startsWith('modloop=')) && !args.some((word) => word.startsWith('root=')),
  // Memtest86+ has no driver of a disk.
  ({ kernel, initrd }) => initrd.length === 0 && /^(?:memtest|mt86)[\w.+-]*$/i.test(basename(kernel)),
]

/** Where a live root, or what belongs to it, is fetched from. */
const roots =
  /^(?:root=(?:live|nfs4?):|(?:netroot|nfsroot|fetch|httpfs|ftpfs|archiso_(?:http|nfs|nbd)_srv|modloop|alpine_repo|coreos\.live\.rootfs_url)=)/

/** Keys of what live systems start by themselves (hooks, scripts, configurations, installers), and of overlays that lie on a disk. */
const starts =
  /auto|ubiquity|script|hook|instal|deploy|unattend|preseed|provision|restore|wipe|erase|format|clone|partition|^ar_|^persist|^rd\.(?:live\.)?overlay$|^cow_(?:label|device)$|^(?:rd)?init$|^systemd\.(?:run|unit|wants)|^(?:ds|cc|cloud-config|cloud-init|apkovl|run|exec|startup|command|cmd|disk|target|dest|server|sysrescuecfg)(?:$|[.:_-])|ignition|agama|kickstart|answer/i

const harmless = /auto(?:login|suspend|fs|mount|neg|group)/gi

function keyOf(word: string): string {
  return word.split('=', 1)[0]!
}

/** A word for messages: its value may be a secret. */
export function shown(word: string): string {
  const key = keyOf(word).slice(0, 60)
  return word.includes('=') ? `${key}=…` : key
}
