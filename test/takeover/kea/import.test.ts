import { expect, test } from 'vitest'
import { importKea } from '../../../src/takeover/kea/import.ts'
import type { NetworkReport } from '../../../src/takeover/network/write.ts'
import { openOld, sentences, type OldFiles, type OldPlace } from '../place.ts'

const hall = `# Kea of the hall
{ /* the
     server */
  "Dhcp4": {
    "interfaces-config": { "interfaces": [ "eth0" ] }, // where
    "lease-database": { "type": "memfile" },
    "hosts-database": { "type": "mysql", "password": "geheim" },
    "valid-lifetime": 4000, "renew-timer": 900,
    "option-data": [
      { "name": "domain-name-servers", "data": "10.77.0.1, 9.9.9.9" },
      { "name": "domain-name", "data": "example.org" },
      { "code": 150, "data": "10.77.0.9" },
    ],
    "client-classes": [ { "name": "pxe", "test": "option[93].hex == 0x0007", "next-server": "10.77.0.9", "boot-file-name": "a.efi" } ],
    "subnet4": [ {
      "id": 1, "subnet": "10.77.0.0/24", "next-server": "10.77.0.9", "boot-file-name": "pxelinux.0",
      "pools": [ { "pool": "10.77.0.100 - 10.77.0.199" }, { "pool": "10.77.0.208/29", "client-class": "pxe" } ],
      "option-data": [ { "name": "routers", "data": "10.77.0.254" } ],
      "reservations": [
        { "hw-address": "52:54:00:77:04:01", "ip-address": "10.77.0.11", "hostname": "alder.example.org", "boot-file-name": "x" },
        { "client-id": "01:11:22", "ip-address": "10.77.0.12", "hostname": "beech" },
        <?include "more.json"?>
      ]
    } ],
    "shared-networks": [ { "name": "floor", "option-data": [ { "name": "ntp-servers", "data": "10.78.0.2" } ], "subnet4": [
      { "id": 2, "subnet": "10.78.0.0/24", "valid-lifetime": 600 }, { "id": 3, "subnet": "10.79.0.0/24" } ] } ],
    "reservations": [ { "hw-address": "52:54:00:77:04:03" } ]
  }
}
`

function openKea(text: string, more: OldFiles = {}): OldPlace {
  return openOld({ 'kea/kea-dhcp4.conf': text, ...more })
}

function take(old: OldPlace): NetworkReport {
  return importKea(old.at('kea/kea-dhcp4.conf'), { site: old.site, dryRun: false })
}

const more = { 'kea/more.json': '{ "hw-address": "52:54:00:77:04:02" }' }

test('subnets, pools and reservations of Kea become a site that answers nobody yet', async () => {
  using old = openKea(hall, more)
  expect(take(old)).toMatchObject({ machines: 3, subnets: 3, files: ['birnam.yaml', 'kea.yaml'] })
  expect(await old.errors()).toEqual([])
  const { server, machines } = old.load()
  expect(server.dhcp.mode).toBe('off')
  expect(
    server.dhcp.subnets.map(({ router, dns, ntp, domain, lease, ranges, with: shared }) => [
      router,
      dns.length,
      ntp.join(),
      domain,
      lease,
      ranges.length,
      shared !== undefined,
    ]),
  ).toEqual([
    ['10.77.0.254', 2, '', 'example.org', 4000, 1, false],
    [undefined, 2, '10.78.0.2', 'example.org', 600, 0, false],
    [undefined, 2, '10.78.0.2', 'example.org', 4000, 0, true],
  ])
  expect(machines.map(({ name, macs, ip, hostname }) => [name, macs[0], ip, hostname])).toEqual([
    ['alder.example.org', '52:54:00:77:04:01', '10.77.0.11', 'alder.example.org'],
    ['52-54-00-77-04-02', '52:54:00:77:04:02', undefined, '52-54-00-77-04-02'],
    ['52-54-00-77-04-03', '52:54:00:77:04:03', undefined, '52-54-00-77-04-03'],
  ])
  expect(old.text('kea.yaml')).toMatch(/# +- name: beech/)
})

test('what Kea knew and Birnam does not is told with its line, and no secret is', () => {
  using old = openKea(hall, more)
  const { left, todo } = take(old)
  expect(sentences(left).map((each) => each.replace(/:.*/, ''))).toEqual([
    '6 lease-database',
    '8 renew-timer',
    '12 option-data 150',
    '16 next-server of a subnet',
    '16 boot-file-name of a subnet',
    '17 client-class of a pool',
    '20 boot-file-name of a reservation',
    '21 client-id of a reservation',
    '14 client-classes',
  ])
  expect(todo).toEqual([
    expect.stringMatching(/^dhcp\.mode: server/),
    expect.stringMatching(/^reservations in a database .*:7\)/),
    expect.stringMatching(/^range: 10\.77\.0\.208-10\.77\.0\.215 in 10\.77\.0\.0\/24, if you mean it/),
    expect.stringMatching(/^mac: of beech/),
    expect.stringMatching(/^what the machines become/),
  ])
  expect(JSON.stringify([left, todo]) + old.text('kea.yaml') + old.text('birnam.yaml')).not.toContain('geheim')
})

test.each([
  ['a comment without its end', '{ /* x', /never closed/],
  ['an end too early', '{ "Dhcp4": { "subnet4": [', /ends too early/],
  ['a word that is no value', '{ "Dhcp4": nix }', /no value of JSON/],
  ['a key without quotes', '{ Dhcp4: {} }', /stands in quotes/],
  ['more behind the end', '{ "Dhcp4": {} } {}', /behind the end/],
  ['ten thousand brackets', `{ "Dhcp4": ${'['.repeat(10_000)}`, /nested more than/],
  ['an include of itself', '{ "Dhcp4": { <?include "kea-dhcp4.conf"?> } }', /includes itself/],
  ['a NUL', '{ "Dhcp4": "\0" }', /NUL/],
  ['no subnet', '{ "Dhcp4": { "subnet4": [ { "subnet": "fd77::/64" } ] } }', /names no subnet4/],
])('%s is one sentence, and nothing is written', (_, text, message) => {
  using old = openKea(text)
  expect(() => take(old)).toThrow(message)
  expect(() => old.text('kea.yaml')).toThrow()
})

test('an include that leads out of the directory is told and not read', () => {
  using old = openKea(
    '{ "Dhcp4": { "subnet4": [ { "subnet": "10.77.0.0/24" }, <?include "/etc/passwd"?> <?include "out.json"?> ] } }',
    {
      'kea/out.json': 'link:../secret.json',
      'secret.json': '{ "subnet": "10.99.0.0/24" }',
    },
  )
  const { left, subnets } = take(old)
  expect(subnets).toBe(1)
  expect(sentences(left, 'outside of the directory')).toHaveLength(2)
})
