import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { diskSays, liveThroughOneInstall, oldDisk, openInstallStage } from './install.ts'

const needs = ['lan', 'machine', 'disk', 'grub', 'ipxe'] as const

labTest(
  'UEFI by GRUB: no permit, its disk boots; a permit, it is installed once; then its disk boots',
  needs,
  async () => {
    await using stage = await openInstallStage('grub')
    await liveThroughOneInstall(stage, 'uefi')
    await stage.server.stop()
  },
)

labTest('UEFI by iPXE: no permit, its disk boots', needs, async () => {
  await using stage = await openInstallStage('ipxe')
  const machine = await stage.boot({ firmware: 'uefi', disk: await oldDisk(stage) })
  expect(await diskSays(machine)).toBe('the old system')
  await machine.ends()
})
