import { expect, test } from 'vitest'
import { readPiName } from '../../src/files/raspberry-pi.ts'
import { arm, openHouse } from '../house.ts'

const site = {
  'fleet.yaml': `
machines:
  - { name: duncan, mac: "dc:a6:32:00:00:01", ip: 10.77.0.11, profile: pi, serial: 100000000a1b2c3d }
  - { name: macduff, mac: "dc:a6:32:00:00:02", ip: 10.77.0.12, profile: web, serial: 0badcafe }
profiles:
  - { name: pi, kind: live, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "console=serial0 name={{machine.name}}", loaders: loaders/pi }
  - { name: web, kind: install, kernel: boot/vmlinuz, args: "x=y", answer: answers/web.hbs, loaders: loaders/pi }
`,
  'loaders/pi/start4.elf': 'firmware',
}

test('a board gets firmware, a config.txt and a cmdline.txt of its own, kernel and initrd below its serial number', () => {
  using house = openHouse(site)
  expect(house.ask('0a1b2c3d/start4.elf')).toMatchObject({ kind: 'file', size: 8 })
  expect(house.text('0A1B2C3D/config.txt')).toMatch(/^kernel=boot\/vmlinuz\ninitramfs boot\/initrd.gz followkernel$/m)
  expect(house.text('0a1b2c3d/cmdline.txt')).toBe('console=serial0 name=duncan\n')
  expect(house.ask('0a1b2c3d/boot/vmlinuz')).toMatchObject({ kind: 'file' })
  expect(house.ask('0a1b2c3d/bootcode.bin')).toBeUndefined()
})

test('a board is known by the end of its serial number, when one machine alone ends so, and by its MAC address as a directory', () => {
  using house = openHouse({
    'fleet.yaml': `
machines:
  - { name: duncan, mac: "2c:cf:67:00:00:08", profile: pi, serial: 0c8f7e5c0b2c3d4e }
  - { name: ross, mac: "2c:cf:67:00:00:09", profile: pi, serial: 0c8f7e5c11111111 }
  - { name: angus, mac: "2c:cf:67:00:00:0a", profile: pi, serial: 0d8f7e5c11111111 }
profiles:
  - { name: pi, kind: live, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "name={{machine.name}}" }
`,
  })
  const from = '10.77.0.99'
  expect(house.text('0b2c3d4e/cmdline.txt', { from })).toBe('name=duncan\n')
  expect(house.ask('11111111/cmdline.txt', { from })).toBeUndefined()
  expect(house.text('2c-cf-67-00-00-09/cmdline.txt', { from })).toBe('name=ross\n')
  expect(house.ask('52-54-00-77-00-01/cmdline.txt', { from })).toBeUndefined()
})

test('what the site has under that name comes first', () => {
  using house = openHouse({ ...site, 'files/0a1b2c3d/cmdline.txt': 'mine' })
  expect(house.ask('0a1b2c3d/cmdline.txt')).toMatchObject({ kind: 'file', size: 4 })
})

test('a board that nobody named, or whose profile wipes, finds nothing and boots its own card', () => {
  using house = openHouse(site)
  arm(house, 'macduff')
  for (const serial of ['12345678', '0badcafe'])
    for (const name of ['start4.elf', 'cmdline.txt', 'config.txt', 'boot/vmlinuz'])
      expect(house.ask(`${serial}/${name}`, { from: '10.77.0.99' }), name).toBeUndefined()
})

test('nothing outside of those folders is reached by it', () => {
  using house = openHouse(site)
  for (const name of ['../fleet.yaml', 'fleet.yaml', 'answers/web.hbs', 'loaders/pi/start4.elf', ''])
    expect(house.ask(`0a1b2c3d/${name}`), name).toBeUndefined()
})

test.each(['0a1b2c3d', '0a1b2c3d/', '0a1b2c3/x', '0a1b2c3de/x', 'zzzzzzzz/x', '/x', 'boot/vmlinuz'])(
  '%j is no name of a board',
  (name) => {
    expect(readPiName(name)).toBeUndefined()
  },
)
