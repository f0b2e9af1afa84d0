import { truncateSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadLayout } from '../../src/imager/disks/read.ts'
import { diskScript } from '../../src/imager/disks/script.ts'
import { openPlace, type Place } from '../lab/place.ts'
import { missingForDisks, runOnDisks } from './disks-guest.ts'

const why = missingForDisks()
const machineTest = (title: string, body: () => Promise<void>) =>
  test.skipIf(why !== undefined)(why === undefined ? title : `${title} (skipped: ${why})`, body)

const gib = 1024 ** 3

async function blank(place: Place, name: string, bytes: number): Promise<string> {
  const path = join(place.path, name)
  await writeFile(path, '')
  truncateSync(path, bytes)
  return path
}

const install = `
set -u
EXPECTED_DISKS=
disks_find || exit 1
disks_guard || exit 1
disks_write || exit 1
disks_mount /tmp/target || exit 1
disks_etc /tmp/target || exit 1
echo FSTAB; cat /tmp/target/etc/fstab
echo MDADM; cat /tmp/target/etc/mdadm.conf 2>/dev/null
echo BOOT; disks_boot
echo MOUNTS; grep /tmp/target /proc/mounts
echo IDENTITIES; disks_identities
cat /proc/mdstat
`

async function shipped(name: string): Promise<string> {
  const file = `layouts/${name}.yaml`
  return diskScript(loadLayout(file, await readFile(file, 'utf8')))
}

machineTest('one disk gets its table, its file systems and its mounts', async () => {
  await using place = await openPlace()
  const disks = [{ file: await blank(place, 'a', 6 * gib), serial: 'OLD-1' }]
  const said = await runOnDisks(place, { disks, script: await shipped('one-disk'), work: install })
  console.log(said)
  expect(said).toContain('MOUNTS')
})

machineTest('mirror', async () => {
  await using place = await openPlace()
  const disks = [
    { file: await blank(place, 'a', 6 * gib), serial: 'A-1', bus: 'sata' as const },
    { file: await blank(place, 'b', 7 * gib), serial: 'B-1', bus: 'nvme' as const, sector: 4096 },
  ]
  const said = await runOnDisks(place, { disks, script: await shipped('mirror'), work: install })
  console.log(said)
})
machineTest('lvm', async () => {
  await using place = await openPlace()
  const disks = [
    { file: await blank(place, 'a', 9 * gib), serial: 'A-1', bus: 'scsi' as const, wwn: '0x5000c50015ea71ac' },
    { file: await blank(place, 'b', 9 * gib), serial: 'U-1', bus: 'usb' as const },
  ]
  const said = await runOnDisks(place, { disks, script: await shipped('lvm'), work: install })
  console.log(said)
})
