import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { openPlace } from '../lab/place.ts'
import { openScene } from './image-scene.ts'

const server = `address: 10.77.0.1
dhcp: { mode: server, interfaces: [lab-br], subnets: [{ cidr: 10.77.0.0/24, range: 10.77.0.100-10.77.0.199, router: 10.77.0.254, dns: [10.77.0.1, 10.77.0.2], domain: scone }] }
`
const fleet = (network: string): string => `
machines: [{ name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: web, vars: { network: ${network} } }]
profiles: [{ name: web, kind: image, image: porter }]
`

/** What the part of the script that configures the network writes into a system that has these files. */
async function written(network: string, has: readonly string[], file: string): Promise<string> {
  await using scene = await openScene({ 'birnam.yaml': server, 'fleet.yaml': fleet(network) })
  await using place = await openPlace()
  const { body } = await scene.get(`/i/${await scene.boot()}`)
  const part = /# The card that it was installed through[^]*?(?=# The image's own tools)/.exec(body)![0]
  for (const name of has) {
    mkdirSync(dirname(join(place.path, name)), { recursive: true })
    if (name.endsWith('/')) mkdirSync(join(place.path, name), { recursive: true })
    else writeFileSync(join(place.path, name), '', { mode: 0o755 })
  }
  const script = `set -eu; root=$0; machine=duncan; mac=52:54:00:77:00:01; say() { :; }; fail() { echo "$*" >&2; exit 1; }\n${part}\ngive_network`
  execFileSync('bash', ['-c', script, place.path])
  return readFileSync(join(place.path, file), 'utf8')
}

const networkd = ['etc/systemd/system/multi-user.target.wants/systemd-networkd.service', 'etc/systemd/network/']
const manager = ['usr/sbin/NetworkManager', 'etc/NetworkManager/system-connections/']
const netplan = ['usr/sbin/netplan', 'etc/netplan/']
const connection = 'etc/NetworkManager/system-connections/birnam.nmconnection'

test.each([
  [
    'systemd-networkd, DHCP',
    'dhcp',
    networkd,
    'etc/systemd/network/10-birnam.network',
    /MACAddress=52:54:00:77:00:01\n[^]*DHCP=yes/,
  ],
  [
    'systemd-networkd, static',
    'static',
    networkd,
    'etc/systemd/network/10-birnam.network',
    /Address=10\.77\.0\.11\/24\nGateway=10\.77\.0\.254\nDNS=10\.77\.0\.1\nDNS=10\.77\.0\.2\nDomains=scone/,
  ],
  ['NetworkManager, DHCP', 'dhcp', manager, connection, /mac-address=52:54:00:77:00:01\n[^]*method=auto/],
  [
    'NetworkManager, static',
    'static',
    manager,
    connection,
    /address1=10\.77\.0\.11\/24,10\.77\.0\.254\ndns=10\.77\.0\.1;10\.77\.0\.2;/,
  ],
  ['netplan, DHCP', 'dhcp', netplan, 'etc/netplan/90-birnam.yaml', /macaddress: "52:54:00:77:00:01"[^]*dhcp4: true/],
  [
    'netplan, static',
    'static',
    netplan,
    'etc/netplan/90-birnam.yaml',
    /addresses: \["10\.77\.0\.11\/24"\][^]*via: "10\.77\.0\.254"[^]*\[10\.77\.0\.1,10\.77\.0\.2\]/,
  ],
  [
    'ifupdown, DHCP',
    'dhcp',
    ['etc/network/'],
    'etc/network/interfaces.d/birnam',
    /auto mac\/52:54:00:77:00:01=birnam\niface birnam inet dhcp/,
  ],
  [
    'ifupdown, static',
    'static',
    ['etc/network/'],
    'etc/network/interfaces.d/birnam',
    /inet static\n {2}address 10\.77\.0\.11\/24\n {2}gateway 10\.77\.0\.254/,
  ],
])('%s', async (_, network, has, file, text) => {
  expect(await written(network, has, file)).toMatch(text)
})

test('a word for vars.network that is none is told before anything is written', async () => {
  await using scene = await openScene({ 'birnam.yaml': server, 'fleet.yaml': fleet('bond') })
  const { statusCode, body } = await scene.get(`/i/${await scene.boot()}`)
  expect([statusCode, body]).toEqual([
    500,
    expect.stringMatching(/templates\/imager\/_network\.sh\.hbs:\d+: .*network/),
  ])
})
