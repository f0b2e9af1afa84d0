import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatServer } from '../../../src/config/export.ts'
import { importDhcpd } from '../../../src/takeover/dhcpd/import.ts'
import type { NetworkReport } from '../../../src/takeover/network/write.ts'
import { typed } from '../../cli/typed.ts'
import { hosts, office, ranges } from './files.ts'
import { openOld, sentences, type OldFiles, type OldPlace } from '../place.ts'

function openDhcpd(text: string, more: OldFiles = {}): OldPlace {
  return openOld({ 'dhcpd.conf': text, ...more })
}

function take(old: OldPlace, dryRun = false): NetworkReport {
  return importDhcpd(old.at('dhcpd.conf'), { site: old.site, dryRun })
}

test('subnets become a birnam.yaml that answers nobody yet, hosts machines, named groups groups; birnam check finds no error', async () => {
  using old = openDhcpd(office)
  const report = take(old)
  expect(report).toMatchObject({ machines: 3, groups: 1, subnets: 3, files: ['birnam.yaml', 'dhcpd.yaml'] })
  expect(await old.errors()).toEqual([])
  const { server, machines, groups } = old.load()
  expect(server.dhcp.mode).toBe('off')
  expect(formatServer({ server, vars: {} })).toBe(`dhcp:
  mode: off
  interfaces: []
  subnets:
    - cidr: 10.77.0.0/24
      range:
        - 10.77.0.100-10.77.0.199
        - 10.77.0.210-10.77.0.210
      router: 10.77.0.1
      dns:
        - 10.77.0.1
        - 9.9.9.9
      ntp:
        - 10.77.0.2
      domain: example.org
      lease: 10m
    - cidr: 10.78.0.0/24
      router: 10.78.0.1
      dns:
        - 10.78.0.1
      ntp:
        - 10.77.0.2
      domain: example.org
      lease: 10m
    - cidr: 10.79.0.0/23
      range: 10.79.0.10-10.79.1.20
      router: 10.79.0.1
      dns:
        - 10.78.0.1
      ntp:
        - 10.77.0.2
      domain: example.org
      lease: 1h
      with: 10.78.0.0/24
`)
  expect(machines.map(({ name, macs, ip, hostname }) => [name, macs[0], ip, hostname])).toEqual([
    ['duncan', '52:54:00:77:00:01', '10.77.0.11', 'duncan'],
    ['macbeth', '52:54:00:77:00:02', '10.77.0.12', 'macbeth'],
    ['banquo_1', '52:54:00:77:00:03', undefined, 'banquo-1'],
  ])
  expect(groups.map(({ name, machines: members }) => [name, members])).toEqual([['kings', ['macbeth', 'banquo_1']]])
})

test('what means nothing here is told once, with its first line and why; a key’s secret is told nowhere', () => {
  using old = openDhcpd(office)
  const { left, todo } = take(old)
  expect(sentences(left)).toEqual([
    '3 ddns-update-style: Birnam writes no DNS',
    '8 max-lease-time: a lease has one length here, that of default-lease-time',
    '9 option arch: options have no names of their own here: write the number and its type under options:',
    '10 option vendor.rec: options have no names of their own here: write the number and its type under options:',
    '11 key: a key for DNS or OMAPI, of which Birnam does neither; its secret was not copied',
    expect.stringMatching(/^12 omapi-port/),
    expect.stringMatching(/^13 omapi-key/),
    expect.stringMatching(/^14 class: there are no classes here/),
    '20 option routers: a subnet has one router here: the first is taken',
    expect.stringMatching(/^31 filename of a host: what a machine boots is its profile here/),
    expect.stringMatching(/^33 next-server/),
    expect.stringMatching(/^35 fixed-address of banquo_1 is the name banquo\.invalid, which DNS would have to resolve/),
  ])
  expect(todo).toEqual([
    expect.stringMatching(/^dhcp\.mode: server and dhcp\.interfaces in birnam\.yaml, when the old dhcpd is stopped/),
    expect.stringMatching(/^hosts that a program made \(omapi-port\)/),
    expect.stringMatching(/^range: 10\.78\.0\.10-10\.78\.0\.20 in 10\.78\.0\.0\/24, if you mean it.*dhcpd\.conf:28/),
    expect.stringMatching(/^ip: of banquo_1/),
    expect.stringMatching(/^what the machines become: profile:/),
  ])
  expect(JSON.stringify({ left, todo }) + old.text('dhcpd.yaml') + old.text('birnam.yaml')).not.toMatch(/c2Vj/)
})

test('a card, a name and an address belong to one machine: each other claim has its sentence', async () => {
  using old = openDhcpd(hosts)
  const { left, todo } = take(old)
  const conf = old.at('dhcpd.conf')
  expect(sentences(left)).toEqual([
    '9 hardware: it is not the MAC address of an Ethernet card',
    '10 option dhcp-client-identifier of a host: machines are known by their MAC address, their UUID, or the port that they hang on',
    `4 host duncan-upstairs has the card 52:54:00:77:00:01 of duncan (${conf}:3): one card is one machine with one address here, and the address 10.78.0.11 is not taken`,
    '5 host two has 2 addresses: a machine has one here, and 10.78.0.12 is taken',
    '6 the address 10.77.0.1 of gate belongs to the router',
    `7 the address 10.77.0.11 of card belongs to duncan (${conf}:3): of one computer with two cards, give that machine both under mac:`,
    '8 the address 10.77.0.255 of edge is the network or the broadcast address of 10.77.0.0/24',
  ])
  expect(todo.join('\n')).toContain('mac: of ring, bare: they stand as comments at the end of dhcpd.yaml')
  expect(old.text('dhcpd.yaml')).toMatch(/# {3}- name: ring\n# {5}ip: 10\.77\.0\.18\n# {3}- name: bare/)
  expect(await old.errors()).toEqual([])
})

test('a range that not everybody was to have is left to a person; odd leases and domains are mended and told', async () => {
  using old = openDhcpd(ranges)
  const { left, todo } = take(old)
  const { subnets } = old.load().server.dhcp
  expect(subnets.map((subnet) => [subnet.ranges.length, subnet.lease, subnet.domain])).toEqual([
    [0, 43_200, undefined],
    [2, 60, undefined],
    [1, 43_200, undefined],
  ])
  expect(todo[1]).toMatch(/^range: 10\.77\.0\.100-10\.77\.0\.199 in 10\.77\.0\.0\/24.*dhcpd\.conf:1\)/)
  expect(sentences(left)).toContain(
    '7 default-lease-time: a lease lasts a minute at least and ends some day: 60 seconds are taken',
  )
  expect(sentences(left, 'domain-name')).toHaveLength(1)
  expect(await old.errors()).toEqual([])
})

test('a site that has machines and a birnam.yaml keeps them: subnets stand as comments, known cards are told', async () => {
  using old = openDhcpd(hosts, {
    'site/birnam.yaml': 'address: 10.77.0.1\n',
    'site/fleet.yaml': 'machines:\n  - { name: king, mac: "52:54:00:77:00:01", ip: 10.78.0.12 }\n',
  })
  const { left, todo, files } = take(old)
  expect(files).toEqual(['dhcpd.yaml'])
  expect(todo[0]).toBe('dhcp.subnets in birnam.yaml: they stand as comments at the end of dhcpd.yaml')
  expect(old.text('dhcpd.yaml')).toContain('#     - cidr: 10.77.0.0/24\n')
  expect(sentences(left, 'king (fleet.yaml:2)').map((each) => each[0])).toEqual(['3', '4', '5'])
  expect(old.load().machines.find(({ name }) => name === 'two')?.ip).toBeUndefined()
  expect(await old.errors()).toEqual([])
})

test('includes are read where they say, and of files that were carried here, beside the first; one that is missing is told', () => {
  using old = openDhcpd('include "/etc/no-such-dhcp/hosts.d/a.conf";\ninclude "gone.conf";\n', {
    'hosts.d/a.conf': 'subnet 10.77.0.0 netmask 255.255.255.0 { include "hosts.d/b.conf"; }\n',
    'hosts.d/b.conf': 'range 10.77.0.5 10.77.0.9; # caf\u00e9\n',
  })
  const { subnets, left } = take(old)
  expect(subnets).toBe(1)
  expect(old.load().server.dhcp.subnets[0]?.ranges).toHaveLength(1)
  expect(sentences(left)).toEqual(['2 include gone.conf: it is not there'])
})

test('a dry run writes nothing, and a second import is refused without a change', () => {
  using old = openDhcpd(office)
  expect(take(old, true).files).toEqual(['birnam.yaml', 'dhcpd.yaml'])
  expect(existsSync(old.site)).toBe(false)
  take(old)
  expect(() => take(old)).toThrow(/these are in the site already: dhcpd\.yaml/)
  expect(readdirSync(old.site).toSorted()).toEqual(['birnam.yaml', 'dhcpd.yaml'])
})

test('birnam import dhcpd tells people and programs the same', async () => {
  using old = openDhcpd(office)
  const argv = ['node', 'birnam', '--site', old.site, '--data', old.at('data'), 'import', 'dhcpd', old.at('dhcpd.conf')]
  const people = await typed([...argv, '--dry-run'])
  expect([people.code, people.err]).toEqual([0, ''])
  expect(people.out).toContain('Would be taken over: 3 machines, 1 group, 0 profiles, 3 subnets.')
  expect(people.out).toContain(`${old.at('dhcpd.conf')}:8: max-lease-time: a lease`)
  const programs = await typed([...argv, '--json'])
  expect(JSON.parse(programs.out)).toMatchObject({ machines: 3, subnets: 3, files: ['birnam.yaml', 'dhcpd.yaml'] })
})

test('a site with an error is told before anything is written', () => {
  using old = openDhcpd(office)
  mkdirSync(old.site)
  writeFileSync(join(old.site, 'fleet.yaml'), 'machines: 7\n')
  expect(() => take(old)).toThrow(/must be a list/)
  expect(readdirSync(old.site)).toEqual(['fleet.yaml'])
})
