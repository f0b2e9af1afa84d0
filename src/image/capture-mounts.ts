import { withoutEnd } from '../config/without-end.ts'

/** One line of /proc/self/mountinfo (proc(5)). */
interface Mount {
  readonly device: string
  readonly root: string
  readonly at: string
  readonly type: string
}

/** File systems whose files are a machine's own. */
const local = new Set(
  'ext2 ext3 ext4 xfs btrfs f2fs jfs reiserfs bcachefs zfs vfat msdos exfat ntfs ntfs3 nilfs2 ubifs ufs minix overlay erofs rootfs'.split(
    ' ',
  ),
)

/** Made by the kernel or by running programs: nobody expects them in an image. */
const kernel = new Set(
  'proc sysfs devtmpfs devpts tmpfs ramfs cgroup cgroup2 pstore bpf tracefs debugfs securityfs configfs fusectl hugetlbfs mqueue efivarfs binfmt_misc autofs rpc_pipefs nsfs selinuxfs'.split(
    ' ',
  ),
)

export interface Roots {
  /** Where to start, each staying on its file system; absolute paths as bytes. */
  readonly start: readonly string[]
  /** Mount points whose content is not the machine's; the directories themselves are. */
  readonly not: ReadonlySet<string>
  /** A sentence for each that a person may have expected. */
  readonly notes: readonly string[]
}

/** Which of the mounted file systems make the tree under `base`. A tmpfs that is `base` itself counts as a disk. */
export function rootsOf(mountinfo: string, base: string): Roots {
  const top = withoutEnd(Buffer.from(base).toString('latin1'), '/')
  const start = [top === '' ? '/' : top]
  const not = new Set<string>()
  const notes: string[] = []
  const seen = new Set<string>()
  const mounts = mountinfo.split('\n').flatMap(readMount)
  const own = mounts
    .filter(({ at }) => isWithin(top, at))
    .toSorted((a, b) => a.at.length - b.at.length)
    .at(-1)
  if (own) seen.add(`${own.device} ${own.root}`)
  for (const mount of mounts) {
    if (mount.at === top || (top === '' && mount.at === '/') || !isWithin(mount.at, top)) continue
    const key = `${mount.device} ${mount.root}`
    if (local.has(mount.type) && !seen.has(key) && !isBind(mount, mounts)) start.push(mount.at)
    else {
      not.add(mount.at)
      if (!kernel.has(mount.type)) notes.push(`${mount.at} is ${reason(mount)}: its content is left out`)
    }
    seen.add(key)
  }
  return { start: [...new Set(start)].filter((at) => !not.has(at)), not, notes }
}

function reason(mount: Mount): string {
  return local.has(mount.type) ? 'mounted a second time there' : `a file system of the type ${mount.type}`
}

/** A bind mount shows a part of a file system that is mounted whole elsewhere; a btrfs subvolume is a file system of its own. */
function isBind(mount: Mount, mounts: readonly Mount[]): boolean {
  if (mount.root === '/' || mount.type === 'btrfs') return false
  return mounts.some(({ device, root }) => device === mount.device && root === '/')
}

function isWithin(path: string, directory: string): boolean {
  return directory === '' || directory === '/' || path === directory || path.startsWith(`${directory}/`)
}

function readMount(line: string): Mount[] {
  const [, , device, root, at, ...rest] = line.split(' ')
  const type = rest[rest.indexOf('-') + 1]
  if (!device || !root || !at || !type) return []
  return [{ device, root: unescape(root), at: unescape(at), type }]
}

/** Space, tab, newline and backslash stand as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
