import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Lan, noNamespaces, type Served } from '../dhcp/lan.ts'

const lacking = (['busybox', 'dnsmasq'] as const).find((name) => spawnSync(name, ['--help']).error)
const why = noNamespaces ?? (lacking && `${lacking} is not installed`)
const skipped = why === undefined ? '' : ` (skipped: ${why})`
const peer = test.skipIf(why !== undefined)

const directory = mkdtempSync(join(tmpdir(), 'birnam-proxy-'))
afterAll(() => rmSync(directory, { recursive: true }))

const script = join(directory, 'told.sh')
writeFileSync(
  script,
  `#!/bin/sh
echo "event=$1"
[ $1 = bound ] && env | grep -E '^(ip|siaddr|boot_file|bootfile|serverid|tftp)='
exit 0
`,
  { mode: 0o755 },
)

/** A client that says it boots from the network; what is said to it at port 68, a line an answer, each once, of two and a half seconds in which it asked four times. */
const rom = `import { message } from '${new URL('../dhcp/packets.ts', import.meta.url).href}'
  import { summary } from '${new URL('../../src/dhcp/summary.ts', import.meta.url).href}'
  import { decodePacket, encodePacket } from '${new URL('../../src/dhcp/packet.ts', import.meta.url).href}'
  import { dgramUdp } from '${new URL('../../src/net/udp-dgram.ts', import.meta.url).href}'
  const [mac, arch, ciaddr] = process.argv.slice(1)
  const more = [[60, Buffer.from('PXEClient:Arch:0000' + arch + ':UNDI:003000')], [93, Buffer.from([0, Number(arch)])]]
  const heard = new Set()
  const socket = await dgramUdp.open({ port: 68, device: 'eth0', broadcast: true, onError: console.error,
    onMessage: ({ bytes, address, port }) => {
      const lines = summary(decodePacket(bytes))
      heard.add(JSON.stringify({ from: address + ':' + port, told: [lines[0], ...lines.filter((line) => /^(yiaddr|file|60|43)/.test(line))] }))
    } })
  const asked = message(ciaddr ? 3 : 1, { mac, more, fields: { flags: 0x8000 }, ...(ciaddr && { ciaddr }) })
  const send = () => socket.send(encodePacket(asked), ciaddr ? 4011 : 67, ciaddr ? '10.71.0.1' : '255.255.255.255')
  send()
  setInterval(send, 700)
  setTimeout(() => { console.log([...heard].sort().join('\\n')); process.exit() }, 2500)`

interface Heard {
  readonly from: string
  readonly told: readonly string[]
}

function ask(lan: Lan, ...words: readonly string[]): readonly Heard[] {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', rom]
  const { text } = lan.run(0, ...node, '--', ...words)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Heard => JSON.parse(line))
}

/** A switch with three hosts: ours, the client, and dnsmasq, which gives addresses as it did before we came. */
async function beside(lan: Lan, name: string): Promise<Served> {
  await lan.switch('10.71.0.1/24')
  lan.ip(1, 'address', 'add', '10.71.0.2/24', 'dev', 'eth0')
  const proxy = await lan.serve({
    mode: 'proxy',
    interfaces: ['switch'],
    subnets: [],
    machines: { [lan.macOf(0)]: { machine: 'duncan', boot: { file: 's/x/pxelinux.0' } } },
    database: join(directory, `${name}.sqlite`),
    tell: true,
  })
  const words = ['--no-daemon', '--conf-file=/dev/null', '--port=0', '--user=root', '--leasefile-ro', '--no-ping']
  const range = '--dhcp-range=10.71.0.50,10.71.0.60,255.255.255.0'
  const log = ['--log-facility=-', `--pid-file=${join(directory, `${name}.pid`)}`]
  const server = lan.start(
    lan.clients[1]!,
    'sh',
    '-c',
    'exec dnsmasq "$@" 2>&1',
    'dnsmasq',
    ...words,
    '--interface=eth0',
    range,
    ...log,
  )
  await new Promise<void>((resolve, reject) => {
    let text = ''
    server.once('exit', () => reject(new Error(text)))
    server.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('DHCP, sockets bound') || text.includes('DHCP, IP range')) resolve()
    })
  })
  return proxy
}

peer(`a plain client beside dnsmasq gets all from dnsmasq, and nothing from a proxy${skipped}`, async () => {
  await using lan = new Lan(['10.71.9.1/32', '10.71.9.2/32'])
  const proxy = await beside(lan, 'plain')
  const udhcpc = ['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-t', '5', '-T', '2', '-s', script]
  const { text } = lan.run(0, ...udhcpc, '-O', 'bootfile', '-O', 'tftp')
  expect(text).toMatch(/^ip=10\.71\.0\.[56]\d$/m)
  expect(text).not.toMatch(/^(boot_file|bootfile|tftp)=/m)
  expect(proxy.types().filter((type) => type.startsWith('dhcp.proxy'))).toEqual([])
})

peer(`a ROM beside dnsmasq hears both: an address from dnsmasq, its file from the proxy${skipped}`, async () => {
  await using lan = new Lan(['10.71.9.1/32', '10.71.9.2/32'])
  const proxy = await beside(lan, 'rom')
  const mac = lan.macOf(0)
  const bios = ask(lan, mac, '0')
  expect(bios.filter(({ told }) => told.includes('file "s/x/pxelinux.0"'))).toEqual([
    {
      from: '10.71.0.1:67',
      told: [`OFFER to ${mac}`, 'file "s/x/pxelinux.0"', '60 vendor class: "PXEClient"', '43 vendor options: 6=08'],
    },
  ])
  expect(bios.filter(({ told }) => told.some((line) => line.startsWith('yiaddr 10.71.0.')))).toHaveLength(1)
  const uefi = ask(lan, mac, '7')
  expect(uefi.map(({ told }) => told)).toContainEqual([`OFFER to ${mac}`, '60 vendor class: "PXEClient"'])
  expect(uefi.filter(({ told }) => told.some((line) => line.startsWith('file')))).toEqual([])
  await proxy.seen('dhcp.proxy-offer', 2)
})

peer(`at port 4011 the proxy answers who has an address, from the port that was asked${skipped}`, async () => {
  await using lan = new Lan(['10.71.9.1/32', '10.71.9.2/32'])
  await beside(lan, 'binl')
  lan.ip(0, 'address', 'add', '10.71.0.55/24', 'dev', 'eth0')
  expect(ask(lan, lan.macOf(0), '7', '10.71.0.55')).toEqual([
    {
      from: '10.71.0.1:4011',
      told: [`ACK to ${lan.macOf(0)}`, 'file "s/x/pxelinux.0"', '60 vendor class: "PXEClient"'],
    },
  ])
})
