import { spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { Lan, noNamespaces } from '../dhcp/lan.ts'

const lacking = (['busybox', 'dhcrelay', 'curl'] as const).find((name) => spawnSync(name, ['--help']).error)
const why = noNamespaces ?? (lacking && `${lacking} is not installed`)
const skipped = why === undefined ? '' : ` (skipped: ${why})`
const peer = test.skipIf(why !== undefined)

const birnam = fileURLToPath(new URL('../../tools/birnam', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'birnam-relay-'))
afterAll(() => rmSync(directory, { recursive: true }))

const script = join(directory, 'told.sh')
writeFileSync(
  script,
  `#!/bin/sh
case $1 in
  deconfig) ip addr flush dev $interface ;;
  bound) ip addr replace $ip/$mask dev $interface; ip route replace default via $router
    env | grep -E '^(ip|hostname|serverid|router)=' | sort ;;
esac
`,
  { mode: 0o755 },
)

const birnamYaml = `address: 10.71.0.1
dhcp:
  mode: server
  interfaces: [wire0, wire1]
  subnets:
    - { cidr: 10.81.0.0/24, range: 10.81.0.100-10.81.0.110, router: 10.81.0.1, interface: wire0 }
    - { cidr: 10.82.0.0/24, range: 10.82.0.100-10.82.0.110, router: 10.82.0.1, interface: wire1 }
tftp: { enabled: false }
`
const fleetYaml = `machines:
  - { name: db-07, relay: { circuit: rack4-port17 }, ip: 10.81.0.7, profile: probe }
  - { name: db-08, relay: { circuit: rack4-port18 }, ip: 10.82.0.8, profile: probe }
profiles:
  - { name: probe, kind: live, kernel: vmlinuz, args: "who={{machine.name}}" }
`

function ip(...words: readonly string[]): void {
  const done = spawnSync('ip', words, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`ip ${words.join(' ')}: ${done.stderr}`)
}

/** A relay between a wire of the server and a port of its own, with one machine on it. */
function relay(lan: Lan, number: 0 | 1, port: string): { readonly machine: string; readonly mac: string } {
  const host = lan.clients[number]!
  const machine = `${host}-m`
  const net = 81 + number
  ip('netns', 'add', machine)
  ip('-n', host, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', machine)
  ip('-n', host, 'address', 'add', `10.${net}.0.1/24`, 'dev', port)
  ip('-n', host, 'link', 'set', port, 'up')
  ip('-n', machine, 'link', 'set', 'eth0', 'up')
  ip('-n', host, 'address', 'add', `10.7${1 + number}.0.2/24`, 'dev', 'eth0')
  lan.run(number, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
  ip('-n', lan.server, 'route', 'add', `10.${net}.0.0/24`, 'via', `10.7${1 + number}.0.2`)
  lan.run(number, 'ip', 'route', 'add', 'default', 'via', `10.7${1 + number}.0.1`)
  const words = ['-4', '-d', '-a', '--no-pid', '-id', port, '-iu', 'eth0', `10.7${1 + number}.0.1`]
  lan.start(host, 'sh', '-c', 'exec dhcrelay "$@" 2>/dev/null', 'dhcrelay', ...words)
  const link = spawnSync('ip', ['-n', machine, '-j', 'link', 'show', 'eth0'], { encoding: 'utf8' })
  const [{ address }]: [{ address: string }] = JSON.parse(link.stdout)
  return { machine, mac: address }
}

function inside(machine: string, ...command: readonly string[]): string {
  return spawnSync('ip', ['netns', 'exec', machine, ...command], { encoding: 'utf8', timeout: 60_000 }).stdout
}

async function ready(server: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let text = ''
    server.once('exit', () => reject(new Error(text)))
    server.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (/^Ready\./m.test(text)) resolve()
    })
  })
}

peer(
  `behind two dhcrelays, whatever hangs on a port is its machine: its address, its name, its menu, also after a restart${skipped}`,
  async () => {
    await using lan = new Lan(['10.71.0.1/24', '10.72.0.1/24'])
    const [one, other] = [relay(lan, 0, 'rack4-port17'), relay(lan, 1, 'rack4-port18')]
    try {
      const site = join(directory, 'site')
      mkdirSync(site)
      writeFileSync(join(site, 'birnam.yaml'), birnamYaml)
      writeFileSync(join(site, 'fleet.yaml'), fleetYaml)
      writeFileSync(join(site, 'vmlinuz'), 'kernel')
      const serve = [birnam, 'serve', '--site', site, '--data', join(directory, 'data')]
      const first = lan.start(lan.server, 'sh', '-c', 'exec "$@" 2>/dev/null', 'birnam', ...serve)
      await ready(first)
      const udhcpc = ['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-t', '5', '-T', '2', '-s', script]
      const lines = (text: string): readonly string[] => text.trim().split('\n')
      const [ours, theirs] = [lines(inside(one.machine, ...udhcpc)), lines(inside(other.machine, ...udhcpc))]
      expect(ours).toEqual(['hostname=db-07', 'ip=10.81.0.7', 'router=10.81.0.1', expect.stringMatching('serverid=')])
      expect(theirs).toEqual(['hostname=db-08', 'ip=10.82.0.8', 'router=10.82.0.1', expect.stringMatching('serverid=')])
      const menu = (mac: string): string => `http://10.71.0.1/pxelinux.cfg/01-${mac.replaceAll(':', '-')}`
      expect(inside(one.machine, 'curl', '-s', menu(one.mac))).toContain('who=db-07')
      expect(inside(other.machine, 'curl', '-s', menu(other.mac))).toContain('who=db-08')
      const gone = new Promise((resolve) => first.once('exit', resolve))
      first.kill('SIGTERM')
      await gone
      await ready(lan.start(lan.server, 'sh', '-c', 'exec "$@" 2>/dev/null', 'birnam', ...serve))
      expect(inside(one.machine, 'curl', '-s', menu(one.mac))).toContain('who=db-07')
    } finally {
      for (const { machine } of [one, other]) spawnSync('ip', ['netns', 'del', machine])
    }
  },
)
