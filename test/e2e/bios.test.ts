import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { example } from '../lab/site.ts'
import { answerOf, duncansAnswer, openStage, pxelinux, story } from './stage.ts'

for (const nic of ['virtio-net-pci', 'e1000'] as const) {
  labTest(
    `BIOS, iPXE ROM on ${nic}: PXELINUX, kernel, its own answer, and its report`,
    ['lan', 'machine', 'pxelinux'],
    async () => {
      await using stage = await openStage(pxelinux)
      const machine = await stage.boot({ nic })
      await machine.sees(/PXELINUX/)
      await machine.sees(
        /LAB-LEASE ip=10\.77\.0\.11 siaddr=10\.77\.0\.1 .*hostname=duncan dns=10\.77\.0\.1 router=10\.77\.0\.1/,
      )
      expect(await answerOf(machine)).toBe(duncansAnswer)
      await machine.ends()
      const trace = await stage.trace('duncan')
      expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
      expect(inOrder(story(trace))).toEqual(wholeBoot)
      await stage.server.stop()
    },
  )
}

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
function inOrder(events: readonly string[]): string[] {
  return [...new Set(events)].filter((event) => wholeBoot.includes(event))
}

labTest('BIOS, iPXE ROM straight to a script by HTTP', ['lan', 'machine'], async () => {
  await using stage = await openStage({ server: { loader: 'ipxe' } })
  const machine = await stage.boot()
  await machine.sees(/http:\/\/10\.77\.0\.1\/s\/\S+\/boot\.ipxe/)
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
  expect(stage.server.text).not.toContain('pxelinux.0')
})

labTest(
  'a machine with a UUID is known by it before its MAC, in the byte order of the wire',
  ['lan', 'machine', 'pxelinux'],
  async () => {
    const uuid = '12345678-1234-1234-1234-525400770001'
    const [duncan] = example.machines
    await using stage = await openStage({ ...pxelinux, fleet: { ...example, machines: [{ ...duncan, uuid }] } })
    const machine = await stage.boot({ uuid })
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
  },
)
