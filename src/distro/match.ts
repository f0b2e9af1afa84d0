import { open } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { unpacked } from '../image/layer-read.ts'
import { kernelHead, kernelVersion } from './kernel-version.ts'
import type { Tree } from './tree.ts'

/** What of a kernel and its initrd can be compared with the tree: versions of Linux. */
export interface Match {
  readonly version?: string
  /** Sentences for people, when things do not belong together. */
  readonly notes: readonly string[]
}

/** Compares kernel, initrd (files here) and tree. What cannot be known is passed over in silence. */
export async function matchKernel(kernel: string, initrd: readonly string[], tree: Tree): Promise<Match> {
  const version = await versionIn(kernel)
  if (version === undefined) return { notes: [] }
  const notes: string[] = []
  const modules = await modulesIn(initrd)
  if (modules.size > 0 && !modules.has(version))
    notes.push(
      `the kernel is Linux ${version}, and the initrd has modules for ${some(modules)}: they do not belong together`,
    )
  const packages = installerKernels(tree)
  if (packages.size > 0 && !packages.has(version))
    notes.push(
      `the kernel is Linux ${version}, and the installer's packages in the tree are for ${some(packages)}: the installer will find no modules; take kernel and initrd of the tree's own day`,
    )
  return { version, notes }
}

async function versionIn(path: string): Promise<string | undefined> {
  await using handle = await open(path)
  const bytes = Buffer.alloc(kernelHead)
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
  return kernelVersion(bytes.subarray(0, bytesRead))
}

/** debian-installer loads udebs from the mirror, named by the kernel they were built for. */
function installerKernels(tree: Tree): ReadonlySet<string> {
  const found = new Set<string>()
  for (const path of tree.entries?.keys() ?? []) {
    const version = /\/(?:kernel-image|[a-z0-9-]+-modules)-(\d[^/_]*)-di_[^/]*\.udeb$/.exec(path)?.[1]
    if (version !== undefined) found.add(version)
  }
  return found
}

/** Unpacked bytes that are looked through; an installer's initrd has its first modules long before. */
const most = 512 * 1024 * 1024

/** The versions under lib/modules/. Of an initrd whose compression is not read here, or that has microcode before it, perhaps none. */
async function modulesIn(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const path of paths) {
    let left = most
    let tail = ''
    try {
      for await (const piece of await unpacked(createReadStream(path, { highWaterMark: 1 << 20 }))) {
        const text = tail + (piece as Buffer).toString('latin1')
        for (const [, version] of text.matchAll(/lib\/modules\/(\d+\.\d+[A-Za-z0-9.+~_-]*)[/\0]/g)) found.add(version!)
        tail = text.slice(-200)
        if ((left -= (piece as Buffer).length) < 0) break
      }
    } catch {
      // A kernel may well read what this does not.
    }
  }
  return found
}

function some(versions: ReadonlySet<string>): string {
  const all = [...versions].toSorted()
  return all.length > 3 ? `${all.slice(0, 3).join(', ')} and others` : all.join(', ')
}
