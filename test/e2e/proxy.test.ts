import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import type { Lan } from '../lab/network.ts'
import { duncan } from '../lab/site.ts'
import { answerOf, duncansAnswer, openStage, pxelinux, story } from './stage.ts'
import { watchDhcp } from './wire.ts'

const proxy = { dhcp: { mode: 'proxy', interfaces: ['lab-br'] } }

/** The server that was there before: it gives addresses, and knows nothing of booting. */
async function addressServer(lan: Lan): Promise<void> {
  const host = lan.keep(await lan.client())
  await host.run('ip address add 10.77.0.2/24 dev eth0')
  const range = '--dhcp-range=10.77.0.150,10.77.0.199,255.255.255.0'
  const words = ['--no-daemon', '--conf-file=/dev/null', '--port=0', '--user=root', '--leasefile-ro', '--no-ping']
  const server = lan.keep(
    host.start(['dnsmasq', ...words, '--interface=eth0', range, `--dhcp-host=${duncan.mac},${duncan.ip}`]),
  )
  await server.sees(/DHCP, IP range/)
}

labTest(
  'beside dnsmasq, which gives the address: a BIOS iPXE ROM on virtio boots PXELINUX and its own menu by proxy',
  ['lan', 'machine', 'pxelinux', 'dnsmasq', 'tcpdump'],
  async () => {
    await using stage = await openStage({ server: { ...pxelinux.server, ...proxy } })
    expect(stage.server.text).toMatch(/DHCP +on +lab-br as a proxy/)
    await addressServer(stage.lan)
    const packets = await watchDhcp(stage.lan)
    const machine = await stage.boot()
    await machine.sees(/PXELINUX/)
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    const ours = packets().filter((packet) => packet.includes('10.77.0.1.67 >'))
    expect(ours.length).toBeGreaterThan(0)
    expect(ours.filter((packet) => /Your-IP|Lease-Time|Subnet-Mask/.test(packet))).toEqual([])
    const trace = await stage.trace('duncan')
    expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
    expect(story(trace)).toEqual(expect.arrayContaining(['dhcp.proxy-offer', 'sent pxelinux.0', 'report.done']))
    expect(story(trace)).not.toContain('dhcp.ack')
  },
)

labTest(
  'beside dnsmasq: UEFI firmware comes to port 4011, and iPXE takes its script from the first answer',
  ['lan', 'machine', 'ovmf', 'ipxe', 'dnsmasq'],
  async () => {
    await using stage = await openStage({ server: proxy })
    await addressServer(stage.lan)
    const machine = await stage.boot({ firmware: 'uefi' })
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    const trace = await stage.trace('duncan')
    expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
    const told = story(trace).filter((event) => /^(dhcp\.proxy|sent snp|report\.done)/.test(event))
    expect([...new Set(told)]).toEqual(['dhcp.proxy-offer', 'dhcp.proxy-ack', 'sent snponly.efi', 'report.done'])
  },
)
