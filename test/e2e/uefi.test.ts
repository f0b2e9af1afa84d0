import { expect } from 'vitest'
import { shimParts } from '../../src/menu/names-asked.ts'
import { labTest } from '../lab/needs.ts'
import { liveProfile } from '../lab/site.ts'
import { answerOf, duncansAnswer, openStage, story } from './stage.ts'
import { namesOf, watchRequests } from './wire.ts'

labTest(
  "UEFI: the firmware's PXE, shim, signed GRUB, kernel, its own answer, and its report",
  ['lan', 'machine', 'grub', 'tcpdump'],
  async () => {
    await using stage = await openStage()
    const requests = await watchRequests(stage.lan)
    const forecast = await stage.forecast('duncan', 'uefi')
    const machine = await stage.boot({ firmware: 'uefi' })
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    // EDK2 asks for the size first and breaks that transfer off with an ERROR: one loader was sent, and nothing failed.
    expect(requests()).toEqual([
      { name: 'shimx64.efi', options: 'tsize 0 blksize 1468 windowsize 4' },
      { name: 'shimx64.efi', options: 'blksize 1468 windowsize 4' },
      ...[...shimParts, 'grubx64.efi'].map((name) => ({ name, options: 'blksize 512 windowsize 4' })),
      ...['command', 'fs', 'crypto', 'terminal'].map((list) => byGrub(`/grub/x86_64-efi/${list}.lst`)),
      ...['/grub/grub.cfg', '/grub.cfg', '/boot/vmlinuz', '/boot/initrd.gz'].map(byGrub),
    ])
    expect(namesOf(requests())).toEqual(forecast)
    const trace = await stage.trace('duncan')
    expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
    expect(story(trace).filter((event) => event === 'sent shimx64.efi')).toHaveLength(1)
    expect(story(trace).filter((event) => /failed|timeout|refused/.test(event))).toEqual([])
    expect(story(trace)).toContain('report.done')
  },
)

function byGrub(name: string): { name: string; options: string } {
  return { name, options: 'blksize 1024 tsize 0' }
}

// EDK2 sends no client id, iPXE and Linux do.
labTest(
  "UEFI: the firmware's PXE, iPXE, script by HTTP; one address out of the pool for all three",
  ['lan', 'machine', 'ovmf', 'ipxe'],
  async () => {
    const machines = [{ name: 'porter', mac: '52:54:00:77:00:05', profile: 'probe' }]
    await using stage = await openStage({
      server: { loader: 'ipxe' },
      fleet: { machines, profiles: [liveProfile('probe')] },
      files: { 'answers/probe.txt.hbs': 'I am {{machine.name}}' },
    })
    const machine = await stage.boot({ firmware: 'uefi', mac: '52:54:00:77:00:05' })
    const [, address] = await machine.sees(/Station IP address is (10\.77\.0\.1\d\d)\s/)
    const [, linux] = await machine.sees(/LAB-LEASE ip=(\S+) /)
    expect(await answerOf(machine)).toBe('I am porter')
    await machine.ends()
    expect(linux).toBe(address)
    const trace = await stage.trace('porter')
    expect(story(trace)).toContain('sent snponly.efi')
    const acks = trace.events.filter(({ type }) => type === 'dhcp.ack')
    expect(acks.map(({ detail }) => detail?.['address'])).toEqual([address, address, address])
  },
)

labTest('UEFI with an iPXE ROM in its NIC: straight to a script', ['lan', 'machine', 'ovmf'], async () => {
  await using stage = await openStage()
  const machine = await stage.boot({ firmware: 'uefi', rom: 'ipxe' })
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
})

labTest('UEFI HTTP boot: HEAD and GET of the loader, then its script', ['lan', 'machine', 'ovmf', 'ipxe'], async () => {
  await using stage = await openStage()
  const machine = await stage.boot({ firmware: 'uefi', without: ['IPv4PXESupport', 'IPv6PXESupport'] })
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
  // The HEAD carried nothing: the loader counts once.
  expect(story(await stage.trace('duncan')).filter((event) => event === 'sent snponly.efi')).toHaveLength(1)
})
