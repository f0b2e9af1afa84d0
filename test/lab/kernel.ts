import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.ts'

/** The drivers that the lab's machines need, in the order in which they must be loaded. */
const wanted = [
  'drivers/virtio/virtio_ring.ko',
  'drivers/virtio/virtio.ko',
  'drivers/virtio/virtio_pci_legacy_dev.ko',
  'drivers/virtio/virtio_pci_modern_dev.ko',
  'drivers/virtio/virtio_pci.ko',
  'net/core/failover.ko',
  'drivers/net/net_failover.ko',
  'drivers/net/virtio_net.ko',
  'drivers/net/ethernet/intel/e1000/e1000.ko',
  'drivers/block/virtio_blk.ko',
]

export interface Kernel {
  /** Debian's signed kernel. */
  readonly vmlinuz: string
  /** Paths of modules, in the order in which they must be loaded. */
  readonly modules: readonly string[]
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/birnam-lab/', import.meta.url))
const home = join(cache, 'kernel-1')

/** Where the kernel is once it was fetched. */
export const kernelFile: string = join(home, 'vmlinuz')

/** Debian's kernel with the few drivers of the lab: downloaded and unpacked once, never installed. */
export async function openKernel(): Promise<Kernel> {
  if (!existsSync(kernelFile)) await fetchKernel()
  const modules = wanted.map((path) => join(home, basename(path))).filter((path) => existsSync(path))
  return { vmlinuz: kernelFile, modules }
}

async function fetchKernel(): Promise<void> {
  await mkdir(cache, { recursive: true })
  const place = await mkdtemp(join(cache, 'fetch-'))
  try {
    await download(place)
    await unpack(place)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

async function download(place: string): Promise<void> {
  const depends = await run(['apt-cache', 'depends', 'linux-image-amd64'])
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1]
  if (name === undefined) throw new Error('apt knows no linux-image-amd64: run apt-get update')
  await run(['apt-get', '-q', 'download', name], { cwd: place })
}

async function unpack(place: string): Promise<void> {
  const archive = (await readdir(place)).find((name) => name.endsWith('.deb'))
  await run(['dpkg-deb', '-x', archive!, 'all'], { cwd: place })
  const [version] = await readdir(join(place, 'all/lib/modules'))
  const done = join(place, 'done')
  await mkdir(done)
  for (const path of wanted) {
    const module = join(place, 'all/lib/modules', version!, 'kernel', path)
    if (existsSync(module)) await copyFile(module, join(done, basename(path)))
  }
  await copyFile(join(place, `all/boot/vmlinuz-${version}`), join(done, 'vmlinuz'))
  // The directory appears whole or not at all: another test run may want it at the same time.
  await rename(done, home).catch((error: unknown) => {
    if (!existsSync(kernelFile)) throw error
  })
}
