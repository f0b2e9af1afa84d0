import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { foreign, foreignLoaders } from '../lab/loaders.ts'
import { duncan } from '../lab/site.ts'
import { openStage, story, type Stage } from './stage.ts'
import { namesOf, watchRequests } from './wire.ts'

/** Loaders of another architecture stand in the site's files/; the machine boots its disk, and has none. */
async function openForeign(arch: keyof typeof foreign): Promise<Stage> {
  const { shim, grub } = foreignLoaders(arch)
  const names = foreign[arch]
  return openStage({
    fleet: {
      machines: [{ ...duncan, profile: 'disk' }],
      profiles: [{ name: 'disk', kind: 'local' }],
    },
    files: { [`files/${names.shim}`]: await readFile(shim), [`files/${names.grub}`]: await readFile(grub) },
  })
}

const lan = ['lan', 'machine', 'tcpdump'] as const
const cases = [
  ['uefi-arm64', 'arm64', [...lan, 'qemu-arm64', 'aavmf', 'loaders-arm64']],
  ['uefi-ia32', 'i386', [...lan, 'ovmf-ia32', 'loaders-i386']],
] as const

for (const [firmware, arch, needs] of cases) {
  labTest(`${firmware}: the firmware's PXE, shim and signed GRUB of ${arch}, and its menu`, needs, async () => {
    await using stage = await openForeign(arch)
    const requests = await watchRequests(stage.lan)
    const machine = await stage.boot({ firmware })
    await machine.sees(/Birnam: no system was found on the disks/)
    // tcpdump tells of the last ones a moment later.
    await expect.poll(() => namesOf(requests())).toEqual(await stage.forecast('duncan', firmware))
    const trace = await stage.trace('duncan')
    expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
    expect(story(trace)).toEqual(expect.arrayContaining([`sent ${foreign[arch].grub}`, 'menu.given']))
  })
}
