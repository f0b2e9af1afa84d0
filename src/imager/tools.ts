import { execa } from 'execa'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Fault } from '../fault.ts'
import { modes, type Entry } from './cpio.ts'

/** A program of the imager, and the Debian package that brings it. */
interface Tool {
  readonly name: string
  readonly package: string
  /** Nothing that is shipped needs it, but a profile may. */
  readonly optional?: true
}

/**
 * busybox has small forms of some; what writes disks, reads images and checks them are the real ones. So is the shell: that of busybox
 * would take its own forms whatever stands first in the PATH.
 */
export const tools: readonly Tool[] = [
  { name: 'bash', package: 'bash' },
  { name: 'busybox', package: 'busybox-static' },
  { name: 'modprobe', package: 'kmod' },
  { name: 'tar', package: 'tar' },
  { name: 'zstd', package: 'zstd' },
  { name: 'curl', package: 'curl' },
  { name: 'sha256sum', package: 'coreutils' },
  { name: 'tee', package: 'coreutils' },
  { name: 'openssl', package: 'openssl' },
  { name: 'sfdisk', package: 'fdisk' },
  { name: 'wipefs', package: 'util-linux' },
  { name: 'blkid', package: 'util-linux' },
  { name: 'blockdev', package: 'util-linux' },
  { name: 'mkswap', package: 'util-linux' },
  { name: 'mdadm', package: 'mdadm' },
  { name: 'lvm', package: 'lvm2' },
  { name: 'dmsetup', package: 'dmsetup' },
  { name: 'cryptsetup', package: 'cryptsetup-bin' },
  { name: 'mkfs.ext4', package: 'e2fsprogs' },
  { name: 'mkfs.xfs', package: 'xfsprogs' },
  { name: 'mkfs.btrfs', package: 'btrfs-progs' },
  { name: 'mkfs.vfat', package: 'dosfstools' },
  { name: 'kexec', package: 'kexec-tools', optional: true },
  { name: 'aria2c', package: 'aria2', optional: true },
  { name: 'uftpd', package: 'uftp', optional: true },
]

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Opened by name while a program runs, so that no program lists them: pthread_cancel needs the first. */
const opened = ['libgcc_s.so.1']

export interface ToolEntries {
  readonly entries: readonly Entry[]
  readonly names: readonly string[]
  /** Optional ones that are not on this host. */
  readonly without: readonly string[]
}

/** The programs of this host with the libraries that they need. Throws `imager-failed` with the packages that are missing. */
export async function toolEntries(wanted: readonly Tool[] = tools): Promise<ToolEntries> {
  const found = wanted.map((tool) => ({ ...tool, path: pathOf(tool.name) }))
  const missing = found.filter(({ path, optional }) => path === undefined && !optional)
  if (missing.length > 0) throw lacking(missing)
  const here = found.filter((tool): tool is typeof tool & { path: string } => tool.path !== undefined)
  const libraries = await librariesOf(here.map(({ path }) => path))
  const programs = here.map(({ name, path }) => ({
    name: `bin/${name}`,
    mode: modes.program,
    bytes: readFileSync(path),
  }))
  return {
    entries: [...programs, ...libraries],
    names: here.map(({ name }) => name),
    without: found.filter(({ path }) => path === undefined).map(({ name }) => name),
  }
}

function lacking(missing: readonly Tool[]): Fault {
  const packages = [...new Set(missing.map((tool) => tool.package))].join(' ')
  return new Fault('imager-failed', `this host lacks ${missing.map(({ name }) => name).join(', ')} for the imager`, {
    hint: `apt-get install ${packages}`,
  })
}

function pathOf(name: string): string | undefined {
  const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate))
  return path && realpathSync(path)
}

/** By the dynamic linker itself: what it would load, at the places where it looks. */
async function librariesOf(programs: readonly string[]): Promise<Entry[]> {
  const { stdout } = await execa('ldd', programs, { reject: false })
  const paths = new Set([...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path!))
  const folder = [...paths].find((path) => basename(path).startsWith('libc.so'))?.replace(/\/[^/]*$/, '')
  for (const name of opened) if (folder && existsSync(join(folder, name))) paths.add(join(folder, name))
  return [...paths].map((path) => ({ name: path.slice(1), mode: modes.program, bytes: readFileSync(path) }))
}
