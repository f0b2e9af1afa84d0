import { archOf, firstOf, line, textOf, type Recognised, type Wish } from './recognised.ts'
import { listsIn } from './lists.ts'
import type { Tree } from './tree.ts'

/** Ubuntu's live media: `.disk/info` and `casper/`. Older ones with debian-installer are Debian's kind. */
export async function recogniseUbuntu(tree: Tree, { verify, isMedium }: Wish): Promise<Recognised | undefined> {
  const info = line((await textOf(tree, '.disk/info')) ?? '')
  const said = /^(\S*buntu\S*) (\d+\.\d+)(\.\d+)?/i.exec(info)
  if (!said) return undefined
  const kernel = await firstOf(tree, ['casper/vmlinuz', 'casper/vmlinuz.efi', 'casper/hwe-vmlinuz'])
  if (kernel === undefined) return undefined
  const [, , version = '', point = ''] = said
  const initrd = await firstOf(tree, [
    ...(kernel.includes('hwe') ? ['casper/hwe-initrd'] : []),
    'casper/initrd',
    'casper/initrd.gz',
    'casper/initrd.lz',
  ])
  return {
    name: `ubuntu-${version}`,
    label: info,
    family: 'ubuntu',
    version,
    release: `${version}${point}`,
    arch: archOf(/\b(amd64|arm64|i386)\b/.exec(info)?.[1] ?? 'amd64'),
    kernel,
    initrd: initrd === undefined ? [] : [initrd],
    keep: isMedium ? 'medium' : 'nothing',
    lists: await listsIn(tree, verify),
    notes: [],
    ...(!isMedium && {
      lacks: 'the live installer fetches its ISO whole: import the ISO itself, or name its URL with --tree',
    }),
  }
}
