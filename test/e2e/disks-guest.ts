import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Child, run } from '../lab/child.ts'
import { cpio, type Entry } from '../../src/imager/cpio.ts'
import type { Place } from '../lab/place.ts'

/**
 * A machine in QEMU for disk layouts: Debian's kernel with its drivers for disks, RAID, LVM, LUKS and file systems, the real programs of
 * this computer, busybox as the shell. This computer's own kernel need have none of them.
 */

const drivers =
  // crc32c first: what uses it asks for it when it is loaded.
  'crc32c_generic virtio_pci virtio_blk virtio_scsi sd_mod ahci nvme md_mod raid0 raid1 raid10 dm_mod dm_crypt ext4 xfs btrfs vfat ' +
  'nls_cp437 nls_iso8859_1 nls_ascii nls_utf8 xts ecb cbc sha256_generic aes_generic algif_skcipher'

const programs = {
  bash: 'bash',
  busybox: 'busybox-static',
  sfdisk: 'fdisk',
  wipefs: 'util-linux',
  blkid: 'util-linux',
  blockdev: 'util-linux',
  mkswap: 'util-linux',
  mdadm: 'mdadm',
  lvm: 'lvm2',
  dmsetup: 'dmsetup',
  cryptsetup: 'cryptsetup-bin',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  'mkfs.btrfs': 'btrfs-progs',
  'mkfs.vfat': 'dosfstools',
} as const

const others = { 'qemu-system-x86_64': 'qemu-system-x86', setpriv: 'util-linux' } as const

/** Why no such machine can be started here; undefined when it can. */
export function missingForDisks(): string | undefined {
  const wanted = Object.entries({ ...programs, ...others }).filter(([name]) => pathOf(name) === undefined)
  if (wanted.length > 0) return `needs the Debian packages ${[...new Set(wanted.map(([, each]) => each))].join(' ')}`
  return existsSync('/usr/bin/apt-get') || existsSync(home) ? undefined : 'needs apt-get for a kernel'
}

function pathOf(program: string): string | undefined {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin']
    .map((directory) => join(directory, program))
    .find((path) => existsSync(path))
}

export interface GuestDisk {
  /** A raw file. */
  readonly file: string
  readonly serial?: string
  readonly bus?: 'virtio' | 'nvme' | 'sata' | 'scsi' | 'usb'
  readonly wwn?: string
  /** Bytes; 512 when not given. */
  readonly sector?: number
}

export interface GuestRun {
  readonly disks: readonly GuestDisk[]
  /** Functions for the shell, by the name of the file `/NAME.sh` that has them. */
  readonly scripts: Readonly<Record<string, string>>
  /** What is done with them, by `bash -u`. */
  readonly work: string
}

/** Starts the machine, does the work and returns what was printed between its beginning and its end. */
export async function runOnDisks(place: Place, { disks, scripts, work }: GuestRun): Promise<string> {
  const base = await openBase()
  const parts = Object.entries(scripts).map(([name, text]) => file(`${name}.sh`, text))
  const more = [...parts, file('work.sh', `say() { echo "SAY $*"; }\n${work}\n`)]
  const initrd = join(place.path, 'initrd')
  await writeFile(initrd, Buffer.concat([base.initrd, gzipSync(cpio(more))]))
  const board = '-machine q35 -accel tcg -smp 1 -m 1024 -nodefaults -nographic -serial stdio -monitor none -no-reboot'
  const words = ['-kernel', base.vmlinuz, '-initrd', initrd, '-append', 'console=ttyS0,115200 quiet panic=-1']
  const command = ['qemu-system-x86_64', ...board.split(' '), ...words, ...controllers, ...disks.flatMap(drive)]
  await using qemu = new Child(command)
  const [, said] = await qemu.sees(/WORK-BEGIN\n([^]*?)WORK-END/, 400)
  await qemu.sees(/WORK-END \d+/, 10)
  await qemu.stop('SIGTERM')
  return said!
}

const controllers = ['-device', 'virtio-scsi-pci,id=scsi', '-device', 'ahci,id=ahci', '-device', 'qemu-xhci,id=xhci']

function drive({ file: path, serial, bus = 'virtio', wwn, sector = 512 }: GuestDisk, index: number): string[] {
  const models = {
    virtio: 'virtio-blk-pci',
    nvme: 'nvme',
    sata: `ide-hd,bus=ahci.${index}`,
    scsi: 'scsi-hd,bus=scsi.0',
    usb: 'usb-storage,bus=xhci.0',
  }
  const blocks = sector === 512 ? '' : `,logical_block_size=${sector},physical_block_size=${sector}`
  const names = `${serial === undefined ? '' : `,serial=${serial}`}${wwn === undefined ? '' : `,wwn=${wwn}`}`
  return [
    '-drive',
    `file=${path},format=raw,if=none,id=d${index},cache=unsafe,discard=unmap`,
    '-device',
    `${models[bus]},drive=d${index}${names}${blocks}`,
  ]
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/birnam-lab/', import.meta.url))
const home = join(cache, 'disks-kernel-2')

interface Base {
  readonly vmlinuz: string
  readonly initrd: Buffer
}

let base: Promise<Base> | undefined

function openBase(): Promise<Base> {
  base ??= build()
  return base
}

async function build(): Promise<Base> {
  if (!existsSync(home)) await fetchKernel()
  const order = (await readFile(join(home, 'order'), 'utf8')).trim().split('\n')
  const modules = order.map((name) => file(`modules/${name}`, readFileSync(join(home, name))))
  const entries = [
    ...['bin', 'dev', 'proc', 'sys', 'modules', 'lib', 'lib64', 'usr', 'run', 'tmp', 'etc'].map(folder),
    { name: 'dev/console', mode: 0o020600, device: [5, 1] as const },
    file('modules/order', order.join('\n') + '\n'),
    file('init', init, 0o100755),
    ...modules,
    ...(await copies()),
  ]
  return { vmlinuz: join(home, 'vmlinuz'), initrd: gzipSync(cpio(entries), { level: 1 }) }
}

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin 2>/dev/null
export PATH=/sbin-real:/bin
mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run
mkdir -p /run/lvm /run/lock /run/cryptsetup /tmp/target
dmesg -n 1
for module in $(cat /modules/order); do insmod /modules/$module 2>/dev/null; done
# USB and SATA are looked for in the background.
sleep 3
echo WORK-BEGIN
# The imager's shell: busybox's own would take its small forms of programs, whatever stands first in the PATH.
bash -u /work.sh 2>&1
echo "WORK-END $?"
sync
poweroff -f
`

/** The programs and whatever libraries they name, where the loader looks for them. */
async function copies(): Promise<Entry[]> {
  const paths = Object.keys(programs).map((name) => pathOf(name)!)
  const found = new Map<string, Entry>()
  for (const path of paths) {
    const name = basename(path) === 'busybox' ? 'bin/busybox' : `sbin-real/${basename(path)}`
    found.set(name, file(name, await readFile(path), 0o100755))
    if (basename(path) === 'busybox') continue
    const listed = await run(['ldd', path])
    for (const [, library] of listed.matchAll(/(\/\S+) \(0x/g)) {
      found.set(library!, file(library!.slice(1), await readFile(await realpath(library!)), 0o100755))
    }
  }
  const folders = new Set<string>()
  for (const { name } of found.values()) {
    const parts = name.split('/').slice(0, -1)
    for (let depth = 1; depth <= parts.length; depth++) folders.add(parts.slice(0, depth).join('/'))
  }
  return [...[...folders].map(folder), ...found.values()]
}

function folder(name: string): Entry {
  return { name, mode: 0o040755 }
}

function file(name: string, bytes: string | Uint8Array, mode = 0o100644): Entry {
  return { name, mode, bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes }
}

async function fetchKernel(): Promise<void> {
  await mkdir(cache, { recursive: true })
  const place = await mkdtemp(join(cache, 'fetch-'))
  try {
    const depends = await run(['apt-cache', 'depends', 'linux-image-amd64'])
    await run(['apt-get', '-q', 'download', /Depends: (linux-image-\S+)/.exec(depends)![1]!], { cwd: place })
    const archive = (await readdir(place)).find((name) => name.endsWith('.deb'))
    await run(['dpkg-deb', '-x', archive!, 'all'], { cwd: place })
    await pick(place)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

async function pick(place: string): Promise<void> {
  const [version] = await readdir(join(place, 'all/lib/modules'))
  const root = join(place, 'all/lib/modules', version!, 'kernel')
  const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ko'))
  const byName = new Map(files.map((name) => [basename(name, '.ko').replaceAll('-', '_'), join(root, name)]))
  const done = join(place, 'done')
  await mkdir(done)
  const order: string[] = []
  for (const name of drivers.split(' ')) await load(name, byName, order)
  for (const path of order) await copyFile(path, join(done, basename(path)))
  await writeFile(join(done, 'order'), order.map((path) => `${basename(path)}\n`).join(''))
  await copyFile(join(place, `all/boot/vmlinuz-${version}`), join(done, 'vmlinuz'))
  // It appears whole or not at all: another test run may want it at the same time.
  await rename(done, home).catch((error: unknown) => {
    if (!existsSync(home)) throw error
  })
}

/** Appends a module behind those that it depends on; one that is not there is part of the kernel. */
async function load(name: string, byName: ReadonlyMap<string, string>, order: string[]): Promise<void> {
  const path = byName.get(name.replaceAll('-', '_'))
  if (path === undefined || order.includes(path)) return
  const text = (await readFile(path)).toString('latin1')
  const depends = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? ''
  for (const each of depends.split(',').filter((word) => word !== '')) await load(each, byName, order)
  order.push(path)
}
