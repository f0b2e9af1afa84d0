import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Lan, noNamespaces } from '../dhcp/lan.ts'

const noBusybox = spawnSync('busybox', ['udhcpc', '--help']).error && 'busybox is not installed'
const why = noNamespaces ?? noBusybox
const skipped = why === undefined ? '' : ` (skipped: ${why})`
const peer = test.skipIf(why !== undefined)

const directory = mkdtempSync(join(tmpdir(), 'birnam-udhcpc-'))
afterAll(() => rmSync(directory, { recursive: true }))

// Sets the address as udhcpc's own scripts do, and tells what it was given, a word of the environment a line.
const script = join(directory, 'told.sh')
writeFileSync(
  script,
  `#!/bin/sh
echo "event=$1"
case $1 in
  deconfig) ip addr flush dev $interface ;;
  bound|renew) ip addr replace $ip/$mask dev $interface; env | grep -E '^(ip|mask|router|dns|siaddr|boot_file|hostname|lease|serverid|tftp|bootfile)=' ;;
esac
`,
  { mode: 0o755 },
)

const udhcpc = ['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-t', '5', '-T', '1', '-s', script]

function told(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => (/^\w+=/.test(line) ? [line.split('=', 2) as [string, string]] : [])),
  )
}

const twoNets = [
  { cidr: '10.71.0.0/24', range: '10.71.0.100-10.71.0.199', router: '10.71.0.1' },
  { cidr: '10.72.0.0/24', range: '10.72.0.50-10.72.0.60', lease: 4 },
]

peer(`a broadcast is answered on the interface that it came in on, out of its own network${skipped}`, async () => {
  await using lan = new Lan(['10.71.0.1/24', '10.72.0.1/24'])
  const strangers = { boot: { file: 's/x/pxelinux.0' } }
  await lan.serve({
    interfaces: ['wire0', 'wire1'],
    subnets: twoNets,
    strangers,
    database: join(directory, 'two.sqlite'),
  })
  expect(told(lan.run(0, ...udhcpc, '-O', 'bootfile', '-O', 'tftp').text)).toMatchObject({
    event: 'bound',
    ip: '10.71.0.100',
    mask: '24',
    router: '10.71.0.1',
    dns: '10.71.0.1',
    siaddr: '10.71.0.1',
    boot_file: 's/x/pxelinux.0',
    serverid: '10.71.0.1',
    lease: '3600',
  })
  expect(told(lan.run(1, ...udhcpc).text)).toMatchObject({
    ip: '10.72.0.50',
    serverid: '10.72.0.1',
    siaddr: '10.72.0.1',
    lease: '4',
  })
})

peer(
  `a known machine gets its reservation and its name, a restart of everything changes nothing${skipped}`,
  async () => {
    await using lan = new Lan(['10.71.0.1/24'])
    const machines = { [lan.macOf(0)]: { machine: 'duncan', address: '10.71.0.11', hostname: 'duncan' } }
    const options = { interfaces: ['wire0'], subnets: twoNets, machines, database: join(directory, 'known.sqlite') }
    const first = await lan.serve(options)
    expect(told(lan.run(0, ...udhcpc).text)).toMatchObject({ ip: '10.71.0.11', hostname: 'duncan' })
    await first.kill('SIGTERM')
    await lan.serve(options)
    expect(told(lan.run(0, ...udhcpc, '-r', '10.71.0.11').text)).toMatchObject({ ip: '10.71.0.11' })
  },
)

peer(`a client renews its lease by unicast, and gives it back${skipped}`, async () => {
  await using lan = new Lan(['10.71.0.1/24', '10.72.0.1/24'])
  const server = await lan.serve({
    interfaces: ['wire1'],
    subnets: twoNets,
    database: join(directory, 'renew.sqlite'),
    tell: true,
  })
  const client = lan.start(lan.clients[1]!, 'busybox', 'udhcpc', '-i', 'eth0', '-f', '-R', '-s', script)
  await server.seen('dhcp.ack')
  // udhcpc's own word for "renew now", of which it takes no notice while it is busy with its lease.
  const signals = setInterval(() => client.kill('SIGUSR1'), 300)
  await server.seen('dhcp.ack', 2).finally(() => clearInterval(signals))
  const states = server.events.filter(({ type }) => type === 'dhcp.ack').map(({ why: state }) => state)
  expect(states).toEqual(['SELECTING', 'RENEWING'])
  client.kill('SIGTERM')
  await server.seen('dhcp.release')
  expect(server.events.at(-1)).toMatchObject({ type: 'dhcp.release', address: '10.72.0.50' })
})

peer(`an address that another machine already uses is declined, and the next one is given${skipped}`, async () => {
  await using lan = new Lan(['10.71.0.1/24'])
  const server = await lan.serve({
    interfaces: ['wire0'],
    subnets: twoNets,
    database: join(directory, 'decline.sqlite'),
    tell: true,
  })
  // The squatter sits on the server's end of the wire: it answers ARP for the first address of the range.
  spawnSync('ip', ['-n', lan.server, 'addr', 'add', '10.71.0.100/32', 'dev', 'wire0'])
  expect(told(lan.run(0, ...udhcpc, '-a', '-A', '1').text)).toMatchObject({ ip: '10.71.0.101' })
  await server.seen('dhcp.decline')
  expect(server.events.find(({ type }) => type === 'dhcp.decline')).toMatchObject({
    address: '10.71.0.100',
    interface: 'wire0',
  })
})

peer(`a client that comes from another network is told to start again${skipped}`, async () => {
  await using lan = new Lan(['10.71.0.1/24'])
  const server = await lan.serve({
    interfaces: ['wire0'],
    subnets: twoNets,
    database: join(directory, 'nak.sqlite'),
    tell: true,
  })
  const ask = `import { message } from '${new URL('../dhcp/packets.ts', import.meta.url).href}'
    import { decodePacket, encodePacket } from '${new URL('../../src/dhcp/packet.ts', import.meta.url).href}'
    import { dgramUdp } from '${new URL('../../src/net/udp-dgram.ts', import.meta.url).href}'
    const socket = await dgramUdp.open({ port: 68, device: 'eth0', broadcast: true, onError: console.error,
      onMessage: ({ bytes }) => { console.log(decodePacket(bytes).options.get(56)?.toString()); process.exit() } })
    socket.send(encodePacket(message(3, { requested: '192.168.9.9' })), 67, '255.255.255.255')
    setTimeout(() => process.exit(1), 5000)`
  const asked = lan.run(
    0,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--input-type=module-typescript',
    '-e',
    ask,
  )
  expect(asked).toEqual({ status: 0, text: 'wrong network\n' })
  await server.seen('dhcp.nak')
})

peer(`an address of the range that a host uses is found by ARP, and the next one is given${skipped}`, async () => {
  await using lan = new Lan(['10.75.0.1/24', '10.76.0.1/24'])
  await lan.switch('10.71.0.1/24')
  lan.ip(1, 'address', 'add', '10.71.0.100/24', 'dev', 'eth0')
  await lan.serve({ interfaces: ['switch'], subnets: twoNets, database: join(directory, 'used.sqlite') })
  const { text } = lan.run(0, ...udhcpc)
  expect(told(text), text).toMatchObject({ event: 'bound', ip: '10.71.0.101' })
})
