import { truncate, writeFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { join } from 'node:path'
import { expect } from 'vitest'
import { diskImage } from '../lab/disk.ts'
import type { Machine, MachineOptions } from '../lab/machine.ts'
import { duncan, liveProfile, probeArgs } from '../lab/site.ts'
import { duncansAnswer, openStage, type Stage } from './stage.ts'

/** Duncan with an install profile whose "installer" is the lab's guest: it writes a disk image and the answer to the disk. */
export async function openInstallStage(loader: string, more = ''): Promise<Stage> {
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
export async function oldDisk({ site }: Stage): Promise<string> {
  const path = join(site.directory, '..', 'disk.img')
  const image = gunzipSync(await diskImage())
  image.write('the old system', 1536 * 512)
  await writeFile(path, image)
  await truncate(path, 64 * 1024 * 1024)
  return path
}

/** What stands in the gap of the disk that booted: the answer of its install, or `the old system`. */
export async function diskSays(machine: Machine): Promise<string> {
  const [, answer] = await machine.sees(/LAB-DISK-ANSWER-BEGIN\n([\s\S]*?)\n*LAB-DISK-ANSWER-END/)
  return answer!
}

export async function permitOf({ server }: Stage): Promise<unknown> {
  const machine: { permit?: unknown } = JSON.parse(await server.command('machine', 'show', 'duncan', '--json'))
  return machine.permit
}

/** No permit: the disk boots. A permit: one install. Then the disk boots, and it is the installed one. */
export async function liveThroughOneInstall(
  stage: Stage,
  firmware: MachineOptions['firmware'] & string,
): Promise<void> {
  const disk = await oldDisk(stage)
  const before = await stage.boot({ firmware, disk })
  expect(await diskSays(before)).toBe('the old system')
  await before.ends()

  expect(await stage.server.command('reinstall', 'duncan')).toContain('may be installed once')
  const machine = await stage.boot({ firmware, disk, reboots: true })
  await machine.sees(/LAB-DISK-WRITTEN/)
  expect(await diskSays(machine)).toBe(duncansAnswer)
  await machine.ends()
  expect(await permitOf(stage)).toMatchObject({ state: 'used', target: 'db' })
}
