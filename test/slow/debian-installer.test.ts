import { expect } from 'vitest'
import type { Permit } from '../../src/machine/permit.ts'
import { installerNeeds, openInstallerStage } from '../e2e/debian-installer.ts'
import { emptyDisk } from '../e2e/image.ts'
import { permitOf } from '../e2e/install.ts'
import { labTest } from '../lab/needs.ts'

labTest(
  "BIOS: Debian's installer installs by the preseed that Birnam ships, without a question, and the disk boots to a login",
  [...installerNeeds, 'pxelinux'],
  async () => {
    await using stage = await openInstallerStage()
    const disk = await emptyDisk(stage)
    expect(await stage.server.command('reinstall', 'duncan')).toContain('may be installed once')
    const machine = await stage.boot({ disk, memory: 1024, reboots: true })
    await stage.server.says(/report\.started/, 1200)
    await machine.sees(/duncan login:/, 6000)
    const permit = (await permitOf(stage)) as Permit
    expect(permit).toMatchObject({ state: 'used', target: 'server' })
    // The last boot is that of the new disk.
    const { events } = await stage.trace('duncan', permit.session)
    const types = events.map(({ type }) => type)
    for (const type of ['report.started', 'report.progress', 'report.done']) expect(types).toContain(type)
  },
  7_200_000,
)
