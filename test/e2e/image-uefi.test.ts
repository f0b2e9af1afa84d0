import { join } from 'node:path'
import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { emptyDisk, imageNeeds, isInstalled, openEmptyStage } from './image.ts'
import { permitOf } from './install.ts'
import { brought, isBroughtForward, openKey, openLogin } from './living.ts'
import { openPorter } from '../lab/porter.ts'

labTest(
  'UEFI: what was captured over ssh becomes the disk of another machine, which boots to a login under its own name, and follows the next capture',
  [...imageNeeds, 'grub', 'ssh'],
  async () => {
    const { files, key } = await openKey()
    await using stage = await openEmptyStage(files)
    const porter = await openPorter(stage.lan, join(stage.site.directory, '..'), key)
    const options = porter.options.flatMap((one) => ['--ssh-option', one])
    const capture = (): Promise<string> =>
      stage.server.command(
        'image',
        'capture',
        porter.address,
        '--as',
        'porter',
        '--identity',
        porter.identity,
        ...options,
      )
    expect(await capture()).toContain('porter:1')
    const disk = await emptyDisk(stage)
    await stage.server.command('reinstall', 'duncan')
    const machine = await stage.boot({ firmware: 'uefi', disk, memory: 1024, reboots: true })
    expect(await isInstalled(machine)).toBe('porter:1')
    await machine.sees(/duncan login:/, 400)
    expect(await permitOf(stage)).toMatchObject({ state: 'used', target: 'porter' })
    await porter.change(`cd /${brought}`)
    expect(await capture()).toContain('porter:2')
    await isBroughtForward(stage, machine, await openLogin(stage, key))
  },
)
