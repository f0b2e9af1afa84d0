import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { example } from '../lab/site.ts'
import { answerOf, duncansAnswer, openStage, pxelinux, story } from './stage.ts'
import { namesOf, watchDhcp, watchRequests } from './wire.ts'

const needs = ['lan', 'machine', 'pxelinux', 'tcpdump'] as const

labTest('BIOS, iPXE ROM on virtio: PXELINUX, kernel, its own answer, and its report', needs, async () => {
  await using stage = await openStage(pxelinux)
  const requests = await watchRequests(stage.lan)
  const forecast = await stage.forecast('duncan', 'bios-ipxe')
  const machine = await stage.boot()
  await machine.sees(/PXELINUX/)
  await machine.sees(
    /LAB-LEASE ip=10\.77\.0\.11 siaddr=10\.77\.0\.1 .*hostname=duncan dns=10\.77\.0\.1 router=10\.77\.0\.1/,
  )
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
  expect(requests()).toEqual([
    { name: 'pxelinux.0', options: 'blksize 1432 tsize 0' },
    { name: 'ldlinux.c32', options: 'tsize 0 blksize 1408' },
    { name: 'pxelinux.cfg/01-52-54-00-77-00-01', options: 'tsize 0 blksize 1408' },
    { name: 'boot/vmlinuz', options: 'tsize 0 blksize 1408' },
    { name: 'boot/initrd.gz', options: 'tsize 0 blksize 1408' },
  ])
  expect(namesOf(requests())).toEqual(forecast)
  const trace = await stage.trace('duncan')
  expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
  expect(milestones(story(trace))).toEqual(wholeBoot)
  await stage.server.stop()
})

const wholeBoot = [
  'dhcp.ack',
  'sent pxelinux.0',
  'sent ldlinux.c32',
  'menu.given',
  'sent vmlinuz',
  'sent initrd.gz',
  'report.started',
  'answer.given',
  'report.done',
]

/** Each thing of a whole boot once, at its first time. */
function milestones(events: readonly string[]): string[] {
  return [...new Set(events)].filter((event) => wholeBoot.includes(event))
}

labTest(
  'BIOS, iPXE ROM on e1000, a machine with a UUID: its menu is asked for by UUID first, in the byte order of the wire',
  needs,
  async () => {
    const uuid = '12345678-1234-1234-1234-525400770001'
    const [duncan] = example.machines
    await using stage = await openStage({ ...pxelinux, fleet: { ...example, machines: [{ ...duncan, uuid }] } })
    const [requests, packets] = [await watchRequests(stage.lan), await watchDhcp(stage.lan)]
    const machine = await stage.boot({ uuid, nic: 'e1000' })
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    const menus = requests().filter(({ name }) => name.startsWith('pxelinux.cfg/'))
    expect(menus.map(({ name }) => name)).toEqual(['pxelinux.cfg/78563412-3412-3412-1234-525400770001'])
    expect(await stage.forecast('duncan', 'bios-ipxe')).toEqual(namesOf(requests()))
    // iPXE repeats its DISCOVER: each time the same boot file, in the header and as an option, and the same server in both.
    const offers = packets().filter((packet) => packet.includes('Offer') && packet.includes('GUID'))
    expect(offers.length).toBeGreaterThan(0)
    // The ROM has no address yet and does not ask for a broadcast; unicast would never reach it.
    expect(offers.filter((offer) => !offer.includes('> 255.255.255.255.68'))).toEqual([])
    const said = offers.map((offer) => ({
      siaddr: /Server-IP (\S+)/.exec(offer)?.[1],
      file: /file "(.*)"/.exec(offer)?.[1],
      // tcpdump prints the NUL behind them.
      option66: /TFTP \(66\).*"(.*)\^@"/.exec(offer)?.[1],
      option67: /BF \(67\).*"(.*)\^@"/.exec(offer)?.[1],
    }))
    const file: unknown = expect.stringMatching(/^s\/[0-9a-z-]+\/pxelinux\.0$/)
    expect(said[0]).toEqual({ siaddr: '10.77.0.1', file, option66: '10.77.0.1', option67: said[0]!.file })
    expect(new Set(said.map((offer) => JSON.stringify(offer))).size).toBe(1)
  },
)

labTest('BIOS, iPXE ROM straight to a script by HTTP', ['lan', 'machine'], async () => {
  await using stage = await openStage()
  const machine = await stage.boot()
  await machine.sees(/http:\/\/10\.77\.0\.1\/s\/\S+\/boot\.ipxe/)
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
  expect(story(await stage.trace('duncan'))).not.toContain('sent pxelinux.0')
})
