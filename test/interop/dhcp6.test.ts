import { join } from 'node:path'
import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { Namespace, openLan, type Lan } from '../lab/network.ts'
import { openPlace } from '../lab/place.ts'
import { serve } from '../lab/server.ts'
import { duncan, openSite, type LabSite } from '../lab/site.ts'

const needs = ['lan', 'kernel', 'busybox', 'dhclient'] as const

async function openSix(lan: Lan, subnet: object): Promise<LabSite> {
  await lan.server.run(`ip address add fd77::1/64 dev ${lan.interface} nodad`)
  return openSite({
    server: { dhcp6: { interfaces: ['lab-br'], subnets: [{ cidr: 'fd77::/64', domain: 'dunsinane.test' }, subnet] } },
    fleet: {
      machines: [{ ...duncan, ip6: 'fd77::11', profile: 'disk' }],
      profiles: [{ name: 'disk', kind: 'local' }],
    },
    files: { 'files/hello.txt': 'hello' },
  })
}

/** The words that run dhclient for IPv6 with files of its own, and a script that prints what it is told. */
function dhclient(place: string, ...words: readonly string[]): string[] {
  const files = ['-lf', join(place, 'leases'), '-pf', join(place, 'pid'), '-cf', '/dev/null', '-sf', '/usr/bin/env']
  return ['dhclient', '-6', '-d', '-v', ...words, ...files, 'eth0']
}

labTest('dhclient gets the address of its machine over IPv6, keeps it, and gives it back', needs, async () => {
  await using lan = await openLan()
  await using site = await openSix(lan, { cidr: 'fd78::/64' })
  await using birnam = await serve(lan, site)
  await using place = await openPlace()
  const client = await lan.client(duncan.mac)
  await linkLocalReady(client)
  const running = lan.keep(client.start(dhclient(place.path)))
  await running.sees(/new_ip6_address=fd77::11/)
  expect(running.text).toContain('new_dhcp6_name_servers=fd77::1')
  expect(running.text).toContain('new_dhcp6_domain_search=dunsinane.test')
  await running.stop('SIGKILL')
  lan.keep(client.start(dhclient(place.path, '-r')))
  await birnam.says(/dhcp6\.release/)
  expect(await birnam.command('trace', 'duncan')).toContain('fd77::11')
  await birnam.stop()
})

labTest('through isc-dhcp-relay: the address is one of the subnet behind it', [...needs, 'dhcrelay'], async () => {
  await using lan = await openLan()
  await using site = await openSix(lan, { cidr: 'fd78::/64', range: 'fd78::100-fd78::1ff' })
  await using birnam = await serve(lan, site)
  await using place = await openPlace()
  const relay = await lan.client()
  const behind = lan.keep(await Namespace.open())
  await relay.run('ip address add fd77::2/64 dev eth0 nodad')
  await relay.run(`ip link add wire type veth peer name eth0 netns ${behind.pid}`)
  await relay.run('ip address add fd78::2/64 dev wire nodad')
  await relay.run('ip link set wire up')
  await behind.run('ip link set eth0 up')
  await Promise.all([linkLocalReady(relay, 'wire'), linkLocalReady(behind)])
  lan.keep(relay.start(['dhcrelay', '-6', '-d', '--no-pid', '-l', 'wire', '-u', 'fd77::1%eth0']))
  const running = lan.keep(behind.start(dhclient(place.path)))
  await running.sees(/new_ip6_address=fd78::1[0-9a-f]{2}\n/)
  await birnam.stop()
})

labTest('files are served over IPv6 by both carriers', [...needs, 'curl'], async () => {
  await using lan = await openLan()
  await using site = await openSix(lan, { cidr: 'fd78::/64' })
  await using birnam = await serve(lan, site)
  const client = await lan.client()
  await client.run('ip address add fd77::50/64 dev eth0 nodad')
  for (const carrier of ['http', 'tftp'])
    expect(await client.run(['curl', '-sfg', '-m', '20', `${carrier}://[fd77::1]/hello.txt`])).toBe('hello')
  expect(JSON.parse(await birnam.command('status', '--json'))).toMatchObject({
    counters: { tftp6: { sent: 1 }, dhcp6: { received: 0 } },
  })
  await birnam.stop()
})

/** A client speaks from its link-local address, which takes a second to be sure of. */
async function linkLocalReady(client: Namespace, device = 'eth0'): Promise<void> {
  const shown = (): Promise<string> => client.run(`ip -6 address show dev ${device} scope link -tentative`)
  await expect.poll(shown, { timeout: 10_000 }).toContain('fe80')
}
