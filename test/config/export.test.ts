import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatServer, formatSite } from '../../src/config/export.ts'
import type { Site } from '../../src/config/site.ts'
import { birnamYaml, fleetYaml } from './design.ts'
import { good } from './fixture.ts'

/** Without the places, which change when a file is written anew. */
function nouns(site: Site): unknown {
  const places = new Set(['directory', 'varsOrigin', 'origin'])
  const plain = (value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
  return JSON.parse(JSON.stringify(site, (key, value: unknown) => (places.has(key) ? undefined : plain(value))))
}

function again(site: Site): Site {
  return good({ 'birnam.yaml': formatServer(site), 'fleet.yaml': formatSite(site) })
}

test('the site of the design comes back from its own export', () => {
  const site = good({ 'birnam.yaml': birnamYaml, 'fleet.yaml': fleetYaml })
  expect(nouns(again(site))).toEqual(nouns(site))
})

test('every key comes back', () => {
  const site = good({
    'birnam.yaml': `address: 10.77.0.1
loader: grub
http: { port: 8080, address: 10.77.0.1 }
tftp: { port: 6969, address: 10.77.0.1, enabled: false, blksize: 1400, ports: 40000-40007 }
dhcp:
  mode: proxy
  interfaces: [eth0, eth1]
  subnets:
    - { cidr: 10.77.0.0/24, range: [10.77.0.5-10.77.0.9, 10.77.0.20-10.77.0.29], router: 10.77.0.2, dns: [10.77.0.3, 10.77.0.4],
        ntp: 10.77.0.3, domain: example.org, lease: 90m, interface: eth0 }
    - { cidr: 10.78.0.0/24, with: 10.77.0.0/24, options: { 224: { hex: 0102 } } }
  options: { mtu: 9000, domain-search: [a.example, b.example] }
dhcp6:
  interfaces: eth0
  subnets:
    - { cidr: "fd77::/64" }
    - { cidr: "fd78::/64", with: "fd77::/64", options: { timezone: UTC } }
  options: { dns: "fd77::53" }
strangers: { profile: local }
permits: { lifetime: 2h, install: 30m, answer: 90s }
vars: { a: 1, "b": "1", c: [x, { y: 007 }] }
`,
    'fleet.yaml': `machines:
  - { name: db-07, relay: { circuit: Gi1/0/17, remote: 0x0001ff } }
  - { name: db-08, relay: { circuit: "0x20" }, options: { 242: { text: x } }, options6: { 1000: { u8: 7 } } }
  - { name: leaf-1, serial: L1, file: tftp://10.77.0.9/leaf.sh }
  - { name: a, mac: [52:54:00:77:00:01, 52:54:00:77:00:02], ip: 10.77.0.11, profile: local, vars: { key: "ssh-ed25519 AAAA # x" },
      groups: [g], loader: ipxe, hostname: a.example.org, uuid: 4c4c4544-0042-3510-8052-b4c04f4e3732, serial: "007" }
groups:
  - { name: g, machines: [a, web-*], priority: 5, profile: local, options: { routes: 10.0.0.0/8 via 10.77.0.1 }, options6: { ntp: 0a0b }, vars: { text: "two\\nlines\\n" } }
profiles:
  - { name: local, kind: local, loader: grub, vars: { a: ~ } }
  - { name: live, kind: live, kernel: k, initrd: [a, b], args: "quiet  x={{y}}", answer: a }
  - { name: install, kind: install, distro: d, kernel: k, initrd: a, args: x, answer: a }
  - { name: image, kind: image, image: porter:13, layout: l.yaml }
distros:
  - { name: d, family: redhat, version: 9.10, kernel: k, initrd: i, args: x, tree: http://mirror.example.org/x }
`,
  })
  expect(nouns(again(site))).toEqual(nouns(site))
})

test('a site of defaults is an empty file', () => {
  const site = good({ 'birnam.yaml': '' })
  expect([formatServer(site), formatSite(site)]).toEqual(['', ''])
})

test('any text in vars, args and serial numbers comes back as it was', () => {
  const text = fc.string({ unit: fc.constantFrom(...'aé\n\t #:-\'"{}[]&*!|>%@`~0179.e\\ <,?='.split('')) })
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any')),
      tie('map'),
    ),
    map: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), tie('any')),
  })).map
  const args = fc.string({ unit: fc.constantFrom(...'a =\'"{}#:\n,|'.split('')) })
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), value), args, (vars, words) => {
      const origin = { file: '', line: 1 }
      const machine = {
        name: 'a',
        hostname: 'a',
        macs: [],
        serial: '0e1',
        groups: [],
        loader: 'auto',
        vars,
        origin,
      } as const
      const profile = { name: 'p', kind: 'live', kernel: 'k', initrd: [], args: words, vars: {}, origin } as const
      const site = { ...good({ 'birnam.yaml': '' }), machines: [machine], profiles: [profile] }
      expect(nouns(again(site))).toEqual(nouns(site))
    }),
    { numRuns: 60 },
  )
})
