import { expect, test } from 'vitest'
import { importDhcpd } from '../../../src/takeover/dhcpd/import.ts'
import type { NetworkReport } from '../../../src/takeover/network/write.ts'
import { openOld, sentences, type OldPlace } from '../place.ts'

const subnet = 'subnet 10.77.0.0 netmask 255.255.255.0 { option routers 10.77.0.1; }\n'
const host = (name: string, last: number, more = ''): string =>
  `host ${name} {\n  dynamic;\n  hardware ethernet 52:54:00:77:03:0${last};\n  fixed-address 10.77.0.4${last};\n${more}}\n`
const gone = (name: string): string => `host ${name} {\n  dynamic;\n  deleted;\n}\n`

function take(old: OldPlace, file: string): NetworkReport {
  return importDhcpd(old.at(file), { site: old.site, dryRun: false })
}

test('in dhcpd.leases the last word on a host counts, and one that was deleted is none', async () => {
  using old = openOld({
    'dhcpd.conf': `omapi-port 7911;\n${subnet}`,
    'dhcpd.leases': `authoring-byte-order little-endian;\nlease 10.77.0.100 {\n  starts 1;\n}\n${host('alder', 1)}${gone('alder')}${host(
      'alder',
      9,
      '  supersede host-name = "alder-new";\n  supersede server.filename = "pxelinux.0";\n',
    )}${host('beech', 2)}${gone('beech')}`,
  })
  const first = take(old, 'dhcpd.conf')
  expect(first.todo).toContainEqual(expect.stringMatching(/^hosts that a program made .*dhcpd\.leases/))
  const { files, left } = take(old, 'dhcpd.leases')
  expect(files).toEqual(['dhcpd-leases.yaml'])
  expect(old.load().machines.map(({ name, macs, ip, hostname }) => [name, macs[0], ip, hostname])).toEqual([
    ['alder', '52:54:00:77:03:09', '10.77.0.49', 'alder-new'],
  ])
  expect(sentences(left)).toEqual([
    '2 lease: leases are not taken: who renews one here keeps its address',
    expect.stringMatching(/^19 supersede of a host: what a machine is told is that of its subnet here/),
  ])
  expect(await old.errors()).toEqual([])
})

test('a dhcpd.leases without such hosts is named as what it is', () => {
  using old = openOld({ 'dhcpd.leases': 'lease 10.77.0.100 {\n  starts 1;\n}\n' })
  expect(() => take(old, 'dhcpd.leases')).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ hint: expect.stringMatching(/dhcpd\.leases/) }) }),
  )
})

test('a host in a group in a group is of both, and settings of each are told', () => {
  using old = openOld({
    'dhcpd.conf': `${subnet}group north {\n  option domain-name-servers 10.77.0.2;\n  group web {\n    option ntp-servers 10.77.0.3;\n    host elm { hardware ethernet 52:54:00:77:03:03; }\n  }\n}\n`,
  })
  const { left } = take(old, 'dhcpd.conf')
  expect(old.load().groups.map(({ name, machines }) => [name, machines])).toEqual([
    ['north', ['elm']],
    ['web', ['elm']],
  ])
  expect(sentences(left, 'of a group').map((each) => each.split(':')[0])).toEqual([
    '3 option domain-name-servers of a group',
    '5 option ntp-servers of a group',
  ])
})

test('of two cards or two addresses of one host the last counts, and the other is told', () => {
  using old = openOld({
    'dhcpd.conf': `${subnet}host fir {\n  hardware ethernet 52:54:00:77:03:04;\n  hardware ethernet 52:54:00:77:03:05;\n}\n`,
  })
  const { left } = take(old, 'dhcpd.conf')
  expect(old.load().machines[0]?.macs).toEqual(['52:54:00:77:03:05'])
  expect(sentences(left)).toEqual(['4 a second hardware of a host: a host has one: the last counts'])
})

test('subnets of a shared network are on one link here, too', async () => {
  using old = openOld({
    'dhcpd.conf': `shared-network floor {\n${subnet}subnet 10.78.0.0 netmask 255.255.255.0 { }\nsubnet 10.79.0.0 netmask 255.255.255.0 { }\n}\n`,
  })
  take(old, 'dhcpd.conf')
  expect(old.text('birnam.yaml').match(/with: \S+/g)).toEqual(['with: 10.77.0.0/24', 'with: 10.77.0.0/24'])
  expect(await old.errors()).toEqual([])
})
