import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openDistros, type Distros } from '../../src/distro/distros.ts'
import { importDistro, type ImportOptions, type ImportWish } from '../../src/distro/import.ts'
import type { Manifest } from '../../src/distro/manifest.ts'
import { Place } from '../../src/distro/place.ts'
import { Fault } from '../../src/fault.ts'
import { cpio, modes } from '../../src/imager/cpio.ts'

/** Files by path; `-> target` makes a link. */
export type Files = Readonly<Record<string, string | Uint8Array>>

/** A data directory and a place for media. */
export interface Scene extends Disposable {
  readonly directory: string
  readonly place: Place
  readonly now: number
  /** Looks at the disk anew each time. */
  distros(): Distros
  write(name: string, bytes: string | Uint8Array): string
  tree(name: string, files: Files): string
  import(from: string, wish?: Partial<ImportWish>, options?: Partial<ImportOptions>): Promise<Manifest>
  /** The sentence with which it is refused. */
  refused(from: string, wish?: Partial<ImportWish>): Promise<string>
  /** Everything below `distros/`. */
  left(): readonly string[]
}

export const at = 1_700_000_000_000

export function openScene(): Scene {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-distro-'))
  const home = join(directory, 'data/distros')
  const place = new Place(home)
  const write = (name: string, bytes: string | Uint8Array): string => {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    if (typeof bytes === 'string' && bytes.startsWith('-> ')) symlinkSync(bytes.slice(3), path)
    else writeFileSync(path, bytes)
    return path
  }
  const scene: Scene = {
    directory,
    place,
    now: at,
    distros: () => openDistros(home),
    write,
    tree(name, files) {
      for (const [path, bytes] of Object.entries(files)) write(`${name}/${path}`, bytes)
      return join(directory, name)
    },
    import: (from, wish = {}, options = {}) =>
      importDistro({ from, initrd: [], keyrings: [], ...wish }, { place, now: at, ...options }),
    async refused(from, wish) {
      try {
        const { name } = await scene.import(from, wish)
        return `it was imported as ${name}`
      } catch (error) {
        if (error instanceof Fault) return error.toString()
        throw error
      }
    },
    left: () => (existsSync(home) ? readdirSync(home, { recursive: true }).map(String).toSorted() : []),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
  return scene
}

/** Enough of an x86 kernel to say its version. */
export function kernelOf(version: string): Buffer {
  const bytes = Buffer.alloc(4096)
  bytes.write('HdrS', 0x202, 'latin1')
  bytes.writeUInt16LE(0x400, 0x20e)
  bytes.write(`${version} (root@test) #1 SMP`, 0x600, 'latin1')
  return bytes
}

export function initrdOf(version: string): Buffer {
  return gzipSync(
    cpio([{ name: `lib/modules/${version}/kernel/drivers/virtio.ko`, mode: modes.file, bytes: Buffer.from('module') }]),
  )
}

const linux = '6.12.48+deb13-amd64'

export const debianIso: Files = {
  '.disk/info': 'Debian GNU/Linux 13.1.0 "Trixie" - Official amd64 DVD Binary-1 with firmware 20250906-10:24\n',
  'install.amd/vmlinuz': kernelOf(linux),
  'install.amd/initrd.gz': initrdOf(linux),
  'dists/trixie/Release':
    'Origin: Debian\nLabel: Debian\nSuite: stable\nVersion: 13.1\nCodename: trixie\nArchitectures: amd64\nComponents: main\n',
  'dists/stable': '-> trixie',
  debian: '-> .',
  'pool/main/b/bash/bash_5.2.37-2+b5_amd64.deb': 'bash',
  [`pool/main/l/linux/kernel-image-${linux}-di_6.12.48-1_amd64.udeb`]: 'udeb',
}

export const netboot: Files = {
  'version.info': 'Debian version: 13 (trixie)\nInstaller build: 20250803\n',
  'debian-installer/amd64/linux': kernelOf(linux),
  'debian-installer/amd64/initrd.gz': initrdOf(linux),
  'pxelinux.0': '-> debian-installer/amd64/pxelinux.0',
  'debian-installer/amd64/pxelinux.0': 'pxelinux',
}

export const ubuntuIso: Files = {
  '.disk/info': 'Ubuntu-Server 24.04.3 LTS "Noble Numbat" - Release amd64 (20250805.1)\n',
  'casper/vmlinuz': kernelOf('6.8.0-71-generic'),
  'casper/initrd': initrdOf('6.8.0-71-generic'),
  'casper/ubuntu-server-minimal.squashfs': 'squashfs',
}

const rocky = kernelOf('5.14.0-570.17.1.el9_6.x86_64')
const rockyInitrd = initrdOf('5.14.0-570.17.1.el9_6.x86_64')

export const rockyIso: Files = {
  '.discinfo': '1748281035.0\n9.6\nx86_64\n',
  '.treeinfo': `[checksums]
images/pxeboot/vmlinuz = sha256:${sha256(rocky)}
images/pxeboot/initrd.img = sha256:${sha256(rockyInitrd)}

[general]
; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.
arch = x86_64
family = Rocky Linux
name = Rocky Linux 9.6
variants = AppStream,BaseOS
version = 9.6

[images-x86_64]
initrd = images/pxeboot/initrd.img
kernel = images/pxeboot/vmlinuz

[stage2]
mainimage = images/install.img

[tree]
arch = x86_64
variants = AppStream,BaseOS

[variant-BaseOS]
packages = BaseOS/Packages
repository = BaseOS
`,
  'images/pxeboot/vmlinuz': rocky,
  'images/pxeboot/initrd.img': rockyInitrd,
  'images/install.img': 'stage two',
  'BaseOS/repodata/repomd.xml': '<repomd/>',
  'BaseOS/Packages/b/bash-5.1.8-9.el9.x86_64.rpm': 'bash',
}

export const leapIso: Files = {
  'media.1/products': '/ openSUSE-Leap 15.6-1\n',
  'media.1/media':
    'openSUSE - openSUSE-Leap-15.6-DVD-x86_64-Build709.1-Media\nopenSUSE-Leap-15.6-DVD-x86_64-Build709.1\n1\n',
  'boot/x86_64/loader/linux': kernelOf('6.4.0-150600.21-default'),
  'boot/x86_64/loader/initrd': initrdOf('6.4.0-150600.21-default'),
  'x86_64/bash-4.4-150400.27.3.1.x86_64.rpm': 'bash',
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function read(scene: Scene, name: string): string {
  const path = scene.distros().path(name)
  return path === undefined ? 'nothing' : readFileSync(path, 'latin1')
}
