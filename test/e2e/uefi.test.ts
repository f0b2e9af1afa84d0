import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { answerOf, duncansAnswer, openStage, story } from './stage.ts'

labTest(
  "UEFI: the firmware's PXE, signed GRUB, kernel, its own answer, and its report",
  ['lan', 'machine', 'grub'],
  async () => {
    await using stage = await openStage()
    const machine = await stage.boot({ firmware: 'uefi' })
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    const trace = await stage.trace('duncan')
    expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
    // EDK2 asks for the size first and breaks that transfer off: one loader was sent, and nothing failed.
    expect(story(trace).filter((event) => event === 'sent grubx64.efi')).toHaveLength(1)
    expect(story(trace)).not.toContain('file.failed')
    expect(story(trace)).not.toContain('file.timeout')
    expect(story(trace)).toContain('report.done')
  },
)

labTest("UEFI: the firmware's PXE, iPXE, script by HTTP", ['lan', 'machine', 'ovmf', 'ipxe'], async () => {
  await using stage = await openStage({ server: { loader: 'ipxe' } })
  const machine = await stage.boot({ firmware: 'uefi' })
  await machine.sees(/iPXE/)
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
  expect(story(await stage.trace('duncan'))).toContain('sent snponly.efi')
})

labTest('UEFI with an iPXE ROM in its NIC: straight to a script', ['lan', 'machine', 'ovmf'], async () => {
  await using stage = await openStage()
  const machine = await stage.boot({ firmware: 'uefi', rom: 'ipxe' })
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
})

labTest('UEFI HTTP boot: HEAD and GET of the loader, then its script', ['lan', 'machine', 'ovmf', 'ipxe'], async () => {
  await using stage = await openStage()
  const machine = await stage.boot({ firmware: 'uefi', without: ['IPv4PXESupport'] })
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
})
