import { truncate, writeFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { join } from 'node:path'
import { expect } from 'vitest'
import { diskImage } from '../lab/disk.ts'
import type { Machine } from '../lab/machine.ts'
import { labTest } from '../lab/needs.ts'
import { duncan, liveProfile, probeArgs } from '../lab/site.ts'
import { duncansAnswer, openStage, story, type Stage } from './stage.ts'

const firmwares = [
  { firmware: 'bios', loader: 'pxelinux', needs: ['pxelinux'] },
  { firmware: 'uefi', loader: 'grub', needs: ['grub'] },
] as const

for (const { firmware, loader, needs } of firmwares) {
  const title = `${firmware} by ${loader}: no permit, its disk boots; a permit, it is installed once; then its disk boots`
  labTest(title, ['lan', 'machine', 'disk', ...needs], async () => {
    await using stage = await openInstallStage(loader)
    const disk = await oldDisk(stage)
    const before = await stage.boot({ firmware, disk })
    expect(await diskSays(before)).toBe('the old system')
    await before.ends()

    expect(await stage.server.command('reinstall', 'duncan')).toContain('may be installed once')
    const machine = await stage.boot({ firmware, disk, reboots: true })
    await machine.sees(/LAB-DISK-WRITTEN/)
    expect(await diskSays(machine)).toBe(duncansAnswer)
    await machine.ends()

    const { permit } = JSON.parse(await stage.server.command('machine', 'show', 'duncan', '--json'))
    expect(permit).toMatchObject({ state: 'used', target: 'db' })
    expect(story(await stage.trace('duncan'))).toContain('menu.given')
    await stage.server.stop()
  })

  labTest(`${firmware} by iPXE: no permit, its disk boots`, ['lan', 'machine', 'disk', 'ovmf', 'ipxe'], async () => {
    await using stage = await openInstallStage('ipxe')
    const machine = await stage.boot({ firmware, disk: await oldDisk(stage) })
    expect(await diskSays(machine)).toBe('the old system')
    await machine.ends()
  })
}

labTest(
  'an install that fails says so, and its machine boots its disk afterwards',
  ['lan', 'machine', 'disk', 'pxelinux'],
  async () => {
    await using stage = await openInstallStage('pxelinux', 'fail=disk-too-small')
    await stage.server.command('reinstall', 'duncan')
    const machine = await stage.boot({ disk: await oldDisk(stage), reboots: true })
    await machine.sees(/LAB-ANSWER-END/)
    expect(await diskSays(machine)).toBe('the old system')
    await machine.ends()
    const { permit } = JSON.parse(await stage.server.command('machine', 'show', 'duncan', '--json'))
    expect(permit).toMatchObject({ state: 'failed', why: 'disk-too-small' })
  },
)

/** Duncan with an install profile whose "installer" is the lab's guest: it writes a disk image and the answer to the disk. */
async function openInstallStage(loader: string, more = ''): Promise<Stage> {
  const args = `${probeArgs} install={{server.url}}/disk.img.gz after=reboot ${more}`.trim()
  return openStage({
    server: { loader },
    fleet: {
      machines: [{ ...duncan, profile: 'db', vars: { role: 'king' } }],
      profiles: [{ ...liveProfile('db'), kind: 'install', args }],
    },
    files: { 'files/disk.img.gz': await diskImage() },
  })
}

/** A disk that boots by itself and tells that nobody wiped it. */
async function oldDisk(stage: Stage): Promise<string> {
  const path = join(stage.site.directory, '..', 'disk.img')
  const image = gunzipSync(await diskImage())
  image.write('the old system', 1536 * 512)
  await writeFile(path, image)
  await truncate(path, 64 * 1024 * 1024)
  return path
}

async function diskSays(machine: Machine): Promise<string> {
  const [, answer] = await machine.sees(/LAB-DISK-ANSWER-BEGIN\n([\s\S]*?)\n*LAB-DISK-ANSWER-END/)
  return answer!
}
