import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import { cpio, type Entry } from '../../src/imager/cpio.ts'
import { openKernel, type Kernel } from './kernel.ts'

/** What a machine of the lab boots: Debian's kernel and an initrd whose init.sh does what the command line says. */
export interface Guest {
  readonly vmlinuz: Buffer
  readonly initrd: Buffer
}

let guest: Promise<Guest> | undefined

/** Built once for each test file. */
export function openGuest(): Promise<Guest> {
  guest ??= build()
  return guest
}

async function build(): Promise<Guest> {
  const kernel = await openKernel()
  const entries = [...(await programs()), ...(await modules(kernel))]
  return { vmlinuz: await readFile(kernel.vmlinuz), initrd: gzipSync(cpio(entries), { level: 6 }) }
}

const directory = 0o040755
const program = 0o100755

async function programs(): Promise<Entry[]> {
  return [
    { name: 'bin', mode: directory },
    { name: 'dev', mode: directory },
    { name: 'bin/busybox', mode: program, bytes: await readFile('/bin/busybox') },
    { name: 'init', mode: program, bytes: await labFile('init.sh') },
    { name: 'bin/lease', mode: program, bytes: await labFile('lease.sh') },
    // The kernel opens /dev/console for init before anything is mounted; type, major and minor stand in the mode's place.
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
  ]
}

async function modules(kernel: Kernel): Promise<Entry[]> {
  const order = Buffer.from(kernel.modules.map((path) => `${basename(path)}\n`).join(''))
  const files = kernel.modules.map(async (path) => ({
    name: `modules/${basename(path)}`,
    mode: 0o100644,
    bytes: await readFile(path),
  }))
  return [
    { name: 'modules', mode: directory },
    { name: 'modules/order', mode: 0o100644, bytes: order },
    ...(await Promise.all(files)),
  ]
}

function labFile(name: string): Promise<Buffer> {
  return readFile(new URL(name, import.meta.url))
}
