import type { Distro } from '../config/site.ts'
import { versionNamed } from '../distro/codenames.ts'
import type { LeftList } from '../takeover/told.ts'
import type { BootFiles } from './boot-files.ts'
import { expand } from './expand.ts'
import { mergedMap } from './inherit.ts'
import type { Item } from './item.ts'
import type { Naming } from './naming.ts'

/** A distro of Cobbler: one that Birnam knows an installer of, or a kernel alone. */
export interface NewDistro {
  readonly distro: Distro
  /** Nobody answers what it asks: profiles of it boot its kernel. */
  readonly kernelOnly: boolean
}

export interface DistroOptions {
  readonly distros: readonly Item[]
  readonly settings: Item
  readonly naming: Naming
  readonly boot: BootFiles
  /** Whether answers of the distro are cloud-init's, and not a preseed. */
  readonly isCloud: (distro: Item) => boolean
}

/** By their old names. What cannot be booted here is told. */
export function distrosOf(
  { distros, settings, naming, boot, isCloud }: DistroOptions,
  left: LeftList,
): ReadonlyMap<string, NewDistro> {
  const found = new Map<string, NewDistro>()
  for (const item of distros) {
    const breed = item.text('breed') ?? 'generic'
    const family = familyOf(breed, isCloud(item))
    if (family === undefined) {
      left.add(
        item.file,
        `distros of the breed ${/^[\w-]{1,30}$/.test(breed) ? breed : 'that it names'} are not taken over: see docs/installers.md`,
      )
      continue
    }
    const name = naming.of(item)
    const kernel = name === undefined ? undefined : boot.take(item, name, 'kernel')
    if (name === undefined || kernel === undefined) continue
    const initrd = boot.take(item, name, 'initrd')
    const tree = treeOf(item, settings, left)
    const distro: Distro = {
      name,
      family: family === 'kernel' ? 'debian' : family,
      version: versionOf(item, left),
      kernel,
      initrd: initrd === undefined ? [] : [initrd],
      args: '',
      ...(tree !== undefined && { tree }),
      origin: { file: 'cobbler.yaml', line: 0 },
    }
    found.set(item.name, { distro, kernelOnly: family === 'kernel' })
  }
  return found
}

function familyOf(breed: string, cloud: boolean): Distro['family'] | 'kernel' | undefined {
  if (breed === 'redhat' || breed === 'debian' || breed === 'suse') return breed
  if (breed === 'ubuntu') return cloud ? 'ubuntu' : 'debian'
  return breed === 'generic' ? 'kernel' : undefined
}

/** `rhel8`, `fedora38`, `sles15sp4`, `bookworm`. */
function versionOf(item: Item, left: LeftList): string {
  const told = (item.text('os_version') ?? '').toLowerCase()
  const named = versionNamed(told)
  if (named !== undefined) return named
  const from = /\d/.test(told) ? told : item.name
  const [, major, minor] =
    /(\d+(?:\.\d+)?)(?:-?sp(\d+))?/.exec(from.replaceAll(/(?:x86_64|i386|aarch64|ppc64(?:le|el)?|s390x)/g, '')) ?? []
  if (major === undefined) left.add(item.file, 'which version it is of, nothing says: it is taken for 9; change it')
  return major === undefined ? '9' : minor === undefined ? major : `${major}.${minor}`
}

/** Where its packages lie: as its templates see it, or as the installer was told on the kernel line. */
function treeOf(item: Item, settings: Item, left: LeftList): string | undefined {
  const meta = mergedMap([item], 'autoinstall_meta').get('tree')
  const line = mergedMap([item], 'kernel_options')
  const told = [meta, line.get('install'), line.get('inst.repo')].find(
    (value) => typeof value === 'string' && value !== '',
  )
  if (typeof told !== 'string') return undefined
  const tree = expand(told, settings)
  if (/^(?:https?|ftp|nfs):\/\/[^\s@$]+$/.test(tree) && URL.canParse(tree)) return tree
  left.add(item.file, 'its tree is no URL that is known here: write tree: of the distro')
  return undefined
}
