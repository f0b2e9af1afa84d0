import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMenuName } from '../../src/menu/menu-name.ts'
import { namesAsked } from '../../src/menu/names-asked.ts'
import { parseMac } from '../../src/net/mac.ts'
import { anyText } from './words.ts'

const mac = parseMac('52:54:00:77:00:0a')

test.each([
  ['pxelinux.cfg/01-52-54-00-77-00-0a', { loader: 'pxelinux', by: 'mac', mac }],
  ['pxelinux.cfg/01-52-54-00-77-00-0A', { loader: 'pxelinux', by: 'mac', mac }],
  [
    'pxelinux.cfg/78563412-3412-3412-1234-525400770001',
    { loader: 'pxelinux', by: 'uuid', uuid: '78563412-3412-3412-1234-525400770001' },
  ],
  ['pxelinux.cfg/0A4D000B', { loader: 'pxelinux', by: 'address', address: 0x0a4d000b }],
  ['pxelinux.cfg/default', { loader: 'pxelinux', by: 'default' }],
  ['boot.ipxe', { loader: 'ipxe', by: 'session' }],
  ['boot.ipxe-01-52-54-00-77-00-0A', { loader: 'ipxe', by: 'mac', mac }],
  ['autoexec.ipxe', { loader: 'ipxe', by: 'bootstrap' }],
  ['grub.cfg', { loader: 'grub', by: 'session' }],
  ['grub/grub.cfg', { loader: 'grub', by: 'bootstrap' }],
  ['debian-installer/arm64/grub/grub.cfg', { loader: 'grub', by: 'bootstrap' }],
  ['EFI/BOOT/grub.cfg', { loader: 'grub', by: 'bootstrap' }],
  ['EFI/fedora/grub.cfg', { loader: 'grub', by: 'bootstrap' }],
  ['grub/grub.cfg-01-52-54-00-77-00-0a', { loader: 'grub', by: 'mac', mac }],
  ['grub/grub.cfg-52:54:00:77:00:0A', { loader: 'grub', by: 'mac', mac }],
  ['grub2/grub.cfg-01-52-54-00-77-00-0a', { loader: 'grub', by: 'mac', mac }],
  ['grub2/grub.cfg-52:54:00:77:00:0a', { loader: 'grub', by: 'mac', mac }],
  ['pxelinux.cfg/01-52-54-00-77-00-0a.ipxe', { loader: 'ipxe', by: 'mac', mac }],
  ['grub/system/52:54:00:77:00:0a', { loader: 'grub', by: 'mac', mac }],
  ['grub/system_link/duncan', { loader: 'grub', by: 'name', name: 'duncan' }],
  ['grub/grub.cfg-default-amd64', { loader: 'grub', by: 'bootstrap' }],
  ['ipxe/default.ipxe', { loader: 'ipxe', by: 'bootstrap' }],
  ['MAC-52540077000a.ipxe', { loader: 'ipxe', by: 'mac', mac }],
  ['MAC-52-54-00-77-00-0a.ipxe', { loader: 'ipxe', by: 'mac', mac }],
  ['HOSTNAME-duncan.ipxe', { loader: 'ipxe', by: 'name', name: 'duncan' }],
])('%s is the menu for %j', (name, wanted) => {
  expect(readMenuName(name)).toEqual(wanted)
})

test.each([
  'pxelinux.cfg/0A4D',
  'MAC-52540077000.ipxe',
  'MAC-5254007700zz.ipxe',
  'grub/system/duncan',
  'grub/menu.lst.0152540077000A',
  'local-vars.ipxe',
  'pxelinux.cfg/0',
  'pxelinux.cfg/',
  'pxelinux.cfg',
  'pxelinux.cfg/Default',
  'pxelinux.cfg/0A4D000B0',
  'pxelinux.cfg/02-52-54-00-77-00-0a',
  'pxelinux.cfg/01-52-54-00-77-00',
  'x/pxelinux.cfg/default',
  'boot.ipxe/',
  'boot.ipxe-',
  'boot.ipxe-01-zz',
  'boot.ipxe-01-${netX/mac:hexhyp}',
  'grub/grub.cfg-',
  'grub/grub.cfg-01-zz',
  'grub/x86_64-efi/grub.cfg',
  'boot/vmlinuz',
  '',
  'constructor',
])('%j is no menu of ours', (name) => {
  expect(readMenuName(name)).toBeUndefined()
})

test('no name is too strange to be read', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('', 'pxelinux.cfg/', 'pxelinux.cfg/01-', 'grub/grub.cfg-'),
      anyText,
      (head, rest) => void readMenuName(head + rest),
    ),
  )
})

test('PXELINUX asks for its UUID in the order of the wire, its MAC, its address ever shorter, default', () => {
  const names = namesAsked('pxelinux', { mac, uuid: '78563412-3412-3412-1234-525400770001', address: '10.88.0.61' })
  expect(names.map((name) => name.replace('pxelinux.cfg/', ''))).toEqual([
    'ldlinux.c32',
    '78563412-3412-3412-1234-525400770001',
    '01-52-54-00-77-00-0a',
    '0A58003D',
    '0A58003',
    '0A5800',
    '0A580',
    '0A58',
    '0A5',
    '0A',
    '0',
    'default',
  ])
})

test('a UUID of zeros is none', () => {
  expect(namesAsked('pxelinux', { mac, uuid: '00000000-0000-0000-0000-000000000000' })).toEqual([
    'ldlinux.c32',
    'pxelinux.cfg/01-52-54-00-77-00-0a',
    'pxelinux.cfg/default',
  ])
})

test('pypxeboot asks for MAC, whole address, default', () => {
  expect(namesAsked('xen', { mac, uuid: '78563412-3412-3412-1234-525400770001', address: '10.88.0.61' })).toEqual([
    'pxelinux.cfg/01-52-54-00-77-00-0a',
    'pxelinux.cfg/0A58003D',
    'pxelinux.cfg/default',
  ])
})

test('GRUB asks for its lists, then for the bootstrap, which asks for the menu of the session', () => {
  expect(namesAsked('grub', { mac })).toEqual([
    'grub/x86_64-efi/command.lst',
    'grub/x86_64-efi/fs.lst',
    'grub/x86_64-efi/crypto.lst',
    'grub/x86_64-efi/terminal.lst',
    'grub/grub.cfg',
    'grub.cfg',
  ])
  expect(namesAsked('ipxe', { mac })).toEqual(['boot.ipxe'])
})
