import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { decodePacket, encodePacket } from '../../src/dhcp/packet.ts'
import { summary } from '../../src/dhcp/summary.ts'
import { Lan, noNamespaces } from '../dhcp/lan.ts'
import { decoded, message } from '../dhcp/packets.ts'
import { Fleet, Lobby } from '../dhcp/site.ts'

interface Codec {
  parse(bytes: Buffer): {
    readonly yiaddr: string
    readonly siaddr: string
    readonly xid: number
    readonly options: Record<number, unknown>
  }
  format(packet: object): { readonly _data: Buffer; readonly _w: number }
}

const require = createRequire(import.meta.url)
const codec = require('dhcp/lib/protocol.js') as Codec
const skipped = noNamespaces === undefined ? '' : ` (skipped: ${noNamespaces})`
const directory = mkdtempSync(join(tmpdir(), 'birnam-npm-dhcp-'))
afterAll(() => rmSync(directory, { recursive: true }))

test("npm's dhcp reads our OFFER as we mean it", () => {
  const lobby = new Lobby({ fleet: new Fleet({}, { boot: { file: 'pxelinux.0' }, hostname: 'duncan' }) })
  const read = codec.parse(encodePacket(lobby.reply(message(1))!))
  expect(read).toMatchObject({ yiaddr: '10.77.0.100', siaddr: '10.77.0.1', xid: 0x1234abcd, file: 'pxelinux.0' })
  expect(read.options).toMatchObject({
    1: '255.255.255.0',
    12: 'duncan',
    51: 3600,
    53: 2,
    54: '10.77.0.1',
    58: 1800,
    67: 'pxelinux.0',
  })
})

test("we read what npm's dhcp writes", () => {
  const zero = '0.0.0.0'
  const chaddr = '52-54-00-77-00-01'
  const addresses = { ciaddr: zero, yiaddr: zero, siaddr: zero, giaddr: zero }
  const asked = {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 77,
    secs: 3,
    flags: 0,
    ...addresses,
    chaddr,
    sname: '',
    file: '',
  }
  const { _data, _w } = codec.format({ ...asked, options: { 53: 1, 50: '10.77.0.9', 55: [1, 3, 6], 57: 1500 } })
  expect(summary(decoded(_data.subarray(0, _w)))).toEqual([
    'DISCOVER from 52:54:00:77:00:01',
    'xid 0000004d, 3 s',
    '50 requested address: 10.77.0.9',
    '55 asks for: 1 3 6',
    '57 longest message: 1500',
  ])
})

test.each(['ipxe-bios-qemu72-discover', 'ovmf-2022.11-uefi-pxe-discover'])(
  "%s ends npm's dhcp as a server: why it is not ours",
  (name) => {
    const file = new URL(`../fixtures/packets/${name}.bin`, import.meta.url).pathname
    const program = `const server = require('dhcp').createServer({ range: ['10.0.0.10', '10.0.0.99'], netmask: '255.255.255.0',
    router: ['10.0.0.1'], dns: ['10.0.0.1'], broadcast: '10.0.0.255', server: '10.0.0.1', bootFile: 'pxelinux.0' })
    server.handleDiscover(require('dhcp/lib/protocol.js').parse(require('fs').readFileSync(${JSON.stringify(file)})))`
    const run = spawnSync(process.execPath, ['-e', program], {
      encoding: 'utf8',
      cwd: new URL('../..', import.meta.url).pathname,
    })
    expect(run.status).not.toBe(0)
    expect(run.stderr).toMatch(/Invalid option/)
    expect(decodePacket(Buffer.alloc(0))).toHaveProperty('malformed')
  },
)

test.skipIf(noNamespaces !== undefined)(`npm's dhcp, as a client, gets its address from us${skipped}`, async () => {
  await using lan = new Lan(['10.73.0.1/24'])
  const subnets = [{ cidr: '10.73.0.0/24', range: '10.73.0.100-10.73.0.199', router: '10.73.0.1' }]
  await lan.serve({ interfaces: ['wire0'], subnets, database: join(directory, 'npm.sqlite') })
  lan.ip(0, 'route', 'add', 'default', 'dev', 'eth0')
  const program = `const client = require(${JSON.stringify(require.resolve('dhcp'))}).createClient({ mac: ${JSON.stringify(lan.macOf(0))} })
    client.on('bound', ({ address, server, options }) => { console.log(JSON.stringify({ address, server, options })); process.exit() })
    client.listen(68, '0.0.0.0', () => client.sendDiscover())
    setTimeout(() => process.exit(1), 10000)`
  const bound = lan.run(0, process.execPath, '-e', program)
  expect(bound.status).toBe(0)
  expect(JSON.parse(bound.text)).toMatchObject({
    address: '10.73.0.100',
    server: '10.73.0.1',
    options: { netmask: '255.255.255.0', router: ['10.73.0.1'], dns: ['10.73.0.1'] },
  })
})
