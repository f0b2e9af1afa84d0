import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { duncan } from '../lab/site.ts'
import { answerOf, duncansAnswer, openStage, story } from './stage.ts'

labTest(
  'BIOS, iPXE ROM: dnsmasq with the lines of birnam dhcp-snippet gives the address and points the machine to its script',
  ['lan', 'machine', 'dnsmasq'],
  async () => {
    await using stage = await openStage({ server: { dhcp: { mode: 'off' } } })
    const lines = await stage.server.command('dhcp-snippet', '--for', 'dnsmasq')
    const range = 'dhcp-range=10.77.0.150,10.77.0.199,255.255.255.0'
    const own = `port=0\nuser=root\nleasefile-ro\nno-ping\ninterface=eth0\n${range}\ndhcp-host=${duncan.mac},${duncan.ip}\n`
    await stage.site.write('files/dnsmasq.conf', own + lines)
    const host = stage.lan.keep(await stage.lan.client())
    await host.run('ip address add 10.77.0.2/24 dev eth0')
    const server = stage.lan.keep(
      host.start(['dnsmasq', '--no-daemon', `--conf-file=${stage.site.directory}/files/dnsmasq.conf`]),
    )
    await server.sees(/DHCP, IP range/)
    const machine = await stage.boot()
    await machine.sees(/boot\.ipxe-01-52-54-00-77-00-01/)
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    expect(story(await stage.trace('duncan')).filter((event) => event.startsWith('dhcp'))).toEqual([])
  },
)
