import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDebian, type Kind } from '../lab/debian.ts'
import { openImager } from '../lab/imager.ts'
import type { Machine } from '../lab/machine.ts'
import { duncan } from '../lab/site.ts'
import { openStage, type Stage } from './stage.ts'

export const imageNeeds = ['lan', 'machine', 'debian', 'imager'] as const

/** Duncan is to become a porter, by the image that was captured from a real Debian. */
export async function openImageStage(
  files: Readonly<Record<string, string>> = {},
  more: object = {},
  kind: Kind = 'plain',
): Promise<Stage> {
  const stage = await openEmptyStage(files, more)
  await stage.server.command('image', 'capture', await openDebian(kind), '--as', 'porter')
  return stage
}

/** The same before anything was captured. */
export function openEmptyStage(files: Readonly<Record<string, string>>, more: object = {}): Promise<Stage> {
  return openStage(
    {
      fleet: {
        machines: [{ ...duncan, profile: 'porter' }],
        profiles: [{ name: 'porter', kind: 'image', image: 'porter', args: 'console=ttyS0,115200', ...more }],
      },
      files,
    },
    ({ data }) => openImager(data),
  )
}

/** A disk with nothing on it, of that many MiB. */
export async function emptyDisk({ site }: Stage, mib = 6144, name = 'empty'): Promise<string> {
  const path = join(site.directory, '..', `${name}.img`)
  await writeFile(path, '')
  await truncate(path, mib * 1024 * 1024)
  return path
}

/** Waits for the end of an install, and fails with the machine's own sentence when it stops before. */
export async function isInstalled(machine: Machine): Promise<string> {
  const [, version, why] = await machine.sees(/birnam: duncan is installed from (\S+)\s|birnam: FAILED: (.*)\r?\n/, 800)
  if (why !== undefined) throw new Error(`the install failed: ${why}\n${machine.text.slice(-6000)}`)
  return version!
}
