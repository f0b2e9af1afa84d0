import { expect, test } from 'vitest'
import { importIpxe } from '../../../src/takeover/ipxe/import.ts'
import type { RootReport } from '../../../src/takeover/profiles/import.ts'
import { openOld, sentences, type OldFiles, type OldPlace } from '../place.ts'

const files = { 'web/k': 'kernel', 'web/i': 'initrd', 'web/el9/vmlinuz': 'k', 'web/el9/initrd.img': 'i' }
const menu = `#!ipxe
set base http://10.77.0.9
isset \${ip} || dhcp
:start
menu Hall of \${hostname}
item --gap -- Things
item --key r rescue Rescue system
item el9 Enterprise 9
item plain A kernel
item maybe Perhaps
item wim Windows
item nowhere Nowhere
item disk The disk
choose --default disk --timeout 5000 target && goto \${target}

:rescue
kernel \${base}/k boot=live initrd=i BOOTIF=01-\${netX/mac:hexhyp} || goto start
initrd \${base}/i
boot || goto start
:el9
kernel \${base}/el9/vmlinuz inst.ks=http://old/ks.cfg
initrd \${base}/el9/initrd.img
boot
:plain
kernel k root=/dev/sda1
boot
:maybe
iseq \${platform} efi && kernel k boot=live
boot
:wim
kernel wimboot
boot
:disk
exit
`

function openIpxe(more: OldFiles): OldPlace {
  return openOld({ ...files, ...more })
}

function take(old: OldPlace): RootReport {
  return importIpxe(old.at('web'), { site: old.site, dryRun: false })
}

test('scripts of iPXE become profiles, those of single machines become machines', async () => {
  using old = openIpxe({
    'web/boot.ipxe': menu,
    'web/MAC-525400770701.ipxe': '#!ipxe\nkernel k boot=live \\\n  one=1\ninitrd i\nboot\n',
    'web/01-52-54-00-77-07-02.ipxe': '#!ipxe\nchain http://10.77.0.9/MAC-525400770701.ipxe\n',
    'web/other.ipxe': '#!ipxe\nboot\n',
  })
  const { left } = take(old)
  expect(await old.errors()).toEqual([])
  const { profiles, machines } = old.load()
  expect(profiles.find(({ kind }) => kind === 'menu')).toMatchObject({
    name: 'menu-boot.ipxe',
    timeout: 5,
    entries: ['Rescue-system', 'Enterprise-9'],
  })
  expect(profiles.find(({ name }) => name === 'Rescue-system')).toMatchObject({
    kind: 'live',
    kernel: 'files/k',
    initrd: ['files/i'],
    args: 'boot=live BOOTIF={{machine.bootif}}',
  })
  expect(profiles.find(({ name }) => name === 'Enterprise-9')?.kind).toBe('install')
  expect(machines.map(({ macs, profile }) => [macs[0], profile])).toEqual([
    ['52:54:00:77:07:02', 'MAC-525400770701'],
    ['52:54:00:77:07:01', 'MAC-525400770701'],
  ])
  expect(sentences(left)).toEqual([
    expect.stringMatching(/^9 item A kernel: its line does not show that its root/),
    expect.stringMatching(/^10 item Perhaps: its kernel depends on a condition/),
    expect.stringMatching(/^11 item Windows: is wimboot, a program of its own/),
    expect.stringMatching(/^12 item Nowhere: leads to no part of its script/),
    expect.stringMatching(/no machine would ask for it by that name/),
  ])
})

test.each([
  ['labels that lead to each other', ':a\ngoto b\n:b\ngoto a\n'],
  ['a script that chains itself', 'chain boot.ipxe\n'],
  ['a program', 'chain tools/shell.efi\n'],
  ['an ISO', 'sanboot http://old/x.iso\n'],
  ['a kernel with what only iPXE knows', 'kernel k boot=live x=${serial}\nboot\n'],
  ['nothing', ''],
])('%s makes nothing that boots', (_, text) => {
  using old = openIpxe({ 'web/boot.ipxe': `#!ipxe\n${text}` })
  take(old)
  expect(old.load().profiles).toEqual([])
})

test('ten thousand items that lead to one long part come to an end', () => {
  const items = Array.from({ length: 10_000 }, (_, at) => `item x${at}`).join('\n')
  const parts = Array.from({ length: 10_000 }, (_, at) => `:x${at}\ngoto long`).join('\n')
  using old = openIpxe({ 'web/boot.ipxe': `#!ipxe\nmenu\n${items}\n${parts}\n:long\n${'echo\n'.repeat(20_000)}exit\n` })
  const { left } = take(old)
  expect(sentences(left, 'too long to be followed').length).toBeGreaterThan(0)
})

test('a directory without a script is told', () => {
  using old = openIpxe({})
  expect(() => take(old)).toThrow(/holds no script of iPXE/)
})
