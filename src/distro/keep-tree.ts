import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { copyFile, copyTree, needRoom, type Copied, type Expected, type Progress } from './copy.ts'
import { hostFile } from './directory.ts'
import type { Medium } from './medium.ts'
import type { Recognised } from './recognised.ts'
import { WebTree } from './web.ts'

export interface Keeping {
  /** What is staged becomes the generation. */
  readonly into: string
  readonly expected: Expected
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface KeptTree extends Copied {
  /** A URL, or a path below `into`; undefined when there is nothing to install from. */
  readonly place?: string
}

/** Brings what installers fetch besides kernel and initrd to where it is served: all of the tree, the ISO as it is, or nothing. */
export async function keepTree(
  medium: Medium,
  found: Recognised,
  url: string | undefined,
  keeping: Keeping,
): Promise<KeptTree> {
  const none = { files: 0, bytes: 0 }
  if (url !== undefined) return { ...none, place: url }
  if (medium.tree instanceof WebTree) return { ...none, place: medium.tree.url }
  switch (found.keep) {
    case 'nothing':
      return none
    case 'tree':
      return { place: 'tree', ...(await copyTree(medium.tree, join(keeping.into, 'tree'), keeping)) }
    case 'medium':
      return keepMedium(medium.file!, `${found.name}-${found.arch}.iso`, keeping)
  }
}

async function keepMedium(file: string, name: string, keeping: Keeping): Promise<KeptTree> {
  const { size } = await stat(file)
  const to = join(keeping.into, name)
  await needRoom(to, size, name)
  let bytes = 0
  const onBytes = (count: number): void => {
    bytes += count
    keeping.onProgress?.({ step: 'copy', bytes, ofBytes: size, path: name })
  }
  await using tree = await hostFile(file)
  await copyFile(tree, basename(file), to, { ...keeping, onBytes })
  return { place: name, files: 1, bytes: size }
}
