import { expect, test } from 'vitest'
import { formatIpv4 } from '../../src/net/ipv4.ts'
import { good, said } from './fixture.ts'

const fleet = (...machines: string[]) => ({
  'fleet.yaml': `machines:\n${machines.map((text) => `  - { ${text} }\n`).join('')}`,
})
const dhcp = (...subnets: string[]) => ({
  'birnam.yaml': `address: 10.77.0.1\ndhcp:\n  mode: server\n  interfaces: [lab-br]\n  subnets:\n${subnets.map((text) => `    - { ${text} }\n`).join('')}`,
})
const short = (lines: readonly string[]) => lines.map((line) => line.replace(/ \([^(]*\)$/, ''))

test('a name, MAC, UUID, serial number or address belongs to one machine', () => {
  const uuid = '4c4c4544-0042-3510-8052-b4c04f4e3732'
  const twice = fleet(
    `name: duncan, mac: [52:54:00:77:00:01, 52-54-00-77-00-01], uuid: ${uuid}, serial: A1, ip: 10.77.0.11`,
    `name: duncan, mac: 525400770001, uuid: ${uuid.toUpperCase()}, serial: A1, ip: 10.77.0.11`,
  )
  expect(short(said(twice))).toEqual([
    'fleet.yaml:2:46: machines[0].mac[1]: the MAC address 52:54:00:77:00:01 belongs to this machine already',
    'fleet.yaml:3:13: machines[1].name: the name duncan belongs to duncan (fleet.yaml:2)',
    'fleet.yaml:3:26: machines[1].mac: the MAC address 52:54:00:77:00:01 belongs to duncan (fleet.yaml:2)',
    `fleet.yaml:3:46: machines[1].uuid: the UUID ${uuid} belongs to duncan (fleet.yaml:2)`,
    'fleet.yaml:3:92: machines[1].serial: the serial number A1 belongs to duncan (fleet.yaml:2)',
    'fleet.yaml:3:100: machines[1].ip: the address 10.77.0.11 belongs to duncan (fleet.yaml:2)',
  ])
})

test('the same name in two files is told with both places', () => {
  const profile = 'profiles:\n  - { name: probe, kind: local }\n'
  expect(said({ 'a.yaml': profile, 'b.yaml': `\n${profile}` })).toEqual([
    'b.yaml:3:13: profiles[0].name: the name probe belongs to probe (a.yaml:2) (keep it in one place)',
  ])
})

test('names that are not there are told with the nearest that is', () => {
  const files = {
    ...fleet('name: duncan, serial: A1, profile: porbe, groups: [kings, quens]'),
    'p.yaml': `profiles:
  - { name: probe, kind: local }
  - { name: db, kind: install, distro: debian-13, answer: a }
groups:
  - { name: queens, machines: [dunkan, web-*], profile: prob }
  - { name: kings }
distros:
  - { name: debian-12, family: debian, version: 12, kernel: k }
`,
  }
  expect(said(files)).toEqual([
    'fleet.yaml:2:42: machines[0].profile: there is no profile porbe (did you mean probe?)',
    'fleet.yaml:2:65: machines[0].groups[1]: there is no group quens (did you mean queens?)',
    'p.yaml:5:57: groups[0].profile: there is no profile prob (did you mean probe?)',
    'p.yaml:5:32: warning: groups[0].machines[0]: there is no machine dunkan (did you mean duncan?)',
  ])
})

test('a noun that is wrong itself is not reported as missing as well', () => {
  const files = {
    ...fleet('name: duncan, serial: A1, profile: probe'),
    'p.yaml': 'profiles: [{ name: probe, kind: liv }]',
  }
  expect(short(said(files))).toEqual(['p.yaml:1:33: profiles[0].kind: cannot be liv'])
})

test('while a file cannot be read, nobody is told that names are missing', () => {
  const files = { ...fleet('name: duncan, serial: A1, profile: probe'), 'p.yaml': 'profiles: [' }
  expect(said(files).every((line) => line.startsWith('p.yaml'))).toBe(true)
})

test('a machine that nothing tells from others, and an identity that thousands have, are worth a warning', () => {
  const uuid = '03000200-0400-0500-0006-000700080009'
  const machines = ['name: duncan', 'name: banquo, serial: To be filled by O.E.M.', `name: ross, uuid: ${uuid}`]
  expect(short(said(fleet(...machines)))).toEqual([
    'fleet.yaml:2:13: warning: machines[0].name: nothing tells duncan from other machines',
    'fleet.yaml:3:29: warning: machines[1].serial: To be filled by O.E.M. is no serial number',
    `fleet.yaml:4:25: warning: machines[2].uuid: ${uuid} is a placeholder, no UUID`,
  ])
})

test.each([
  [['cidr: 10.77.0.0/24', 'cidr: 10.77.0.128/25'], 'dhcp.subnets[1].cidr: 10.77.0.128/25 overlaps 10.77.0.0/24'],
  [['cidr: 10.77.0.0/24', 'cidr: 10.77.0.0/16'], 'dhcp.subnets[1].cidr: 10.77.0.0/16 overlaps 10.77.0.0/24'],
  [
    ['cidr: 10.77.0.0/24, range: 10.77.1.1-10.77.1.9'],
    'dhcp.subnets[0].range: 10.77.1.1-10.77.1.9 is not inside 10.77.0.0/24',
  ],
  [
    ['cidr: 10.77.0.0/24, range: 10.77.0.250-10.77.1.9'],
    'dhcp.subnets[0].range: 10.77.0.250-10.77.1.9 is not inside 10.77.0.0/24',
  ],
  [
    ['cidr: 10.77.0.0/24, range: 10.77.0.9-10.77.0.255'],
    'dhcp.subnets[0].range: 10.77.0.9-10.77.0.255 holds the network or the broadcast address',
  ],
  [
    ['cidr: 10.77.0.0/24, range: 10.77.0.0-10.77.0.9'],
    'dhcp.subnets[0].range: 10.77.0.0-10.77.0.9 holds the network or the broadcast address',
  ],
  [
    ['cidr: 10.77.0.0/24, range: [10.77.0.5-10.77.0.9, 10.77.0.9-10.77.0.12]'],
    'dhcp.subnets[0].range[1]: 10.77.0.9-10.77.0.12 overlaps 10.77.0.5-10.77.0.9',
  ],
  [['cidr: 10.77.0.0/24, router: 10.78.0.1'], 'warning: dhcp.subnets[0].router: 10.78.0.1 is not in 10.77.0.0/24'],
])('subnets %j: %s', (subnets, wrong) => {
  expect(said(dhcp(...subnets)).join('\n')).toContain(wrong)
})

test('the addresses of the server and of the router are taken out of a range, with a warning', () => {
  const files = dhcp('cidr: 10.77.0.0/24, range: 10.77.0.1-10.77.0.9, router: 10.77.0.5')
  expect(short(said(files))).toEqual([
    'birnam.yaml:6:36: warning: dhcp.subnets[0].range: the range holds 10.77.0.1, the address of this server',
    'birnam.yaml:6:36: warning: dhcp.subnets[0].range: the range holds 10.77.0.5, the address of the router',
  ])
  const [subnet] = good(files).server.dhcp.subnets
  expect(subnet?.ranges.map(({ from, to }) => [from, to].map(formatIpv4))).toEqual([
    ['10.77.0.2', '10.77.0.4'],
    ['10.77.0.6', '10.77.0.9'],
  ])
})

test.each([
  ['10.77.0.1', 'machines[0].ip: 10.77.0.1 is the address of this server'],
  ['10.77.0.2', 'machines[0].ip: 10.77.0.2 is the address of the router'],
  ['10.77.0.0', 'machines[0].ip: 10.77.0.0 is the network or the broadcast address of 10.77.0.0/24'],
  ['10.77.0.255', 'machines[0].ip: 10.77.0.255 is the network or the broadcast address of 10.77.0.0/24'],
  ['10.78.0.11', 'warning: machines[0].ip: 10.78.0.11 is in no subnet of birnam.yaml'],
])('a machine cannot have %s: %s', (ip, wrong) => {
  expect(
    said({ ...dhcp('cidr: 10.77.0.0/24, router: 10.77.0.2'), ...fleet(`name: duncan, serial: A1, ip: ${ip}`) })[0],
  ).toContain(wrong)
})

test('both addresses of a /31 are hosts', () => {
  expect(said({ ...dhcp('cidr: 10.77.0.8/31'), ...fleet('name: duncan, serial: A1, ip: 10.77.0.9') })).toEqual([])
})

test('a subnet on an interface that is not served is a mistake', () => {
  const text = 'dhcp: { mode: server, interfaces: [eth0], subnets: [{ cidr: 10.77.0.0/24, interface: eth1 }] }'
  expect(said({ 'birnam.yaml': text })[0]).toContain(
    'dhcp.subnets[0].interface: Birnam does not listen on eth1 (add it to dhcp.interfaces)',
  )
})

test('a DHCP server without subnets is worth a warning', () => {
  expect(said({ 'birnam.yaml': 'dhcp: { mode: server }' })[0]).toContain('a DHCP server without subnets answers nobody')
})

test('a profile that wipes disks is not for strangers', () => {
  const profiles = 'profiles: [{ name: db, kind: install, kernel: k, answer: a }]'
  expect(said({ 'birnam.yaml': 'strangers: db', 'p.yaml': profiles })[0]).toContain(
    'birnam.yaml:1:12: strangers: db wipes disks: not for machines that nobody named',
  )
})

test('a DHCP server without interfaces is worth a warning: it never answers on a network nobody named', () => {
  expect(said({ 'birnam.yaml': 'dhcp: { mode: server, subnets: [{ cidr: 10.77.0.0/24 }] }' })[0]).toContain(
    'a DHCP server without interfaces answers nobody',
  )
})

test('what a proxy has no use for is told, at its place', () => {
  const proxy = (text: string) => ({ 'birnam.yaml': `dhcp:\n  mode: proxy\n${text}` })
  expect(short(said(proxy('  interfaces: [eth1]\n')))).toEqual([])
  expect(short(said(proxy('')))).toEqual([
    'birnam.yaml:2:9: warning: dhcp.mode: a DHCP proxy without interfaces answers nobody',
  ])
  const subnets = `  interfaces: [eth1]
  subnets:
    - { cidr: 10.77.0.0/24, range: 10.77.0.100-10.77.0.199 }
    - { cidr: 10.88.0.0/24 }
loader: grub
`
  expect(short(said(proxy(subnets)))).toEqual([
    'birnam.yaml:5:36: warning: dhcp.subnets[0].range: a proxy gives no addresses, so this range is for nobody',
    'birnam.yaml:6:15: warning: dhcp.subnets[1].cidr: a proxy gives no addresses, so this subnet is not looked at',
    'birnam.yaml:7:9: warning: loader: beside another DHCP server GRUB asks that server for its files, and stops at its prompt',
  ])
})

test('a port of a relay belongs to one machine, and is named by something', () => {
  const two = fleet(
    'name: db-07, relay: { circuit: Gi1/0/17, remote: "0x7261636b" }',
    'name: db-08, relay: { circuit: "0x4769312f302f3137", remote: rack }',
    'name: db-09, relay: {}',
    'name: db-10, relay: { circuit: "0x1" }',
    'name: db-11, relay: { circuit: Gi1/0/17 }',
  )
  expect(short(said(two))).toEqual([
    'fleet.yaml:3:27: machines[1].relay: the relay port circuit Gi1/0/17, remote rack belongs to db-07 (fleet.yaml:2)',
    'fleet.yaml:4:27: machines[2].relay: names no port',
    'fleet.yaml:5:38: machines[3].relay.circuit: not an id of option 82 (RFC 3046): 0x1',
  ])
})

test.each([
  ['192.0.2.0/24', 'names no subnet of this site (write the cidr: of a subnet under dhcp.subnets)'],
  ['10.78.0.0/24', 'a subnet shares its link with itself (leave it out)'],
  ['10.79.0.0/24', 'one link cannot be on lab-br and on eth9 (give both subnets the same interface:)'],
])('a subnet cannot share the link of %s', (other, wrong) => {
  const files = {
    'birnam.yaml': `dhcp:
  mode: server
  interfaces: [lab-br, eth9]
  subnets:
    - { cidr: 10.78.0.0/24, interface: lab-br, with: ${other} }
    - { cidr: 10.79.0.0/24, interface: eth9 }
`,
  }
  expect(said(files)).toEqual([`birnam.yaml:5:54: dhcp.subnets[0].with: ${wrong}`])
})

test('over IPv6 a subnet shares its link with one of its own list', () => {
  const files = {
    'birnam.yaml': 'dhcp6: { interfaces: [e], subnets: [{ cidr: "fd77::/64", with: "fd78::/64" }] }\n',
  }
  expect(said(files)).toEqual([
    'birnam.yaml:1:64: dhcp6.subnets[0].with: names no subnet of this site (write the cidr: of a subnet under dhcp6.subnets)',
  ])
})

test.each([
  ['mtu: jumbo', 'dhcp.options.mtu: the value of option 26 is not a number from 0 to 65535'],
  ['26: 70000', 'dhcp.options.26: the value of option 26 is not a number from 0 to 65535'],
  ['mut: 1500', 'dhcp.options.mut: there is no DHCP option "mut"'],
  ['300: { text: x }', 'dhcp.options.300: there is no DHCP option "300"'],
  ['242: phone', 'dhcp.options.242: option 242 has no type'],
  ['54: 10.0.0.1', 'dhcp.options.54: option 54 is not for a site to write'],
  ['67: x', 'dhcp.options.67: option 67 is not for a site to write'],
  ['routes: 10.0.0.1', 'dhcp.options.routes: the value of option 121 is not routes like "10.0.0.0/8 via 10.77.0.1"'],
  ['routes: 10.0.0.1/8 via 10.77.0.1', 'dhcp.options.routes: the value of option 121 is not routes like'],
  ['domain-search: a..b', 'dhcp.options.domain-search: the value of option 119 is not a domain or a list of them'],
  ['150: { bytes: 1 }', 'dhcp.options.150: the value of option 150 is not an IPv4 address or a list of them'],
  ['mtu: 1, 26: 1', 'dhcp.options.mtu: option 26 is given twice'],
])('options: { %s } is told in one sentence', (text, wrong) => {
  const lines = said({ 'birnam.yaml': `dhcp: { mode: off, options: { ${text} } }\n` })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(wrong)
  expect(lines[0]).toMatch(/^birnam\.yaml:1:\d+: /)
})

test('what a key of the subnet says is not written as an option', () => {
  const files = {
    'birnam.yaml': `dhcp: { mode: off, subnets: [{ cidr: 10.77.0.0/24, options: { routers: 10.77.0.1 } }] }
dhcp6: { interfaces: [e], subnets: [{ cidr: "fd77::/64", options: { dns: "fd77::1" } }] }
`,
  }
  expect(said(files).map((line) => line.replace(/^[^ ]* /, ''))).toEqual([
    'dhcp.subnets[0].options: option 3 is a key of the subnet (write router: beside cidr:)',
    'dhcp6.subnets[0].options: option 23 is a key of the subnet (write dns: beside cidr:)',
  ])
})

test('a machine with a file of its own has no profile, and its file has no blanks', () => {
  const probe = { 'p.yaml': 'profiles: [{ name: probe, kind: local }]\n' }
  expect(said({ ...fleet('name: leaf, serial: A1, file: ztp/x, profile: probe'), ...probe })).toEqual([
    'fleet.yaml:2:37: machines[0].file: says what the machine boots, and so does its profile (take file: or profile: out)',
  ])
  expect(said(fleet('name: leaf, serial: A1, file: "a b"'))[0]).toContain('not the name or the URL of a boot file: a b')
})
