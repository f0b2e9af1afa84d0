import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadLayout } from '../../src/imager/disks/read.ts'
import { diskScript } from '../../src/imager/disks/script.ts'
import { firmwaresOf } from '../../src/imager/disks/starts.ts'
import { readSystemImager } from '../../src/imager/disks/systemimager.ts'

const root = '{ name: root, size: rest, filesystem: ext4, mount: / }'
const esp = (mount: string): string => `{ name: esp, type: esp, size: 512MiB, filesystem: vfat${mount} }`
const bios = '{ name: bios, type: bios-boot, size: 1MiB }'
const disk = (table: string, ...partitions: string[]): string =>
  `disks: [{ name: system, table: ${table}, partitions: [${partitions.join(', ')}] }]`

test.each([
  ['a GPT with a root alone', disk('gpt', root), []],
  ['a GPT with a bios-boot partition', disk('gpt', bios, root), ['bios']],
  ['a GPT with a mounted ESP', disk('gpt', esp(', mount: /boot/efi'), root), ['uefi']],
  ['a GPT with an ESP that nobody mounts', disk('gpt', esp(''), root), []],
  ['a GPT with both', disk('gpt', bios, esp(', mount: /boot/efi'), root), ['bios', 'uefi']],
  ['an MBR', disk('mbr', root), ['bios']],
])('%s is started by what it has a place for', (_, text, expected) => {
  const layout = loadLayout('test.yaml', text)
  expect(firmwaresOf(layout)).toEqual(expected)
  const { stdout } = spawnSync('sh', ['-c', `${diskScript(layout)}\ndisks_starts`], { encoding: 'utf8' })
  expect(stdout).toBe(`${expected.join(' ')}\n`)
})

/** The imager's own step, with the firmware of a machine. */
function checkOn(firmware: 'bios' | 'uefi', layout: string): string {
  const sys = mkdtempSync(join(tmpdir(), 'birnam-sys-'))
  if (firmware === 'uefi') mkdirSync(join(sys, 'firmware/efi'), { recursive: true })
  const template = readFileSync('templates/imager/_disks.sh.hbs', 'utf8').replaceAll(/\{\{[\w.]+\}\}/g, 'X')
  const stubs = `fail() { echo "FAIL $*"; exit 1; }
disks_find() { echo FOUND; }
disks_guard() { echo GUARDED; }
say() { :; }
work=${sys}`
  const script = `${diskScript(loadLayout('test.yaml', layout))}\n${template}\n${stubs}\ncheck_disks && echo PASSED`
  const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { ...process.env, sys } })
  rmSync(sys, { recursive: true })
  return stdout
}

test('a layout that this firmware cannot start stops before the guard is asked, and before anything is written', () => {
  expect(checkOn('bios', disk('gpt', esp(', mount: /boot/efi'), root))).toMatch(
    /^FAIL this machine starts by BIOS.*nothing was written\n$/,
  )
  expect(checkOn('uefi', disk('mbr', root))).toMatch(/^FAIL this machine starts by UEFI.*nothing was written\n$/)
  expect(checkOn('bios', disk('gpt', bios, root))).toBe('GUARDED\nPASSED\n')
  expect(checkOn('uefi', disk('gpt', esp(', mount: /boot/efi'), root))).toBe('GUARDED\nPASSED\n')
})

const logical = (bootloader: string, more = ''): string => `<config>
  <disk dev="/dev/sda" label_type="msdos" unit_of_measurement="MiB">
    <part num="1" size="512" p_type="primary" flags="boot" />
    <part num="2" size="*" p_type="extended" />
    <part num="5" size="1024" p_type="logical" flags="swap" />
    <part num="6" size="*" p_type="logical" />
  </disk>${more}
  ${bootloader}
  <fsinfo line="10" real_dev="/dev/sda1" mp="/boot" fs="ext4" options="defaults" />
  <fsinfo line="20" real_dev="/dev/sda5" mp="swap" fs="swap" options="defaults" />
  <fsinfo line="30" real_dev="/dev/sda6" mp="/" fs="ext4" options="defaults" />
</config>`

test.each([
  ['4.9 says legacy', '<bootloader flavor="grub2" install_type="legacy"><target dev="/dev/sda" /></bootloader>'],
  ['4.3 says nothing', ''],
])('an MBR with logical partitions becomes a GPT with a place for GRUB on BIOS: %s', (_, bootloader) => {
  const { layout, problems, left } = readSystemImager('old.xml', logical(bootloader))
  expect(problems).toEqual([])
  expect(firmwaresOf(layout!)).toEqual(['bios'])
  expect(layout!.disks[0]!.partitions.map(({ name, type }) => [name, type])).toEqual([
    ['bios-boot', 'bios-boot'],
    ['sda1', undefined],
    ['sda5', undefined],
    ['sda6', undefined],
  ])
  expect(left.map(({ message }) => message)).toContain(
    'BIOS: the GPT has a bios-boot partition of 1MiB more, where GRUB keeps its core',
  )
})

test('the disk that the old loader stood on gets the place, and no other', () => {
  const second = `<disk dev="/dev/sdb" label_type="gpt"><part num="1" size="*" p_type="primary" p_name="more" /></disk>`
  const bootloader = '<bootloader install_type="legacy"><target dev="/dev/sda" /></bootloader>'
  const disks = { '/dev/sda': { serial: 'A' }, '/dev/sdb': { serial: 'B' } }
  const { layout } = readSystemImager('old.xml', logical(bootloader, second), { disks })
  expect(layout!.disks.map(({ partitions }) => partitions.some(({ type }) => type === 'bios-boot'))).toEqual([
    true,
    false,
  ])
})

test('UEFI without an EFI system partition is told', () => {
  const { layout, left } = readSystemImager(
    'old.xml',
    logical('<bootloader install_type="EFI"><target dev="/dev/sda" /></bootloader>'),
  )
  expect(firmwaresOf(layout!)).toEqual([])
  expect(left.map(({ message }) => message)).toContain('UEFI: no part is an EFI system partition; give one type: esp')
})
