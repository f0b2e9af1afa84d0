import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadLayout } from '../../src/imager/disks/read.ts'
import { diskScript } from '../../src/imager/disks/script.ts'
import { openPlace, type Place } from '../lab/place.ts'
import { missingForDisks, runOnDisks, type GuestDisk } from './disks-guest.ts'

const why = missingForDisks()
const machineTest = (title: string, body: () => Promise<void>) =>
  test.skipIf(why !== undefined)(why === undefined ? title : `${title} (skipped: ${why})`, { timeout: 500_000 }, body)

function blank(place: Place, mib: number, disk: Omit<GuestDisk, 'file'> & { readonly name: string }): GuestDisk {
  const { name, ...rest } = disk
  const file = join(place.path, name)
  writeFileSync(file, '')
  truncateSync(file, mib * 1024 ** 2)
  return { file, ...rest }
}

const script = (text: string) => diskScript(loadLayout('test.yaml', text))
const plain = (match: string) =>
  script(
    `disks: [{ name: system, match: { ${match} }, partitions: [{ name: root, size: rest, filesystem: ext4, mount: / }] }]`,
  )

const pair = script(`
disks:
  - name: pair
    match: { bus: [sata, nvme] }
    count: 2
    partitions: [{ name: boot, size: 256MiB }, { name: half, size: 40% }, { name: more, size: rest }]
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

// Every question in a shell of its own, as the machine asks after each start.
const ask = (title: string, name: string, expected: string, verb: string) => `
echo "== ${title}"
( EXPECTED_DISKS='${expected}'; . /${name}.sh; ${verb} && echo PASSED || echo REFUSED )`

const work = [
  ask('empty', 'one', '', 'disks_guard'),
  ask('installed', 'one', '', 'disks_write'),
  ask('stranger', 'one', '', 'disks_guard'),
  ask('never written', 'one', 'serial:SWAPPED-9', 'disks_write'),
  ask('known', 'one', 'serial:OTHER serial:DISK-A', 'disks_guard'),
  ask('by its place', 'one', 'path:pci-*', 'disks_guard'),
  ask('any', 'one', 'any', 'disks_guard'),
  'mkdir -p /tmp/m && mount /dev/vda1 /tmp/m',
  ask('mounted', 'one', 'any', 'disks_guard'),
  'umount /tmp/m',
  ask('which of two', 'ambiguous', '', 'disks_find'),
  ask('largest', 'largest', '', 'disks_find'),
  ask('nothing fits', 'none', '', 'disks_find'),
  ask('too small', 'large', 'any', 'disks_write'),
  ask('no serial', 'nameless', '', 'disks_write && disks_identities'),
  `( EXPECTED_DISKS=; . /nameless.sh; echo "== table"; EXPECTED_DISKS="$(disks_identities)"; disks_guard && echo PASSED )`,
  ask('secret', 'pair', '', 'disks_write'),
].join('\n')

machineTest('the guard lets empty and known disks pass, stops for all others, and names them', async () => {
  await using place = await openPlace()
  const disks = [
    blank(place, 1024, { name: 'a', serial: 'DISK-A' }),
    blank(place, 2048, { name: 'b', bus: 'sata', serial: 'DISK-B' }),
    blank(place, 3072, { name: 'c', bus: 'nvme', serial: 'DISK-C' }),
    blank(place, 1024, { name: 'd', bus: 'usb', serial: 'DISK-D' }),
    blank(place, 512, { name: 'e' }),
  ]
  const scripts = {
    pair,
    one: plain('serial: DISK-A'),
    ambiguous: plain('at-least: 1GiB'),
    largest: plain('choose: largest'),
    none: plain('model: Nonesuch*'),
    large: script(
      'disks: [{ name: system, match: { serial: DISK-A }, partitions: [{ name: root, size: 2GiB, filesystem: ext4, mount: / }] }]',
    ),
    nameless: plain('at-most: 600MiB'),
  }
  const said = await runOnDisks(place, { disks, scripts, work })
  const after = (title: string) => said.split(`== ${title}\n`)[1]?.split('\n== ')[0] ?? `nothing about ${title}`
  expect(after('empty')).toBe('SAY disks: /dev/vda is empty\nPASSED')
  expect(after('installed')).toContain('PASSED')
  expect(after('stranger')).toMatch(
    /\/dev\/vda holds data .*\n(?:.*\n)*SAY disks: {3}gpt\n(?:.*\n)*.*partition \/dev\/vda1 ext4/,
  )
  expect(after('stranger')).toMatch(/serial:DISK-A(?:.*\n)*.*nothing was written, because of: \/dev\/vda\nREFUSED/)
  expect(after('never written')).toMatch(/holds data(?:.*\n)*REFUSED/)
  expect(after('never written')).not.toContain('wiping')
  expect(after('known')).toBe('SAY disks: /dev/vda is known and will be wiped (serial:DISK-A)\nPASSED')
  expect(after('by its place')).toContain('REFUSED')
  expect(after('any')).toContain('PASSED')
  expect(after('mounted')).toContain('/dev/vda1 is mounted at /tmp/m')
  expect(after('mounted')).toContain('REFUSED')
  expect(after('which of two')).toMatch(
    /3 disks fit and the layout wants 1; it must say which .*: .*\/dev\/sd. .*\nREFUSED/,
  )
  expect(after('which of two')).not.toContain('usb')
  expect(after('largest')).toMatch(/^system \/dev\/nvme0n1 serial:DISK-C\nPASSED/)
  expect(after('nothing fits')).toMatch(/serial DISK-B(?:.*\n)*.*the layout needs 1, and 0 of them fit it\nREFUSED/)
  expect(after('too small')).toMatch(/has 1024 MiB; the layout needs 2050 MiB\nREFUSED/)
  expect(after('too small')).not.toContain('wiping')
  expect(after('no serial')).toMatch(/table:[0-9a-f-]{36}\nPASSED/)
  expect(after('table')).toMatch(/known and will be wiped(?:.*\n)*PASSED/)
  expect(after('secret').trimEnd()).toBe(
    'SAY disks: the layout encrypts, and the permit brought no secret disk\nREFUSED',
  )
})
