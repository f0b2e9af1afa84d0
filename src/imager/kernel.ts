import { execa } from 'execa'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../fault.ts'

/** A kernel with its modules. */
export interface Kernel {
  readonly version: string
  readonly vmlinuz: string
  /** `…/lib/modules/VERSION` */
  readonly modules: string
  /** Where it comes from, for people. */
  readonly source: string
}

/** The newest kernel of a tree: this host's (`/`), or an image's. Undefined when it has none with modules. */
export function kernelIn(root: string): Kernel | undefined {
  const boot = join(root, 'boot')
  const versions = (existsSync(boot) ? readdirSync(boot) : [])
    .flatMap((name) => /^vmlinuz-(.+)$/.exec(name)?.[1] ?? [])
    .filter((version) => modulesIn(root, version) !== undefined)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const version = versions.at(-1)
  if (version === undefined) return undefined
  return { version, vmlinuz: join(boot, `vmlinuz-${version}`), modules: modulesIn(root, version)!, source: root }
}

/** A kernel package of Debian, unpacked into `place`: a file, or a package of this host's sources by its name. */
export async function kernelFromPackage(wanted: string, place: string): Promise<Kernel> {
  const file = wanted.endsWith('.deb') ? wanted : await download(wanted, place)
  const root = join(place, 'package')
  await call('dpkg-deb', ['-x', file, root], `${file} cannot be unpacked`)
  const kernel = kernelIn(root)
  if (!kernel) throw new Fault('imager-failed', `${wanted} holds no kernel`, { hint: 'name a linux-image-… package' })
  if (!existsSync(join(kernel.modules, 'modules.dep'))) await execa('depmod', ['-b', root, kernel.version])
  return { ...kernel, source: wanted }
}

async function download(name: string, place: string): Promise<string> {
  const said = await call('apt-cache', ['depends', name], 'apt knows no packages')
  // linux-image-amd64 is only a pointer to the newest.
  const real = /Depends: (linux-image-\S+)/.exec(said)?.[1] ?? name
  await call('apt-get', ['-q', 'download', real], `${real} cannot be fetched`, place)
  return join(
    place,
    readdirSync(place).find((file) => file.endsWith('.deb'))!,
  )
}

async function call(command: string, words: readonly string[], wrong: string, cwd?: string): Promise<string> {
  const { stdout, failed, stderr } = await execa(command, words, { reject: false, ...(cwd !== undefined && { cwd }) })
  if (!failed) return stdout
  throw new Fault('imager-failed', `${wrong}: ${stderr.trim().split('\n').at(-1) ?? `${command} failed`}`, {
    hint: 'apt-get update, or name a kernel with --kernel and --modules',
  })
}

function modulesIn(root: string, version: string): string | undefined {
  return [join(root, 'lib/modules', version), join(root, 'usr/lib/modules', version)].find((path) => existsSync(path))
}
