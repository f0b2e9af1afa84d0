import { expect, test } from 'vitest'
import { formatServer, formatSite } from '../../src/config/export.ts'
import { loadSite } from '../../src/config/read.ts'
import { menuOf } from '../../src/files/menu-of.ts'
import { writeGrub } from '../../src/menu/grub.ts'
import { writeIpxe } from '../../src/menu/ipxe.ts'
import { writePxelinux } from '../../src/menu/pxelinux.ts'
import { openHouse } from '../house.ts'

const site = (server: string, profile: string, machine: string): Record<string, string> => ({
  'birnam.yaml': `address: 10.77.0.1\n${server}`,
  'fleet.yaml': `machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: disk${machine} }
profiles:
  - { name: disk, kind: local${profile} }
`,
})

function written(files: Record<string, string>): Record<'pxelinux' | 'pypxeboot' | 'ipxe' | 'grub', string> {
  using house = openHouse(files)
  const machine = house.house.registry.named('duncan')!
  const profile = house.house.registry.profileOf(machine)!
  const menu = menuOf(
    house.house,
    { machine, profile, plan: { do: 'local', why: 'w' } },
    { machine, address: '10.77.0.11' },
  )
  return {
    pxelinux: writePxelinux(menu, { metal: true }),
    pypxeboot: writePxelinux(menu),
    ipxe: writeIpxe(menu, 'http://10.77.0.1/'),
    grub: writeGrub(menu, '/'),
  }
}

const sanboot = /:local\nsanboot --no-describe --drive 0x80 \|\| exit 1\n/

test.each([
  ['exit', /LOCALBOOT -1$/m, /LOCALBOOT -1$/m, /:local\nexit 1\n/, /\{\n {2}exit\n\}/],
  ['chain', /COM32 chain\.c32\n {2}APPEND hd0$/m, /LOCALBOOT 0$/m, /grubx64\.efi/, /chainloader "\$loader"/],
  ['sanboot', /LOCALBOOT 0$/m, /LOCALBOOT 0$/m, sanboot, /chainloader "\$loader"/],
  ['auto', /LOCALBOOT 0$/m, /LOCALBOOT 0$/m, /grubx64\.efi/, /chainloader "\$loader"/],
])('localboot: %s is said in the words of each loader', (way, pxelinux, pypxeboot, ipxe, grub) => {
  const text = written(site('', '', `, localboot: ${way}`))
  expect(text.pxelinux).toMatch(pxelinux)
  expect(text.pypxeboot).toMatch(pypxeboot)
  expect(text.ipxe).toMatch(ipxe)
  expect(text.grub).toMatch(grub)
})

test('the machine goes before its profile, and that before the site', () => {
  const said = (...all: [string, string, string]): string | undefined =>
    /LOCALBOOT .*/.exec(written(site(...all)).pxelinux)?.[0]
  expect(said('localboot: exit\n', '', '')).toBe('LOCALBOOT -1')
  expect(said('localboot: exit\n', ', localboot: sanboot', '')).toBe('LOCALBOOT 0')
  expect(said('', ', localboot: sanboot', ', localboot: exit')).toBe('LOCALBOOT -1')
})

test('another word is refused with its place', () => {
  const place = { file: 'fleet.yaml', line: 2, field: 'machines[0].localboot' }
  const refused = expect.objectContaining({ detail: expect.objectContaining(place) as unknown }) as Error
  expect(() => written(site('', '', ', localboot: exti'))).toThrow(refused)
})

test('an export reads back', () => {
  using house = openHouse(site('localboot: chain\n', ', localboot: exit', ', localboot: sanboot'))
  const read = loadSite(house.directory)
  using again = openHouse({ 'birnam.yaml': formatServer(read), 'fleet.yaml': formatSite(read) })
  const back = loadSite(again.directory)
  expect([back.server.localboot, back.profiles[0]!.localboot, back.machines[0]!.localboot]).toEqual([
    'chain',
    'exit',
    'sanboot',
  ])
})
