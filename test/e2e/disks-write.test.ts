import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadLayout } from '../../src/imager/disks/read.ts'
import { diskScript } from '../../src/imager/disks/script.ts'
import { expectedTables } from '../../src/imager/disks/table.ts'
import type { Layout } from '../../src/imager/disks/layout.ts'
import { openPlace, type Place } from '../lab/place.ts'
import { missingForDisks, runOnDisks, type GuestDisk } from './disks-guest.ts'

const why = missingForDisks()
const machineTest = (title: string, body: () => Promise<void>) =>
  test.skipIf(why !== undefined)(why === undefined ? title : `${title} (skipped: ${why})`, { timeout: 500_000 }, body)

const gib = 1024

function blank(place: Place, mib: number, disk: Omit<GuestDisk, 'file'>): GuestDisk {
  const file = join(place.path, disk.serial!)
  writeFileSync(file, '')
  truncateSync(file, mib * 1024 ** 2)
  return { file, ...disk }
}

/** A shipped layout, for the disks of these facts. */
function shipped(name: string, match: string): Layout {
  const text = readFileSync(`layouts/${name}.yaml`, 'utf8')
  return loadLayout(`${name}.yaml`, text.replace(/match: \{.*\}/, `match: { ${match} }`))
}

const install = (name: string) => `
(
  . /${name}.sh
  echo "== ${name}"
  disks_find && disks_guard && disks_write && disks_mount /tmp/target && disks_etc /tmp/target || { echo FAILED; exit; }
  echo "= fstab"; sed 's/=[0-9A-Fa-f-]*/=U/' /tmp/target/etc/fstab
  echo "= mdadm"; sed 's/UUID=[0-9a-f:]*/UUID=U/' /tmp/target/etc/mdadm.conf 2>/dev/null
  echo "= boot"; disks_boot
  echo "= mounts"; awk '$2 ~ /target/ { print $1, $2, $3 }' /proc/mounts
  for node in $disks_used; do echo "= table $node"; sfdisk --json $node; done
  echo "= uuids"; awk '/^UUID/ { sub(/UUID=/, "", $1); print $1 }' /tmp/target/etc/fstab | while read -r uuid; do blkid -U "$uuid" >/dev/null || echo "nobody has $uuid"; done
  echo "= end"
  awk '$2 ~ /target/ { print $2 }' /proc/mounts | sort -r | while read -r place; do umount "$place"; done
)`

/** What stands below a title, up to the next. */
function part(said: string, layout: string, title: string): string {
  const own = said.slice(said.indexOf(`== ${layout}\n`) + 1).split('\n== ')[0]!
  const [, text = 'nothing'] = new RegExp(`^= ${title}\n([^]*?)^= `, 'm').exec(own) ?? []
  return text.trim()
}

/** A table as sfdisk in the machine read it back, in the words of `expectedTables`. */
function tableIn(said: string, layout: string, node: string): unknown {
  interface Read {
    readonly partitiontable: {
      readonly label: string
      readonly sectorsize: number
      readonly partitions: readonly {
        readonly start: number
        readonly size: number
        readonly type: string
        readonly name?: string
      }[]
    }
  }
  const { label, sectorsize, partitions } = (JSON.parse(part(said, layout, `table ${node}`)) as Read).partitiontable
  const mib = (sectors: number) => (sectors * sectorsize) / 1024 ** 2
  return {
    label,
    partitions: partitions.map(({ start, size, type, name }, index) => ({
      number: index + 1,
      start: mib(start),
      size: mib(size),
      type,
      name,
    })),
  }
}

function expected(layout: Layout, ...sizes: readonly number[]): unknown[] {
  return expectedTables(layout, sizes).map(({ label, partitions }) => ({ label, partitions }))
}

machineTest('each shipped layout makes a disk that its table, file systems and mounts tell again', async () => {
  await using place = await openPlace()
  const layouts = {
    'one-disk': shipped('one-disk', 'serial: ONE-1'),
    mirror: shipped('mirror', 'serial: [MIR-1, MIR-2]'),
    lvm: shipped('lvm', 'wwn: "0x5000c50015ea71ac"'),
  }
  const disks = [
    blank(place, 6 * gib, { serial: 'ONE-1' }),
    blank(place, 6 * gib, { serial: 'MIR-1', bus: 'sata' }),
    blank(place, 7 * gib, { serial: 'MIR-2', bus: 'nvme', sector: 4096 }),
    blank(place, 9 * gib, { serial: 'LVM-1', bus: 'scsi', wwn: '0x5000c50015ea71ac' }),
  ]
  const scripts = Object.fromEntries(Object.entries(layouts).map(([name, layout]) => [name, diskScript(layout)]))
  const work =
    Object.keys(layouts).map(install).join('\n') +
    '\necho "= mdstat"; cat /proc/mdstat; lvm lvs --noheadings -o lv_name,vg_name'
  const said = await runOnDisks(place, { disks, scripts, work })
  expect(said).not.toContain('FAILED')
  expect(said).not.toContain('nobody has')

  expect(said).toContain('system /dev/vda serial:ONE-1')
  expect(part(said, 'one-disk', 'boot')).toBe('disk /dev/vda\nesp /dev/vda2 /boot/efi')
  expect(part(said, 'one-disk', 'mounts')).toBe('/dev/vda3 /tmp/target ext4\n/dev/vda2 /tmp/target/boot/efi vfat')
  expect(part(said, 'one-disk', 'fstab')).toBe(
    'UUID=U\t/\text4\tdefaults\t0\t1\nUUID=U\t/boot/efi\tvfat\tumask=0077\t0\t2',
  )
  expect(tableIn(said, 'one-disk', '/dev/vda')).toEqual(expected(layouts['one-disk'], 6 * gib)[0])

  // The disk of 7 GiB has sectors of 4096 bytes; the array is as large as the smaller half.
  expect(part(said, 'mirror', 'mounts')).toMatch(/^\/dev\/md0 \/tmp\/target ext4$/m)
  expect(part(said, 'mirror', 'mdadm')).toContain('ARRAY /dev/md/root metadata=1.2 UUID=U name=any:root')
  expect(part(said, 'mirror', 'fstab')).toContain('/boot/efi\tvfat\tumask=0077,nofail')
  expect(part(said, 'mirror', 'boot')).toMatch(
    /^disk \/dev\/(nvme0n1|sd[ab])\ndisk \/dev\/(nvme0n1|sd[ab])\nesp .* \/boot\/efi\nesp .* -$/,
  )
  const [, sata] = /^system\.2 (\/dev\/sd[ab]) serial:MIR-1$/m.exec(said)!
  const tables = expected(layouts.mirror, 7 * gib, 6 * gib)
  expect([tableIn(said, 'mirror', '/dev/nvme0n1'), tableIn(said, 'mirror', sata!)]).toEqual(tables)
  expect(said).toMatch(/md0 : active raid1 .*\n.*\[2\/2\] \[UU\]/)

  expect(
    part(said, 'lvm', 'mounts')
      .split('\n')
      .map((line) => line.split(' ')[1]),
  ).toEqual(['', '/boot', '/var', '/boot/efi'].map((each) => `/tmp/target${each}`))
  expect(part(said, 'lvm', 'fstab')).toContain('UUID=U\tnone\tswap\tsw\t0\t0')
  expect(said).toMatch(/root\s+system-vg\n\s+swap\s+system-vg\n\s+var\s+system-vg/)
})
