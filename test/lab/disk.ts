import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { run } from './child.ts'
import { openGuest } from './guest.ts'
import { openPlace } from './place.ts'

const sector = 512
/** The partition begins at 1 MiB; GRUB's core lies before it, and at sector 1536 the answer of the machine that was installed. */
const gap = 2048
const partitionMiB = 24

const menu = `serial --unit=0 --speed=115200
terminal_output serial
search --file --set=root /vmlinuz
linux /vmlinuz console=ttyS0,115200 ondisk=1
initrd /initrd.gz
boot
`

/**
 * A gzipped disk image that boots the lab's guest by itself, from BIOS (GRUB's core behind the MBR) and from UEFI (the partition
 * is an ESP with \\EFI\\BOOT\\BOOTX64.EFI). The guest's `install=` writes it to the machine's disk.
 */
export async function diskImage(): Promise<Buffer> {
  await using place = await openPlace()
  await writeFile(join(place.path, 'grub.cfg'), menu)
  const boot = await bootSectors(place.path)
  const partition = await fileSystem(place.path)
  return gzipSync(Buffer.concat([boot, partition]), { level: 1 })
}

async function bootSectors(place: string): Promise<Buffer> {
  const sectors = Buffer.alloc(gap * sector)
  // boot.img loads the core from sector 1 and on unless an installer says otherwise.
  const [first, core] = [await readFile('/usr/lib/grub/i386-pc/boot.img'), await grub(place, 'i386-pc', ['biosdisk'])]
  first.copy(sectors, 0, 0, 440)
  core.copy(sectors, sector)
  partitionEntry().copy(sectors, 446)
  sectors.writeUInt16LE(0xaa55, 510)
  return sectors
}

/** One active partition of the type "EFI system"; addresses as LBA, the old cylinder fields say "beyond". */
function partitionEntry(): Buffer {
  const entry = Buffer.from([0x80, 0xfe, 0xff, 0xff, 0xef, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])
  entry.writeUInt32LE(gap, 8)
  entry.writeUInt32LE(partitionMiB * 2048, 12)
  return entry
}

async function fileSystem(place: string): Promise<Buffer> {
  const guest = await openGuest()
  await writeFile(join(place, 'vmlinuz'), guest.vmlinuz)
  await writeFile(join(place, 'initrd.gz'), guest.initrd)
  await writeFile(join(place, 'BOOTX64.EFI'), await grub(place, 'x86_64-efi', []))
  const inside = { cwd: place }
  await run(['mkfs.vfat', '-C', 'fat.img', String(partitionMiB * 1024)], inside)
  await run(['mmd', '-i', 'fat.img', '::/EFI', '::/EFI/BOOT'], inside)
  await run(['mcopy', '-i', 'fat.img', 'vmlinuz', 'initrd.gz', '::/'], inside)
  await run(['mcopy', '-i', 'fat.img', 'BOOTX64.EFI', '::/EFI/BOOT/'], inside)
  return readFile(join(place, 'fat.img'))
}

async function grub(place: string, format: string, more: readonly string[]): Promise<Buffer> {
  const modules = [...more, 'part_msdos', 'fat', 'search', 'search_fs_file', 'normal', 'linux', 'serial', 'terminal']
  const image = join(place, `${format}.img`)
  await run(['grub-mkimage', '-O', format, '-p', '/grub', '-c', join(place, 'grub.cfg'), '-o', image, ...modules])
  return readFile(image)
}
