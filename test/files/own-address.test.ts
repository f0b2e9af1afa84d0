import { expect, test } from 'vitest'
import { advise } from '../../src/files/advise.ts'
import { mac, openHouse, own, type TestHouse } from '../house.ts'

const own6 = 'fd77::5254:77:1'

/** A house in which duncan may be installed and has an address of each family. */
function openArmed(): TestHouse & { readonly path: string } {
  const house = openHouse()
  const { permits, registry, addresses } = house.house
  Object.assign(addresses, { lease6Of: () => own6 })
  permits.arm({ machine: 'duncan', target: 'web', by: 'test' }, registry.site.server.permits, house.now, 'p1')
  const first = advise(house.house, { door: 'dhcp', asker: 'firmware', arch: 7, mac }, 'fd77::1').boot!.file
  return Object.assign(house, { path: first.replace(/[^/]*$/, '') })
}

const answerIn = (menu: string): string => /url=http:\/\/[^/]+\/(a\/\S+?)'/.exec(menu)![1]!

test('the install menu is given over IPv6 to the address that the machine was given there, and the answer to its IPv4 one', () => {
  using house = openArmed()
  const menu = house.text(`${house.path}grub.cfg`, { from: own6 })
  expect(menu).toContain('duncan: install')
  expect(house.text(answerIn(menu), { from: own })).toContain('$6$salt$secret')
  expect(house.text(answerIn(menu), { from: own6 })).toContain('$6$salt$secret')
})

test('a foreign address of either family gets the disk, and no answer', () => {
  using house = openArmed()
  expect(house.text(`${house.path}grub.cfg`, { from: 'fd77::bad' })).toContain('duncan: local')
  expect(house.text(`${house.path}grub.cfg`, { from: '10.77.0.66' })).toContain('duncan: local')
  const menu = house.text(`${house.path}grub.cfg`, { from: own6 })
  for (const from of ['fd77::bad', '10.77.0.66'])
    expect(house.ask(answerIn(menu), { from })).toMatchObject({ kind: 'refused', status: 403 })
})

test('a machine without IPv4 is told IPv6 URLs', () => {
  const fleet =
    'machines: [{ name: duncan, mac: "52:54:00:77:00:01", ip6: "fd77::11", profile: probe }]\n' +
    'profiles: [{ name: probe, kind: live, kernel: boot/vmlinuz, args: "probe={{answer.url}}", answer: answers/probe.hbs }]\n'
  using house = openHouse({ 'fleet.yaml': fleet })
  house.leases.clear()
  house.house.reach = (client) => (client?.startsWith('fd77:') ? 'fd77::1' : '10.77.0.1')
  const file = advise(house.house, { door: 'dhcp', asker: 'ipxe', arch: 7, mac }, 'fd77::1').boot!.file
  expect(file).toMatch(/^http:\/\/\[fd77::1\]\/s\/.*\/boot\.ipxe$/)
  const menu = house.text(new URL(file).pathname.slice(1), { from: 'fd77::11' })
  expect(menu).toContain('probe=http://[fd77::1]/a/')
})

test('an iPXE that came over IPv6 fetches its kernel there, though the system that it boots has IPv4', () => {
  using house = openArmed()
  house.house.reach = (client) => (client?.startsWith('fd77:') ? 'fd77::1' : '10.77.0.1')
  const menu = house.text(`${house.path}boot.ipxe`, { from: own6 })
  expect(menu).toContain(`kernel http://[fd77::1]/${house.path}boot/vmlinuz`)
  expect(menu).toContain('url=http://10.77.0.1/a/')
})
