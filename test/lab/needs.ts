import { accessSync, constants, existsSync } from 'node:fs'
import { test } from 'vitest'
import { missingForDebian } from './debian.ts'
import { kernelFile } from './kernel.ts'
import { foreignLoaders, type ForeignArch } from './loaders.ts'
import { programs, type Program } from './packages.ts'

/** What a test needs beyond Node: a program or file by its name in packages.ts, or one of these. */
export type Need = Single | keyof typeof sets

type Single = Program | 'root' | 'kernel' | 'debian' | `loaders-${ForeignArch}`

/** Needs that go together. */
const sets = {
  lan: ['root', 'ip', 'nsenter', 'unshare', 'setpriv', 'nft'],
  machine: ['root', 'qemu', 'kernel', 'busybox', 'perl', 'qemu-roms'],
  pxelinux: ['pxelinux.0', 'ldlinux.c32'],
  grub: ['ovmf', 'shimx64.efi', 'grubx64.efi'],
  // prettier-ignore
  imager: ['busybox', 'kmod', 'zstd', 'curl', 'openssl', 'sfdisk', 'mdadm', 'lvm', 'dmsetup', 'cryptsetup', 'mkfs.xfs', 'mkfs.btrfs', 'mkfs.vfat'],
  disk: ['grub-mkimage', 'grub-pc', 'grub-efi', 'mkfs.vfat', 'mcopy'],
} as const satisfies Record<string, readonly Single[]>

/**
 * A test that needs real programs. Where one is missing the test is skipped, with the reason in its title, so that a person
 * reads what to install.
 */
export function labTest(
  title: string,
  needs: readonly Need[],
  body: () => Promise<void> | void,
  milliseconds?: number,
): void {
  const why = missing(...needs)
  test.skipIf(why !== undefined)(why === undefined ? title : `${title} (skipped: ${why})`, body, milliseconds)
}

/** What is not there, as a reason; undefined when nothing is missing. */
export function missing(...needs: readonly Need[]): string | undefined {
  const reasons = needs.flatMap((need) => (isSet(need) ? sets[need] : [need])).flatMap(reasonFor)
  return reasons.length === 0 ? undefined : [...new Set(reasons)].join(', ')
}

function isSet(need: Need): need is keyof typeof sets {
  return Object.hasOwn(sets, need)
}

function reasonFor(need: Single): string[] {
  if (need === 'loaders-arm64' || need === 'loaders-i386') {
    const arch = need === 'loaders-arm64' ? 'arm64' : 'i386'
    return existsSync(foreignLoaders(arch).shim) ? [] : [`no loaders for ${arch}: apt-get download failed`]
  }
  if (need === 'debian') return [missingForDebian() ?? []].flat()
  if (need === 'root') return mayMakeNamespaces() ? [] : ['needs root, for network namespaces']
  if (need === 'kernel')
    return existsSync(kernelFile) ? [] : ['no kernel for the guest: apt-get download linux-image-amd64 failed']
  const { paths, package: name } = programs[need]
  return paths.some(isReadable) ? [] : [`needs the Debian package ${name}`]
}

function mayMakeNamespaces(): boolean {
  return process.getuid?.() === 0 && isReadable('/dev/net/tun')
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
