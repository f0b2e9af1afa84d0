import { archOf, firstOf, line, textOf, type Recognised, type Wish } from './recognised.ts'
import type { Tree } from './tree.ts'
import { parseTreeinfo, type Treeinfo } from './treeinfo.ts'

/** Fedora, EL and its kin: `.treeinfo` names everything; where only `.discinfo` is, the usual places. */
export async function recogniseRedhat(tree: Tree, { arch: wanted }: Wish): Promise<Recognised | undefined> {
  const file = await firstOf(tree, ['.treeinfo', 'treeinfo'])
  const text = file === undefined ? undefined : await textOf(tree, file)
  if (file !== undefined && text !== undefined) return fromTreeinfo(tree, file, parseTreeinfo(text))
  const disc = await textOf(tree, '.discinfo')
  const kernel = disc === undefined ? undefined : await firstOf(tree, ['images/pxeboot/vmlinuz', 'isolinux/vmlinuz'])
  if (disc === undefined || kernel === undefined) return undefined
  const [, label = '', arch = wanted ?? 'x86_64'] = disc.split('\n').map(line)
  const release = /\d+(?:\.\d+)*/.exec(label)?.[0] ?? ''
  const family = label.slice(0, label.length - release.length).trim() || 'el'
  const initrd = kernel.replace('vmlinuz', 'initrd.img')
  const there = (await tree.has(initrd)) ? [initrd] : []
  const about = await aboutTree(tree, [''], 'images/install.img')
  return recognised({
    family,
    release,
    arch,
    label: line(`${family} ${release}`),
    kernel,
    initrd: there,
    lists: [],
    ...about,
  })
}

async function fromTreeinfo(tree: Tree, file: string, info: Treeinfo): Promise<Recognised | undefined> {
  const family = info.value('general', 'family') ?? info.value('release', 'name')
  const release = info.value('general', 'version') ?? info.value('release', 'version')
  if (family === undefined || release === undefined) return undefined
  const arch = info.value('general', 'arch') ?? info.value('tree', 'arch') ?? 'x86_64'
  const images = `images-${arch}`
  const kernel = inner(info.value(images, 'kernel') ?? 'images/pxeboot/vmlinuz')
  const initrd = inner(info.value(images, 'initrd') ?? 'images/pxeboot/initrd.img')
  const variants = (info.value('tree', 'variants') ?? info.value('general', 'variant') ?? '').split(',')
  const places = variants.flatMap((name) => [info.value(`variant-${name}`, 'repository') ?? name, ''])
  return recognised({
    family,
    release: line(release),
    arch,
    label: line(info.value('general', 'name') ?? `${family} ${release}`),
    ...(kernel !== undefined && (await tree.has(kernel)) && { kernel }),
    initrd: initrd !== undefined && (await tree.has(initrd)) ? [initrd] : [],
    lists: [{ file, sums: info.sums, signature: { state: 'none' } }],
    ...(await aboutTree(tree, places, info.value('stage2', 'mainimage') ?? 'images/install.img')),
  })
}

type Parts = Omit<Recognised, 'name' | 'version' | 'keep'>

function recognised(parts: Parts): Recognised {
  const { family, release, arch } = parts
  const short =
    names.find(([pattern]) => pattern.test(family))?.[1] ?? family.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return {
    ...parts,
    name: `${short}-${release}`.replace(/-$/, ''),
    family: 'redhat',
    version: release.split('.')[0] ?? '',
    arch: archOf(arch),
    keep: 'tree',
  }
}

/** What people call them. */
const names: readonly (readonly [RegExp, string])[] = [
  [/^Rocky/i, 'rocky'],
  [/^Alma/i, 'alma'],
  [/^CentOS Stream/i, 'centos-stream'],
  [/^CentOS/i, 'centos'],
  [/^Red Hat Enterprise/i, 'rhel'],
  [/^Oracle/i, 'oracle'],
  [/^Fedora/i, 'fedora'],
]

type About = Pick<Recognised, 'notes' | 'lacks' | 'loaders'>

async function aboutTree(tree: Tree, places: readonly string[], stage2: string): Promise<About> {
  const repositories = places.map((place) => inner(`${place}/repodata/repomd.xml`)).filter((path) => path !== undefined)
  const isEmpty = (await firstOf(tree, repositories)) === undefined
  const image = inner(stage2)
  const hasImage = image !== undefined && (await tree.has(image))
  const shim = await firstOf(tree, ['EFI/BOOT/BOOTX64.EFI', 'EFI/BOOT/BOOTAA64.EFI'])
  const grub = shim && (await firstOf(tree, ['EFI/BOOT/grubx64.efi', 'EFI/BOOT/grubaa64.efi']))
  return {
    notes: hasImage ? [] : [`it has no ${line(stage2)}, which the installer fetches first`],
    ...(isEmpty && {
      lacks: 'it holds no packages (no repodata): name a repository in the answer, or with --tree URL',
    }),
    ...(grub !== undefined && { loaders: 'EFI/BOOT' }),
  }
}

/** A path of the file, if it stays in the tree. */
function inner(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/')
}
