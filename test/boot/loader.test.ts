import { expect, test } from 'vitest'
import type { Client } from '../../src/boot/client.ts'
import { firstFile } from '../../src/boot/loader.ts'
import { loaderChoice, offeredFile, offeredPrefix } from '../../src/boot/offer.ts'
import { Sessions } from '../../src/boot/session.ts'
import { parseMac } from '../../src/net/mac.ts'
import { aMachine, aProfile } from '../site.ts'

const client = (asker: Client['asker'], arch?: number): Client => ({
  door: 'dhcp',
  asker,
  ...(arch !== undefined && { arch }),
})

test.each([
  ['firmware', 0, 'auto', 'pxelinux.0'],
  ['firmware', 7, 'auto', 'shimx64.efi'],
  ['firmware', 9, 'auto', 'shimx64.efi'],
  ['firmware', 6, 'auto', 'shimia32.efi'],
  ['firmware', 11, 'auto', 'shimaa64.efi'],
  ['firmware', 7, 'grub', 'grubx64.efi'],
  ['firmware', 11, 'grub', 'grubaa64.efi'],
  ['firmware', 7, 'ipxe-shim', 'snponly-shim.efi'],
  ['firmware', 0, 'lpxelinux', 'lpxelinux.0'],
  ['firmware', 19, 'auto', 'snponly-arm64.efi'],
  ['firmware', 16, 'auto', 'snponly.efi'],
  ['firmware', 0, 'ipxe', 'undionly.kpxe'],
  ['firmware', 7, 'ipxe', 'snponly.efi'],
  ['ipxe', 0, 'pxelinux', 'pxelinux.0'],
  ['ipxe', 7, 'grub', 'grubx64.efi'],
  ['os', undefined, 'auto', 'pxelinux.0'],
] as const)('%s with architecture %s and loader %s starts with %s', (asker, arch, choice, name) => {
  expect(firstFile(client(asker, arch), choice)).toMatchObject({ kind: 'loader', name })
})

test('a shim is offered with what it loads; where one of the two is not to be had, GRUB alone is', () => {
  const first = (...has: readonly string[]): unknown =>
    firstFile(client('firmware', 7), 'auto', (name) => has.includes(name))
  expect(first('shimx64.efi', 'grubx64.efi')).toMatchObject({
    name: 'shimx64.efi',
    second: 'grubx64.efi',
    loads: 'grub',
  })
  expect(first('grubx64.efi')).toMatchObject({ name: 'grubx64.efi', loads: 'grub' })
  expect(first('shimx64.efi')).toMatchObject({ name: 'shimx64.efi' })
  expect(first()).toMatchObject({ name: 'shimx64.efi' })
})

test('UEFI HTTP boot goes on with shim and GRUB where there is no iPXE for it', () => {
  const has = (name: string): boolean => name !== 'snponly-arm64.efi'
  expect(firstFile(client('firmware', 19), 'auto', has)).toMatchObject({ name: 'shimaa64.efi', carrier: 'http' })
})

test('a client that is iPXE already goes straight to its script', () => {
  expect(firstFile(client('ipxe', 0), 'auto')).toEqual({ kind: 'script' })
  expect(firstFile(client('ipxe', 7), 'ipxe')).toEqual({ kind: 'script' })
})

test.each([
  [10, 'grubarm.efi', 'snponly-arm32.efi'],
  [27, 'grubriscv64.efi', 'snponly-riscv64.efi'],
  [39, 'grubloongarch64.efi', 'snponly-loong64.efi'],
] as const)(
  'architecture %s, for which no package has a loader, starts with one that the site brings',
  (arch, grub, ipxe) => {
    const first = (...names: readonly string[]): unknown =>
      firstFile(client('firmware', arch), 'auto', (name) => names.includes(name))
    expect(first(grub)).toMatchObject({ kind: 'loader', name: grub, loads: 'grub' })
    expect(first(ipxe)).toMatchObject({ kind: 'loader', name: ipxe, loads: 'ipxe' })
    expect(first()).toBeUndefined()
  },
)

test.each([
  [21, 'tftp'],
  [22, 'tftp'],
  [24, 'http'],
  [14, 'tftp'],
] as const)('architecture %s reads menus by itself, beside the name in its session’s directory', (arch, carrier) => {
  const sessions = new Sessions(Buffer.alloc(32, 1))
  const session = sessions.arriving(parseMac('52:54:00:77:00:01'), 1_700_000_000_000)
  const first = firstFile(client('firmware', arch), 'auto', () => false)!
  expect(first).toEqual({ kind: 'menus', carrier })
  const url = carrier === 'http' ? 'http://10.77.0.1/' : ''
  expect(offeredFile(first, session, 'http://10.77.0.1')).toBe(`${url}s/${session.id}/pxelinux.0`)
  expect(offeredPrefix(first, session, 'http://10.77.0.1')).toBe(`s/${session.id}/`)
  expect(offeredPrefix(first, undefined, 'http://10.77.0.1')).toBeUndefined()
})

test.each([
  [38, 'auto'],
  [0, 'shim'],
  [4711, 'auto'],
  [7, 'pxelinux'],
] as const)('architecture %s with loader %s has no loader, and is offered none', (arch, choice) => {
  expect(firstFile(client('firmware', arch), choice)).toBeUndefined()
})

test('the offered name begins with the boot session, and carries no token', () => {
  const sessions = new Sessions(Buffer.alloc(32, 1))
  const session = sessions.arriving(parseMac('52:54:00:77:00:01'), 1_700_000_000_000)
  const offered = (asker: Client['asker'], arch: number, of?: typeof session): string =>
    offeredFile(firstFile(client(asker, arch), 'auto')!, of, 'http://10.77.0.1')
  expect(offered('firmware', 0, session)).toBe(`s/${session.id}/pxelinux.0`)
  expect(offered('ipxe', 0, session)).toBe(`http://10.77.0.1/s/${session.id}/boot.ipxe`)
  expect(offered('firmware', 0)).toBe('pxelinux.0')
  expect(offered('firmware', 16)).toBe('http://10.77.0.1/snponly.efi')
})

test.each([
  ['ipxe', 'grub', 'pxelinux', 'ipxe'],
  ['auto', 'grub', 'pxelinux', 'grub'],
  ['auto', 'auto', 'pxelinux', 'pxelinux'],
  ['auto', undefined, 'pxelinux', 'pxelinux'],
  ['auto', 'auto', 'auto', 'auto'],
] as const)('machine %s, profile %s, site %s: %s', (own, profiles, site, choice) => {
  const machine = aMachine('duncan', { loader: own })
  const profile = aProfile('probe', 'live', profiles === undefined ? {} : { loader: profiles })
  expect(loaderChoice({ machine, profile }, site)).toBe(choice)
})
