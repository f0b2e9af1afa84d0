import { expect } from 'vitest'
import { run } from '../lab/child.ts'
import { labTest } from '../lab/needs.ts'
import { emptyDisk, imageNeeds, isInstalled, openImageStage } from './image.ts'
import { permitOf } from './install.ts'
import { captureNext, isBroughtForward, openKey, openLogin } from './living.ts'

labTest(
  'BIOS: an empty disk becomes a golden image, goes straight into it by kexec under its own name, and is brought to the next version',
  [...imageNeeds, 'ssh', 'kexec'],
  async () => {
    const { files, key } = await openKey()
    await using stage = await openImageStage(files, { after: 'kexec' })
    const disk = await emptyDisk(stage)
    expect(await stage.server.command('reinstall', 'duncan')).toContain('may be installed once with porter:1')
    const machine = await stage.boot({ disk, memory: 1024, reboots: true })
    expect(await isInstalled(machine)).toBe('porter:1')
    await machine.sees(/duncan login:/, 400)
    expect(machine.text).not.toMatch(/GRUB|rebooting instead/)
    expect(await permitOf(stage)).toMatchObject({ state: 'used', target: 'porter' })
    await captureNext(stage)
    await isBroughtForward(stage, machine, await openLogin(stage, key))
  },
)

labTest(
  'a disk that holds data and is not known stops the install before anything is written; a permit that allows it wipes it',
  imageNeeds,
  async () => {
    await using stage = await openImageStage({}, { args: 'console=ttyS0,115200 imager.break=pull' })
    const disk = await emptyDisk(stage)
    await run([
      'sh',
      '-c',
      'printf "label: gpt\\nstart=1MiB, size=5GiB\\n" | sfdisk -q "$0" && mkfs.ext4 -q -E offset=1048576 "$0" 1000000',
      disk,
    ])
    const before = await sumOf(disk)
    await stage.server.command('reinstall', 'duncan')
    const machine = await stage.boot({ disk, memory: 1024 })
    await machine.sees(/holds data and is not a disk that this machine is known to have/)
    await machine.sees(/birnam: nothing more is done here/)
    expect(await sumOf(disk)).toBe(before)
    expect(await permitOf(stage)).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('nothing was written'),
    })
    expect(JSON.stringify(await stage.trace('duncan'))).toContain('it reported: nothing was written')
    await machine[Symbol.asyncDispose]()

    await stage.server.command('reinstall', 'duncan', '--disk', 'any')
    const again = await stage.boot({ disk, memory: 1024 })
    await again.sees(/is known and will be wiped/)
    await again.sees(/stopped before the step pull/)
    expect(await sumOf(disk)).not.toBe(before)
  },
)

/** Of the first MiB and of where the file system keeps its own. */
async function sumOf(disk: string): Promise<string> {
  return run(['sh', '-c', 'head -c 4194304 "$0" | sha256sum', disk])
}
