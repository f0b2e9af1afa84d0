import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { diskSays, liveThroughOneInstall, oldDisk, openInstallStage, permitOf } from './install.ts'

const needs = ['lan', 'machine', 'disk', 'pxelinux'] as const

labTest(
  'BIOS by PXELINUX: no permit, its disk boots; a permit, it is installed once; then its disk boots',
  needs,
  async () => {
    await using stage = await openInstallStage('pxelinux')
    await liveThroughOneInstall(stage, 'bios')
    await stage.server.stop()
  },
)

labTest('BIOS by iPXE: no permit, its disk boots', needs, async () => {
  await using stage = await openInstallStage('ipxe')
  const machine = await stage.boot({ disk: await oldDisk(stage) })
  expect(await diskSays(machine)).toBe('the old system')
  await machine.ends()
})

labTest('an install that fails says so, and its machine boots its disk afterwards', needs, async () => {
  await using stage = await openInstallStage('pxelinux', 'fail=disk-too-small')
  await stage.server.command('reinstall', 'duncan')
  const machine = await stage.boot({ disk: await oldDisk(stage), reboots: true })
  await machine.sees(/LAB-ANSWER-END/)
  expect(await diskSays(machine)).toBe('the old system')
  await machine.ends()
  expect(await permitOf(stage)).toMatchObject({ state: 'failed', why: 'disk-too-small' })
})

labTest('a machine that nobody named boots its disk, by its ROM and by PXELINUX', needs, async () => {
  await using stage = await openInstallStage('pxelinux')
  const machine = await stage.boot({ mac: '52:54:00:99:99:99', disk: await oldDisk(stage) })
  await machine.sees(/PXELINUX/)
  expect(await diskSays(machine)).toBe('the old system')
  await machine.ends()
})
