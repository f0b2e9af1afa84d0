import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { emptyDisk, imageNeeds, isInstalled, openImageStage } from './image.ts'
import { permitOf } from './install.ts'

labTest(
  'UEFI: an empty disk becomes a golden image, and boots to a login under its own name; the network stays first',
  [...imageNeeds, 'grub'],
  async () => {
    await using stage = await openImageStage()
    const disk = await emptyDisk(stage)
    await stage.server.command('reinstall', 'duncan')
    const machine = await stage.boot({ firmware: 'uefi', disk, memory: 1024, reboots: true })
    expect(await isInstalled(machine)).toBe('porter:1')
    await machine.sees(/duncan login:/, 400)
    expect(await permitOf(stage)).toMatchObject({ state: 'used', target: 'porter' })
  },
)
