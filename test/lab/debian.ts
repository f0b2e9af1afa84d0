import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { run } from './child.ts'

const cache = fileURLToPath(new URL('../../node_modules/.cache/birnam-lab/', import.meta.url))

/** Enough to boot from BIOS and UEFI, to be logged in to, and to be brought forward. */
const packages = [
  'linux-image-cloud-amd64',
  'initramfs-tools',
  'systemd-sysv',
  'udev',
  'grub-pc-bin',
  'grub-efi-amd64-bin',
  'grub2-common',
  'openssh-server',
  'e2fsprogs',
  'zstd',
  'curl',
]

const leftOut = ['/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/man/*', '/usr/share/info/*']

// A console that a test can read, an address by DHCP, and no waiting.
const customised = [
  'echo porter >"$1/etc/hostname"',
  'mkdir -p "$1/etc/default/grub.d" "$1/etc/systemd/network"',
  'printf "GRUB_TIMEOUT=0\\nGRUB_CMDLINE_LINUX=\\"console=ttyS0,115200\\"\\nGRUB_CMDLINE_LINUX_DEFAULT=\\nGRUB_TERMINAL=console\\n" >"$1/etc/default/grub.d/lab.cfg"',
  'printf "[Match]\\nName=e*\\n[Network]\\nDHCP=yes\\n" >"$1/etc/systemd/network/80-lab.network"',
  'chroot "$1" systemctl enable systemd-networkd',
  'chroot "$1" systemctl mask systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer',
]

/** `stacked` has what disks need that are more than a partition; `large` is a server as people have them, of 1.2 GB, for the benches. */
export type Kind = 'plain' | 'stacked' | 'large'

const kinds: Readonly<Record<Kind, { readonly home: string; readonly more: readonly string[] }>> = {
  plain: { home: 'debian-1', more: [] },
  stacked: { home: 'debian-stacked-1', more: ['mdadm', 'lvm2'] },
  large: {
    home: 'debian-large-1',
    more: ['linux-image-amd64', 'linux-headers-amd64', 'python3', 'git', 'vim', 'man-db', 'gcc'],
  },
}

const homeOf = (kind: Kind): string => join(cache, kinds[kind].home)

/** A real Debian of this host's release as a tarball, made once from its packages; it boots from a disk that somebody puts it on. */
export async function openDebian(kind: Kind = 'plain'): Promise<string> {
  const tarball = join(homeOf(kind), 'tree.tar')
  if (!existsSync(tarball)) await make(kind)
  return tarball
}

/** Why there can be no such tree here; undefined when there can. */
export function missingForDebian(): string | undefined {
  if (existsSync(join(homeOf('plain'), 'tree.tar'))) return undefined
  if (!existsSync('/usr/bin/mmdebstrap')) return 'needs the Debian package mmdebstrap'
  return process.getuid?.() === 0 ? undefined : 'needs root'
}

async function make(kind: Kind): Promise<void> {
  const home = homeOf(kind)
  const wanted = [...packages, ...kinds[kind].more]
  mkdirSync(cache, { recursive: true })
  const place = await mkdtemp(join(cache, 'debian-'))
  try {
    const words = [
      '--variant=minbase',
      `--include=${wanted.join(',')}`,
      ...(kind === 'large' ? [] : leftOut).map((path) => `--dpkgopt=path-exclude=${path}`),
      ...customised.map((command) => `--customize-hook=${command}`),
    ]
    // The sources of this host; those of its updates and of security fixes as well.
    const script =
      'cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null >"$0/sources"; release=$1; shift; exec mmdebstrap "$@" "$release" "$0/tree.tar" "$0/sources"'
    const release = await run(['sh', '-c', '. /etc/os-release; printf %s "$VERSION_CODENAME"'])
    await run(['sh', '-c', script, place, release, ...words])
    await rm(join(place, 'sources'))
    // It appears whole or not at all: another test run may want it at the same time.
    await rename(place, home).catch((error: unknown) => {
      if (!existsSync(join(home, 'tree.tar'))) throw error
    })
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}
