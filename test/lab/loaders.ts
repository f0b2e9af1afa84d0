import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.ts'

const cache = fileURLToPath(new URL('../../node_modules/.cache/birnam-lab/', import.meta.url))

/** Loaders of architectures that this host is not: Debian's names of them, and the packages. */
export const foreign = {
  arm64: { packages: ['shim-signed', 'grub-efi-arm64-signed'], shim: 'shimaa64.efi', grub: 'grubaa64.efi' },
  i386: { packages: ['shim-signed', 'grub-efi-ia32-signed'], shim: 'shimia32.efi', grub: 'grubia32.efi' },
} as const

export type ForeignArch = keyof typeof foreign

/** Where shim and signed GRUB of an architecture are, once they were fetched. */
export function foreignLoaders(arch: ForeignArch): { readonly shim: string; readonly grub: string } {
  const home = join(cache, `loaders-${arch}-1`)
  const { shim, grub } = foreign[arch]
  const folder = arch === 'arm64' ? 'arm64-efi-signed' : 'i386-efi-signed'
  return {
    shim: join(home, `usr/lib/shim/${shim}.signed`),
    grub: join(home, `usr/lib/grub/${folder}/grubnet${grub.slice('grub'.length)}.signed`),
  }
}

/** Downloads and unpacks them once, with package lists of its own: nothing is installed, and the host's lists stay as they are. */
export async function fetchForeign(arch: ForeignArch): Promise<void> {
  if (existsSync(foreignLoaders(arch).shim)) return
  await mkdir(cache, { recursive: true })
  const place = await mkdtemp(join(cache, 'fetch-'))
  try {
    await download(place, arch)
    // The directory appears whole or not at all: another test run may want it at the same time.
    await rename(join(place, 'all'), join(cache, `loaders-${arch}-1`)).catch((error: unknown) => {
      if (!existsSync(foreignLoaders(arch).shim)) throw error
    })
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

async function download(place: string, arch: ForeignArch): Promise<void> {
  for (const name of ['lists/partial', 'cache/archives/partial', 'debs'])
    await mkdir(join(place, name), { recursive: true })
  const own = [`Dir::State::lists=${place}/lists`, `Dir::Cache=${place}/cache`, 'Acquire::Languages=none']
  const options = [
    '-q',
    ...[...own, `APT::Architecture=${arch}`, `APT::Architectures=${arch}`].flatMap((o) => ['-o', o]),
  ]
  // One list of several may be out of step with its mirror; the others have the packages.
  await run(['apt-get', ...options, 'update']).catch(() => {})
  const debs = join(place, 'debs')
  await run(['apt-get', ...options, 'download', ...foreign[arch].packages], { cwd: debs })
  for (const name of await readdir(debs)) await run(['dpkg-deb', '-x', join(debs, name), join(place, 'all')])
}
