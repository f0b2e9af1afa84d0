import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadLayout } from '../../src/imager/disks/read.ts'
import { diskScript } from '../../src/imager/disks/script.ts'
import { openPlace } from '../lab/place.ts'
import { missingForDisks, runOnDisks } from './disks-guest.ts'

const why = missingForDisks()
const title =
  'RAID, LVM and encryption on a SATA and an NVMe disk: made, mounted, told to the new system; made again over what was there'
const script = (text: string) => diskScript(loadLayout('test.yaml', text))

const pair = script(`
disks:
  - name: pair
    match: { bus: [sata, nvme] }
    count: 2
    partitions: [{ name: boot, size: 384MiB }, { name: half, size: 40% }, { name: more, size: rest }]
raid:
  - { name: boot-md, level: 1, members: boot, filesystem: xfs, label: boot, mount: /boot }
  - { name: fast, level: 0, members: half, chunk: 64KiB, filesystem: btrfs, mount: /srv, options: "compress=zstd,noatime" }
  - { name: safe, level: 10, members: more }
lvm:
  - name: vg-0
    members: safe
    volumes:
      - { name: all-of-it, size: rest, encrypt: disk, filesystem: ext4, mount: /, mkfs: -m 1 }
      - { name: swap, size: 64MiB, filesystem: swap }
`)

const ask = (heading: string, verb: string) => `
echo "== ${heading}"
( EXPECTED_DISKS=any; . /pair.sh; ${verb} && echo PASSED || echo REFUSED )`

const work = [
  'export DISK_SECRET_disk="double double toil & trouble"',
  ask('everything', 'disks_write && disks_mount /tmp/t && disks_fstab && disks_crypttab && disks_mdadm'),
  'echo "== mounts"; awk \'$2 ~ /.tmp.t/ { print $1, $2, $3, $4 }\' /proc/mounts; cat /proc/mdstat',
  'echo "== leak"; grep -rl "toil" /tmp/disks* /run /etc 2>/dev/null; ps | grep -c "[t]oil"',
  'umount /tmp/t/srv /tmp/t/boot /tmp/t',
  ask('again', 'disks_write'),
].join('\n')

test.skipIf(why !== undefined)(
  why === undefined ? title : `${title} (skipped: ${why})`,
  { timeout: 500_000 },
  async () => {
    await using place = await openPlace()
    const disks = (['sata', 'nvme'] as const).map((bus) => {
      const file = join(place.path, bus)
      writeFileSync(file, '')
      truncateSync(file, 2048 * 1024 ** 2)
      return { file, bus, serial: `DISK-${bus}` }
    })
    const said = await runOnDisks(place, { disks, scripts: { pair }, work })
    const after = (heading: string) => said.split(`== ${heading}\n`)[1]?.split('\n== ')[0] ?? `nothing about ${heading}`
    expect(after('everything')).toContain('PASSED')
    expect(after('mounts')).toMatch(
      /mapper\/\S+ \/tmp\/t ext4(?:.*\n)*.*md\d+ \/tmp\/t\/boot xfs(?:.*\n)*.*\/tmp\/t\/srv btrfs \S*compress=zstd/,
    )
    expect(after('everything')).toMatch(/^\S+\tUUID=\S+\tnone\tluks$/m)
    expect(after('everything').match(/^ARRAY /gm)).toHaveLength(3)
    expect(after('leak')).toMatch(/^0\n?$/)
    expect(after('again')).toMatch(/stopping the old RAID(?:.*\n)*PASSED/)
  },
)
