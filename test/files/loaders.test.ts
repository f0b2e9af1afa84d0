import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { Paths } from '../../src/config/paths.ts'
import { advise } from '../../src/files/advise.ts'
import { LoaderFiles, loaders } from '../../src/files/loaders.ts'
import { mac, openHouse, type TestHouse } from '../house.ts'

const uefi = { door: 'dhcp', asker: 'firmware', arch: 7, mac } as const
const site = {
  'fleet.yaml': `
machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: web }
  - { name: macduff, mac: "52:54:00:77:00:02", ip: 10.77.0.12, profile: probe }
profiles:
  - { name: web, kind: install, distro: fedora, answer: answers/web.hbs }
  - { name: probe, kind: live, kernel: boot/vmlinuz, loaders: loaders/probe }
distros:
  - { name: fedora, family: redhat, version: 40, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], loaders: loaders/fedora }
`,
  'loaders/fedora/BOOTX64.EFI': 'shim of Fedora',
  'loaders/fedora/grubx64.efi': 'GRUB of Fedora!',
  'loaders/fedora/mmx64.efi': 'MokManager',
}
const folder = (house: TestHouse): string => advise(house.house, uefi, '10.77.0.1').boot!.file.replace(/[^/]*$/, '')

test('a distro brings its own shim, under the name that it has on its medium, and its own GRUB', () => {
  using house = openHouse(site)
  const file = advise(house.house, uefi, '10.77.0.1').boot!.file
  expect(file).toMatch(/^s\/.*\/shimx64\.efi$/)
  expect(house.ask(file)).toMatchObject({ kind: 'file', size: 'shim of Fedora'.length })
  expect(house.ask(`${folder(house)}grubx64.efi`)).toMatchObject({ size: 'GRUB of Fedora!'.length })
  expect(house.ask(`${folder(house)}/mmx64.efi`)).toMatchObject({ size: 'MokManager'.length })
})

test('they are for the boots of that distro alone', () => {
  using house = openHouse(site)
  expect(house.ask('mmx64.efi')).toBeUndefined()
  expect(house.ask('loaders/fedora/grubx64.efi')).toBeUndefined()
  const other = advise(house.house, { ...uefi, mac: '52:54:00:77:00:02' as typeof mac }, '10.77.0.1').boot!.file
  expect(house.ask(other.replace(/[^/]*$/, 'mmx64.efi'))).toBeUndefined()
})

test('nothing outside of that folder comes out of it', () => {
  using house = openHouse(site)
  for (const name of ['../../fleet.yaml', '..', '', 'grubx64.efi/x'])
    expect(house.ask(`${folder(house)}${name}`), name).toBeUndefined()
})

test('a loader that is put under files/ or taken away is noticed within a second or two', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  using house = openHouse()
  const files = new LoaderFiles(new Paths(house.directory, '/nonexistent'))
  const name = 'snponly-arm64-shim.efi'
  expect(files.find(name)).toBeUndefined()
  const path = join(house.directory, 'files', name)
  writeFileSync(path, 'x')
  expect(files.find(name)).toBeUndefined()
  vi.advanceTimersByTime(1001)
  expect(files.find(name)).toBe(path)
  rmSync(path)
  vi.advanceTimersByTime(1001)
  expect(files.find(name)).toBeUndefined()
  vi.useRealTimers()
})

test('every loader says what brings it', () => {
  expect(Object.values(loaders).filter(({ paths, package: name }) => paths.length === 0 || name === '')).toEqual([])
})

test('an iPXE that has no script of its own goes on to the menu of its boot, which only that one is', () => {
  using house = openHouse()
  const path = folder(house)
  expect(house.text(`${path}autoexec.ipxe`)).toContain(`\nchain http://10.77.0.1/${path}boot.ipxe || exit 1\n`)
  expect(house.text('autoexec.ipxe')).toContain('\nchain http://10.77.0.1/boot.ipxe-01-${netX/mac:hexhyp} || exit 1\n')
  expect(house.events().filter(({ type }) => type === 'menu.given')).toEqual([])
})
