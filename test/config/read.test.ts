import { expect, test } from 'vitest'
import { parseCidr, parseIpv4 } from '../../src/net/ipv4.ts'
import { loadSite, readSite } from '../../src/config/read.ts'
import { birnamYaml, fleetYaml } from './design.ts'
import { good, said, siteOf } from './fixture.ts'

const fleet = (machine: string) => ({
  'fleet.yaml': `machines:\n  - name: duncan\n${machine.replace(/^/gm, '    ')}\n`,
})
const server = (text: string) => ({ 'birnam.yaml': text })

test('the example of the design is a valid site, word for word', () => {
  const directory = siteOf({ 'birnam.yaml': birnamYaml, 'fleet.yaml': fleetYaml })
  const { site, problems } = readSite(directory)
  expect(problems.map(({ severity, field }) => [severity, field])).toEqual([])
  expect(site).toEqual({
    directory,
    vars: {},
    server: {
      address: '10.77.0.1',
      loader: 'auto',
      http: { port: 80, address: '0.0.0.0' },
      tftp: { port: 69, address: '0.0.0.0', enabled: true, blksize: 65_464 },
      strangers: 'local',
      permits: { lifetime: 86_400, install: 7200, answer: 3600 },
      compat: { cobbler: false },
      images: { mirrors: [], multicast: { group: '239.255.77.1', port: 1044, rate: 400, wait: 20 } },
      systemimager: { monitor: false },
      dhcp6: { interfaces: [], subnets: [] },
      dhcp: {
        mode: 'server',
        interfaces: ['lab-br'],
        subnets: [
          {
            cidr: parseCidr('10.77.0.0/24'),
            ranges: [{ from: parseIpv4('10.77.0.100'), to: parseIpv4('10.77.0.199') }],
            router: '10.77.0.1',
            dns: ['10.77.0.1'],
            ntp: [],
            lease: 3600,
          },
        ],
      },
    },
    machines: [
      {
        name: 'duncan',
        macs: ['52:54:00:77:00:01'],
        ip: '10.77.0.11',
        hostname: 'duncan',
        profile: 'probe',
        groups: [],
        loader: 'auto',
        vars: { role: 'king' },
        origin: { file: 'fleet.yaml', line: 3 },
      },
    ],
    groups: [],
    profiles: [
      {
        name: 'probe',
        kind: 'live',
        kernel: 'boot/vmlinuz',
        initrd: ['boot/initrd.gz'],
        args: 'console=ttyS0,115200 probe={{answer.url}}',
        answer: 'answers/probe.txt.hbs',
        vars: {},
        origin: { file: 'fleet.yaml', line: 9 },
      },
      {
        name: 'web',
        kind: 'image',
        image: 'porter:13',
        layout: 'layouts/one-disk.yaml',
        args: '',
        transport: 'http',
        after: 'reboot',
        vars: {},
        origin: { file: 'fleet.yaml', line: 15 },
      },
      {
        name: 'db',
        kind: 'install',
        distro: 'debian-12',
        answer: 'kickstart/debian/server.cfg.hbs',
        initrd: [],
        args: '',
        vars: {},
        origin: { file: 'fleet.yaml', line: 19 },
      },
    ],
    distros: [],
  })
})

test('everything has a default, so an empty birnam.yaml is a site that answers no DHCP', () => {
  const { server: settings } = good(server(''))
  expect(settings.dhcp).toEqual({ mode: 'off', interfaces: [], subnets: [] })
  expect([settings.http.port, settings.tftp.port, settings.strangers]).toEqual([80, 69, 'local'])
})

test('a key without a value is a key that was not given', () => {
  const { machines } = good(fleet('ip:\nprofile: ~\nvars:\nmac: 52:54:00:77:00:01'))
  expect(machines[0]).toEqual({
    name: 'duncan',
    hostname: 'duncan',
    macs: ['52:54:00:77:00:01'],
    groups: [],
    loader: 'auto',
    vars: {},
    origin: { file: 'fleet.yaml', line: 2 },
  })
})

test('nouns are gathered from every yaml file at the top level, in the order of the names', () => {
  const site = good({
    'b.yaml': 'machines: [{ name: banquo, mac: 52:54:00:77:00:02 }]',
    'a.yaml': 'machines: [{ name: duncan, mac: 52:54:00:77:00:01 }]',
    'layouts/one-disk.yaml': 'disks: []',
    '.hidden.yaml': '{',
    'a.yaml~': '{',
  })
  expect(site.machines.map(({ name, origin }) => [name, origin.file])).toEqual([
    ['duncan', 'a.yaml'],
    ['banquo', 'b.yaml'],
  ])
})

test('every error is told at once, with file, line, column, key and what to do', () => {
  expect(
    said({
      'birnam.yaml': 'adress: 10.77.0.1\nhttp: { prot: 80, port: 99999 }\n',
      ...fleet('mca: x\nip: 10.77.0.256'),
    }),
  ).toEqual([
    'birnam.yaml:1:1: adress: unknown key adress (did you mean address?)',
    'birnam.yaml:2:9: http.prot: unknown key prot (did you mean port?)',
    'birnam.yaml:2:25: http.port: not a port: 99999 (write a number from 1 to 65535, or 0 for any free one)',
    'fleet.yaml:3:5: machines[0].mca: unknown key mca (did you mean mac?)',
    'fleet.yaml:4:9: machines[0].ip: not the IPv4 address of a host: 10.77.0.256 (write it like 10.77.0.11)',
  ])
})

test('the first error becomes a Fault that counts the others', () => {
  const directory = siteOf(server('adress: 1\nlaoder: 2'))
  expect(() => loadSite(directory)).toThrow(
    expect.objectContaining({
      code: 'config-invalid',
      detail: {
        file: 'birnam.yaml',
        line: 1,
        field: 'adress',
        hint: 'did you mean address?; 1 more error: see birnam check',
      },
    }),
  )
})

test.each([
  ['name: [a]', 'machines[0].name: must be one word of text, not a list'],
  ['mac: 52:54:00:77:00', 'machines[0].mac: not the MAC address of a card: 52:54:00:77:00'],
  ['mac: [52:54:00:77:00:01, 5]', 'machines[0].mac[1]: not the MAC address of a card: 5'],
  ['mac: ff:ff:ff:ff:ff:ff', 'machines[0].mac: not the MAC address of a card: ff:ff:ff:ff:ff:ff'],
  ['mac: 01:00:5e:00:00:01', 'machines[0].mac: not the MAC address of a card: 01:00:5e:00:00:01'],
  ['ip: 127.0.0.1', 'machines[0].ip: not the IPv4 address of a host: 127.0.0.1'],
  ['ip: 010.77.0.1', 'machines[0].ip: not the IPv4 address of a host: 010.77.0.1'],
  ['ip: [10.77.0.1]', 'machines[0].ip: must be one word of text, not a list'],
  ['loader: grubb', 'machines[0].loader: cannot be grubb'],
  ['hostname: -a', 'machines[0].hostname: not a host name (RFC 1123): -a'],
  [
    'uuid: 00000000-0000-0000-0000-000000000000',
    'machines[0].uuid: not the UUID of a machine: 00000000-0000-0000-0000-000000000000',
  ],
  ['uuid: 4c4c4544', 'machines[0].uuid: not the UUID of a machine: 4c4c4544'],
  ['serial: "a\\nb"', 'machines[0].serial: not a serial number: a\\nb'],
  ['vars: [1]', 'machines[0].vars: must be a map of keys and values, not a list'],
  ['vars: { "a b": 1 }', 'machines[0].vars.a b: a template cannot name this variable'],
])('a machine with %s is refused', (text, wrong) => {
  const [first = ''] = said({
    'fleet.yaml': `machines:\n  - { ${text.startsWith('name') ? '' : 'name: duncan, '}${text} }\n`,
  })
  expect(first.replace(/^fleet\.yaml:2:\d+: /, '').replace(/ \([^(]*\)$/, '')).toBe(wrong)
})

test.each([['a b', 'x_y/z', '.a', 'ä', 'a\u0000b', '-a', '_a'].map((name) => [name])].flat())(
  '%j is no name of a machine',
  (name) => {
    expect(said({ 'fleet.yaml': `machines:\n  - name: ${JSON.stringify(name)}\n` })[0]).toContain('not a name')
  },
)

test('a machine whose name is no host name needs a host name as well', () => {
  const machine = (more: string) => ({ 'fleet.yaml': `machines: [{ name: web_1, mac: 52:54:00:77:00:01${more} }]` })
  expect(said(machine(''))).toEqual([
    'fleet.yaml:1:20: machines[0].name: web_1 cannot be a host name (RFC 1123) (give the machine a hostname: as well)',
  ])
  expect(good(machine(', hostname: web-1')).machines[0]?.hostname).toBe('web-1')
})

test.each([
  ['- { name: p }', 'kind: is missing'],
  ['- { name: p, kind: liv }', 'kind: cannot be liv (did you mean live?)'],
  ['- { name: p, kind: live }', 'a live profile needs a distro, or a kernel of its own'],
  ['- { name: p, kind: local, kernel: k }', 'only profiles of kind live and install have it'],
  ['- { name: p, kind: install, distro: d }', 'answer: is missing'],
  ['- { name: p, kind: install, answer: a }', 'an install profile needs a distro, or a kernel of its own'],
  ['- { name: p, kind: image }', 'image: is missing'],
  ['- { name: p, kind: live, pixiecore: ftp://a }', 'not an HTTP URL'],
  ['- { name: p, kind: live, pixiecore: "http://me:secret@a" }', 'not an HTTP URL without ?, # and a password'],
  ['- { name: p, kind: live, pixiecore: "http://a", kernel: k }', 'says what to boot, and so does this profile'],
  ['- { name: p, kind: live, pixiecore: "http://a", initrd: i }', 'says what to boot, and so does this profile'],
  ['- { name: p, kind: live, pixiecore: "http://a", loader: grub }', 'grub fetches nothing from other servers'],
  ['- { name: p, kind: local, pixiecore: "http://a" }', 'only profiles of kind live and install have it'],
  ['- { name: p, kind: live, kernel: /boot/vmlinuz }', 'not a path that a boot loader can ask for: /boot/vmlinuz'],
  ['- { name: p, kind: live, kernel: a/../../etc/passwd }', 'not a path that a boot loader can ask for'],
  ['- { name: p, kind: live, kernel: "a b" }', 'not a path that a boot loader can ask for: a b'],
  ['- { name: p, kind: live, kernel: k, answer: "a\\\\b" }', 'not a path inside the site directory'],
  ['- { name: p, kind: live, kernel: k, args: "a\\e" }', 'kernel arguments hold a control character'],
  ['- p', 'profiles[0]: must be a map of keys and values, not one word of text'],
  ['x: 1', 'profiles: must be a list'],
])('profiles: %s is refused', (text, wrong) => {
  expect(said({ 'p.yaml': `profiles:\n  ${text}\n` })[0]).toContain(wrong)
})

test.each([
  ['tftp: 5', 'tftp: must be a map of keys and values, not one word of text'],
  ['tftp: { enabled: yes }', 'tftp.enabled: neither true nor false: yes'],
  ['tftp: { blksize: 100 }', 'tftp.blksize: not a size of TFTP blocks: 100'],
  ['tftp: { blksize: 65465 }', 'tftp.blksize: not a size of TFTP blocks: 65465'],
  ['tftp: { ports: 0-7 }', 'tftp.ports: not a range of ports: 0-7'],
  ['tftp: { ports: 40007-40000 }', 'tftp.ports: not a range of ports: 40007-40000'],
  ['tftp: { ports: 1-65535 }', 'tftp.ports: not a range of ports: 1-65535'],
  ['tftp: { ports: 70 }', 'tftp.ports: one port is only enough when it is that of tftp.port'],
  ['tftp: { ports: 60-80 }', 'tftp.ports: the range holds the port of requests, 69'],
  ['http: { address: eth0 }', 'http.address: not an address to listen on: eth0'],
  ['dhcp: { mode: sever }', 'dhcp.mode: cannot be sever (did you mean server?)'],
  ['dhcp: { interfaces: a/b }', 'dhcp.interfaces: not the name of a network interface: a/b'],
  ['dhcp: { subnets: 10.77.0.0/24 }', 'dhcp.subnets: must be a list, not one word of text'],
  ['dhcp: { subnets: [{ cidr: 10.77.0.1/24 }] }', '10.77.0.1/24 has host bits set (the network is 10.77.0.0/24)'],
  ['dhcp: { subnets: [{ cidr: 10.77.0.0 }] }', 'dhcp.subnets[0].cidr: not a network'],
  ['dhcp: { subnets: [{ range: 10.77.0.9-10.77.0.8, cidr: 10.77.0.0/24 }] }', 'range: not a range of addresses'],
  [
    'dhcp: { subnets: [{ cidr: 10.77.0.0/24, lease: 1 year }] }',
    'lease: not a duration from 60 to 4294967294 seconds: 1 year',
  ],
  ['dhcp6: { subnets: [{ cidr: "fd77::1/64" }] }', 'fd77::1/64 has host bits set (the network is fd77::/64)'],
  ['dhcp6: { subnets: [{ cidr: 10.77.0.0/24 }] }', 'not an IPv6 network'],
  ['dhcp6: { subnets: [{ cidr: "fd77::/112" }] }', 'too small for addresses that are made of cards'],
  ['dhcp6: { subnets: [{ cidr: "fd77::/64", range: "fd78::1-fd78::2" }] }', 'is not inside fd77::/64'],
  ['dhcp6: { subnets: [{ cidr: "fd77::/64", range: "fd77::2-fd77::1" }] }', 'not a range of IPv6 addresses'],
  ['dhcp6: { subnets: [{ cidr: "fd77::/64" }, { cidr: "fd77::/48" }] }', 'overlaps fd77::/64'],
  ['permits: { answer: 61m }', 'permits.answer: not a duration from 60 to 3600 seconds: 61m'],
  ['strangers: { profil: x }', 'strangers.profil: unknown key profil (did you mean profile?)'],
  ['strangers: probe', 'strangers: there is no profile probe'],
  ['machines: []', 'unknown key machines (machines belong into another file, such as fleet.yaml)'],
  ['- a', 'must be a map of keys and values, not a list'],
])('birnam.yaml with %s is refused', (text, wrong) => {
  expect(said(server(`${text}\n`)).join('\n')).toContain(wrong)
})

test('what concerns the server is sent to birnam.yaml', () => {
  expect(said({ 'fleet.yaml': 'dhcp: {}\nmachnies: []\n' })).toEqual([
    'fleet.yaml:1:1: dhcp: unknown key dhcp (what concerns the server belongs into birnam.yaml)',
    'fleet.yaml:2:1: machnies: unknown key machnies (did you mean machines?)',
  ])
})

test('strangers get nothing, their disk, or a profile', () => {
  const profiles = { 'p.yaml': 'profiles: [{ name: probe, kind: local }]' }
  const of = (text: string) => good({ ...server(`strangers: ${text}`), ...profiles }).server.strangers
  expect([of('ignore'), of('local'), of('probe'), of('{ profile: probe }')]).toEqual([
    'ignore',
    'local',
    { profile: 'probe' },
    { profile: 'probe' },
  ])
})
