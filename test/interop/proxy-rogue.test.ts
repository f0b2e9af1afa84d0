import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Lan, noNamespaces } from '../dhcp/lan.ts'

const lacking = (['busybox', 'dnsmasq'] as const).find((name) => spawnSync(name, ['--help']).error)
const why = noNamespaces ?? (lacking && `${lacking} is not installed`)
const skipped = why === undefined ? '' : ` (skipped: ${why})`
const peer = test.skipIf(why !== undefined)

const directory = mkdtempSync(join(tmpdir(), 'birnam-rogue-'))
afterAll(() => rmSync(directory, { recursive: true }))

peer(`a dnsmasq that nobody asked for is named when a machine takes its offer${skipped}`, async () => {
  await using lan = new Lan(['10.71.9.1/32', '10.71.9.2/32'])
  await lan.switch('10.71.0.1/24')
  lan.ip(1, 'address', 'add', '10.71.0.2/24', 'dev', 'eth0')
  // A range of no use to a stranger: its one address is the server's own, so the other offer is the only one.
  const server = await lan.serve({
    interfaces: ['switch'],
    subnets: [{ cidr: '10.71.0.0/24', range: '10.71.0.1-10.71.0.1' }],
    database: join(directory, 'rogue.sqlite'),
    tell: true,
  })
  const words = ['--no-daemon', '--conf-file=/dev/null', '--port=0', '--user=root', '--leasefile-ro', '--no-ping']
  const more = ['--interface=eth0', '--dhcp-range=10.71.0.50,10.71.0.60,255.255.255.0', `--pid-file=${directory}/pid`]
  lan.start(lan.clients[1]!, 'sh', '-c', 'exec dnsmasq "$@" 2>/dev/null', 'dnsmasq', ...words, ...more)
  const udhcpc = ['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-t', '8', '-T', '2', '-s', '/bin/true']
  expect(lan.run(0, ...udhcpc).text).toMatch(/lease of 10\.71\.0\.[56]\d obtained from 10\.71\.0\.2/)
  await server.seen('dhcp.other-server')
  const told = server.events.filter(({ type }) => type === 'dhcp.other-server')
  expect(told[0]).toMatchObject({ interface: 'switch', mac: lan.macOf(0), server: '10.71.0.2' })
})
