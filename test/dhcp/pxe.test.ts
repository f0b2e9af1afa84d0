import { expect, test } from 'vitest'
import { write, option } from '../../src/dhcp/options.ts'
import { clientOf } from '../../src/dhcp/pxe.ts'
import { message, real } from './packets.ts'

test.each([
  ['ipxe-bios-discover', { asker: 'ipxe', arch: 0 }],
  ['ipxe-uefi-discover', { asker: 'ipxe', arch: 7 }],
  ['gpxe-bios-discover', { asker: 'firmware', arch: 0 }],
  ['ovmf-pxe-discover', { asker: 'firmware', arch: 7 }],
  ['ovmf-http-discover', { asker: 'firmware', arch: 16 }],
  ['aavmf-arm64-pxe-discover', { asker: 'firmware', arch: 11 }],
  ['aavmf-arm64-http-discover', { asker: 'firmware', arch: 19 }],
  ['udhcpc-discover', { asker: 'os' }],
  ['debian-installer-discover', { asker: 'os' }],
])('%s is known for what it is', (name, expected) => {
  const { door, mac, ...evidence } = clientOf(real(name))
  expect([door, evidence]).toEqual(['dhcp', expected])
  expect(mac).toMatch(/^52:54:00:77:00:0/)
})

test.each([
  ['bare text', 'iPXE', 'ipxe'],
  ['RFC 3004', '\u0004iPXE', 'ipxe'],
  ['RFC 3004, second class', '\u0003abc\u0004iPXE', 'ipxe'],
  ['gPXE', 'gPXE', 'os'],
  ['a longer word', 'iPXElinux', 'os'],
  ['lengths past the end', '\u00ffiPXE', 'os'],
  ['zeros', '\u0000\u0000\u0000\u0000\u0000', 'os'],
])('user class as %s', (_, text, asker) => {
  expect(clientOf(message(1, { more: [[77, Buffer.from(text, 'latin1')]] })).asker).toBe(asker)
})

test.each([
  ['with HTTP among its features', '130101150101', 'ipxe'],
  ['with HTTP last', '150101170101210101130101', 'ipxe'],
  ['with TFTP, DNS and PXE alone, as VirtualBox has it', 'b105018086100e150101170101210101eb03010000ff', 'firmware'],
  ['that says HTTP is off', '130100', 'firmware'],
  ['that says nothing of itself', '', 'ipxe'],
  ['whose features are cut short', '1501', 'firmware'],
])('an iPXE %s', (_, features, asker) => {
  const more: [number, Buffer][] = [
    [77, Buffer.from('iPXE')],
    [60, Buffer.from('PXEClient:Arch:00000:UNDI:002001')],
    [175, Buffer.from(features, 'hex')],
  ]
  expect(clientOf(message(1, { more })).asker).toBe(asker)
})

test.each([
  ['PXEClient', 'firmware'],
  ['PXEClient:Arch:00000:UNDI:002001', 'firmware'],
  ['HTTPClient', 'firmware'],
  ['pxeclient', 'os'],
  ['PXE', 'os'],
  ['XPXEClient', 'os'],
  ['MSFT 5.0', 'os'],
  ['P'.repeat(255), 'os'],
  ['PXEClient\0:Arch', 'firmware'],
])('vendor class %s', (text, asker) => {
  expect(clientOf(message(1, { more: [[60, Buffer.from(text, 'latin1')]] })).asker).toBe(asker)
})

test.each([
  ['one', [7], 7],
  ['the first that is known', [0x1234, 9, 7], 9],
  ['unknown', [0xffff], 0xffff],
  ['eight', [30, 31, 32, 33, 34, 35, 36, 16], 16],
])('architectures: %s', (_, listed, arch) => {
  expect(clientOf(message(1, { more: [write(option.arch, listed)] })).arch).toBe(arch)
})

test.each([0, 1, 3])('an architecture of %i bytes is none', (length) => {
  expect(clientOf(message(1, { more: [[93, Buffer.alloc(length)]] }))).not.toHaveProperty('arch')
})

test('the machine id is read in the byte order of the wire', () => {
  const id = Buffer.from('0078563412341234121234525400770001', 'hex')
  expect(clientOf(message(1, { more: [[97, id]] })).uuid).toBe('78563412-3412-3412-1234-525400770001')
})

test.each([
  ['all zeros', Buffer.alloc(17)],
  ['all ones', Buffer.concat([Buffer.from([0]), Buffer.alloc(16, 255)])],
  ['another type', Buffer.alloc(17, 1)],
  ['nothing', Buffer.alloc(0)],
  ['16 bytes', Buffer.alloc(16, 7)],
  ['18 bytes', Buffer.alloc(18)],
])('a machine id of %s is none', (_, id) => {
  expect(clientOf(message(1, { more: [[97, id]] }))).not.toHaveProperty('uuid')
})
