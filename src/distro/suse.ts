import { listsIn } from './lists.ts'
import { archOf, firstOf, line, textOf, type Recognised, type Wish } from './recognised.ts'
import type { Tree } from './tree.ts'

/** openSUSE and SLES: `media.1/products` is one line, `/ openSUSE-Leap 15.6-1`. */
export async function recogniseSuse(tree: Tree, { verify, arch: wanted }: Wish): Promise<Recognised | undefined> {
  const products = await textOf(tree, 'media.1/products')
  const said = products === undefined ? null : /^\/\S*\s+(\S+)\s+([\w.]+)/m.exec(products)
  const [, product = 'SUSE', release = ''] = said ?? []
  const arches = wanted === undefined ? ['x86_64', 'aarch64'] : [wanted === 'arm64' ? 'aarch64' : wanted]
  const kernel = await firstOf(tree, arches.flatMap(kernelsOf))
  if (!said && (kernel === undefined || products === undefined)) return undefined
  const initrd = kernel?.replace(/linux$/, 'initrd')
  const isRolling = /^\d{8}$/.test(release)
  return {
    name: isRolling ? 'opensuse-tumbleweed' : `${product.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-')}-${release}`,
    label: line(`${product} ${release}`),
    family: 'suse',
    version: release,
    release,
    arch: archOf(kernel?.split('/')[1] ?? wanted ?? 'x86_64'),
    ...(kernel !== undefined && { kernel }),
    initrd: initrd !== undefined && (await tree.has(initrd)) ? [initrd] : [],
    keep: 'tree',
    lists: await listsIn(tree, verify),
    notes: [],
  }
}

function kernelsOf(arch: string): readonly string[] {
  return [`boot/${arch}/loader/linux`, `boot/${arch}/linux`]
}
