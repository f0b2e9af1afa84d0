import { existsSync } from 'node:fs'
import { link, mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { copyFile, Expected } from './copy.ts'
import { hostFile } from './directory.ts'
import type { Keeping } from './keep-tree.ts'
import type { Recognised } from './recognised.ts'
import { Digests } from './sums.ts'
import { find, type Tree } from './tree.ts'

/** What a machine boots: short names that every firmware can ask for. */
export interface BootFile {
  /** `boot/linux` */
  readonly name: string
  readonly size: number
  readonly sha256: string
  /** Not in the tree, but a file of this host that the operator named. */
  readonly isForeign: boolean
  /** In the tree. */
  readonly path?: string
}

export interface Boot {
  readonly kernel: BootFile
  readonly initrd: readonly BootFile[]
  readonly notes: readonly string[]
}

/** Kernel and initrd of the tree, or those that were named by hand: in the tree, else on this host. */
export async function keepBoot(
  tree: Tree,
  found: Recognised,
  named: { readonly kernel?: string | undefined; readonly initrd: readonly string[] },
  keeping: Keeping,
): Promise<Boot> {
  await mkdir(join(keeping.into, 'boot'))
  const taken = new Set<string>()
  const one = (path: string): Promise<BootFile> => keepOne(tree, path, `boot/${freeName(path, taken)}`, keeping)
  const kernel = await one(named.kernel ?? found.kernel!)
  const initrd: BootFile[] = []
  for (const path of named.initrd.length > 0 ? named.initrd : found.initrd) initrd.push(await one(path))
  return { kernel, initrd, notes: foreignNotes(kernel, found, keeping.expected) }
}

async function keepOne(tree: Tree, path: string, name: string, keeping: Keeping): Promise<BootFile> {
  const to = join(keeping.into, name)
  const inside = path.replace(/^\.?\//, '')
  const real = tree.entries ? find(tree.entries, inside) : undefined
  const staged = real && join(keeping.into, 'tree', real.path)
  if (real?.kind === 'file' && staged !== undefined && existsSync(staged)) {
    await link(staged, to)
    return { name, size: real.size, sha256: await sha256(to), isForeign: false, path: real.path }
  }
  const isInside = await tree.has(inside)
  await using host = isInside ? undefined : await hostFile(resolve(path))
  const from = host ?? tree
  const own = host ? { ...keeping, expected: new Expected(host, []) } : keeping
  let size = 0
  const onBytes = (count: number): void => {
    size += count
    keeping.onProgress?.({ step: 'copy', bytes: size, ofBytes: undefined, path })
  }
  const digests = await copyFile(from, host ? basename(path) : (real?.path ?? inside), to, {
    ...own,
    digests: ['sha256'],
    onBytes,
  })
  const file = { name, size, sha256: digests.get('sha256')! }
  return isInside ? { ...file, isForeign: false, path: real?.path ?? inside } : { ...file, isForeign: true }
}

async function sha256(path: string): Promise<string> {
  await using tree = await hostFile(path)
  const opened = await tree.open(basename(path))
  const digest = new Digests(['sha256'])
  for await (const piece of opened!.pieces) digest.add(piece)
  return digest.end().get('sha256')!
}

/** Loaders end a name at a blank, and some firmware at less. */
function freeName(path: string, taken: Set<string>): string {
  const plain = basename(path).replaceAll(/[^A-Za-z0-9._+-]+/g, '-')
  let name = plain
  for (let number = 2; taken.has(name); number++) name = `${number}-${plain}`
  taken.add(name)
  return name
}

function foreignNotes(kernel: BootFile, { kernel: own }: Recognised, expected: Expected): readonly string[] {
  if (!kernel.isForeign || own === undefined) return []
  const named = expected.of(own).find(({ sum }) => sum.algorithm === 'sha256')
  if (!named || named.sum.hex === kernel.sha256) return []
  return [
    `the kernel is not the one that ${named.list.file} of the tree names (${own}): see that both are of the same version`,
  ]
}
