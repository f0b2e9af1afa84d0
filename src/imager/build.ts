import { execa } from 'execa'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from '../fault.ts'
import { cpio, modes, type Entry } from './cpio.ts'
import { kernelFromPackage, kernelIn, type Kernel } from './kernel.ts'
import { moduleEntries } from './modules.ts'
import { toolEntries, type ToolEntries } from './tools.ts'

export interface BuildOptions {
  /** Where `vmlinuz`, `initrd.img` and `imager.json` are put. */
  readonly out: string
  /** PEM: images are only installed when they are signed with this key. */
  readonly publicKey: string
  /** A kernel package (file or name), or a tree with `boot/` and `lib/modules/`; this host's kernel when neither is given. */
  readonly package?: string
  readonly tree?: string
  /** Of zstd, 1 to 19: how small against how quickly; 15 when not given. */
  readonly level?: number
  readonly onStep?: (what: string) => void
}

/** What was built; `imager.json` says the same. */
export interface Built {
  readonly kernel: string
  readonly source: string
  readonly modules: number
  readonly tools: readonly string[]
  /** Optional programs that this host lacks. */
  readonly without: readonly string[]
  /** Bytes. */
  readonly size: { readonly vmlinuz: number; readonly initrd: number }
  readonly sha256: { readonly vmlinuz: string; readonly initrd: string }
}

/**
 * Builds the imager: a kernel, and an initramfs with all drivers for network cards and disks. The same inputs give the same bytes.
 * Kernel and initramfs are put in place together, each whole. Throws `imager-failed`.
 */
export async function buildImager(options: BuildOptions): Promise<Built> {
  const stage = mkdtempSync(join(tmpdir(), 'birnam-imager-'))
  try {
    const step = options.onStep ?? (() => {})
    step('looking for a kernel')
    const kernel = await chooseKernel(options, stage)
    step(`reading the modules of ${kernel.version}`)
    const modules = await moduleEntries(kernel.modules, kernel.version, join(stage, 'modules'))
    const programs = await toolEntries()
    step('packing')
    const archive = cpio(inOrder([...skeleton(options.publicKey), ...programs.entries, ...modules]))
    const initrd = await compressed(archive, stage, options.level ?? 15)
    return put(options.out, kernel, initrd, describe(modules, programs))
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

async function chooseKernel({ package: wanted, tree }: BuildOptions, stage: string): Promise<Kernel> {
  if (wanted !== undefined) return kernelFromPackage(wanted, stage)
  const kernel = kernelIn(tree ?? '/')
  if (kernel) return kernel
  if (tree === undefined) return kernelFromPackage('linux-image-amd64', stage)
  throw new Fault('imager-failed', `${tree} has no kernel with modules`, {
    hint: 'it needs boot/vmlinuz-… and lib/modules/…',
  })
}

const templates = fileURLToPath(new URL('../../templates/imager/', import.meta.url))

/** What is ours. No secret is in it: the initramfs is given to anyone who asks for it. */
function skeleton(publicKey: string): Entry[] {
  const own = (name: string, from: string, mode: number): Entry => ({
    name,
    mode,
    bytes: readFileSync(join(templates, from)),
  })
  return [
    own('init', 'init.sh', modes.program),
    own('lib/imager.sh', 'lib.sh', modes.file),
    own('lib/lease.sh', 'lease.sh', modes.program),
    { name: 'etc/birnam/image-key.pub', mode: modes.file, bytes: Buffer.from(publicKey) },
    { name: 'bin/sh', mode: modes.link, bytes: Buffer.from('bash') },
    // Where the kernel itself asks for a driver, crc32c for ext4 for instance.
    { name: 'sbin/modprobe', mode: modes.link, bytes: Buffer.from('../bin/modprobe') },
    // The kernel opens it for init before anything is mounted.
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
  ]
}

/** Each once, sorted, with its directories before it. */
function inOrder(entries: readonly Entry[]): Entry[] {
  const all = new Map<string, Entry>()
  for (const entry of entries) {
    for (let folder = dirname(entry.name); folder !== '.'; folder = dirname(folder))
      all.set(folder, { name: folder, mode: modes.directory })
    all.set(entry.name, entry)
  }
  return [...all.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

async function compressed(archive: Buffer, stage: string, level: number): Promise<Buffer> {
  const file = join(stage, 'initrd.cpio')
  writeFileSync(file, archive)
  // One thread: several cut the stream differently, and the same inputs shall give the same bytes.
  const { failed, stderr } = await execa('zstd', ['-q', `-${level}`, '--single-thread', file, '-o', `${file}.zst`], {
    reject: false,
  })
  if (failed)
    throw new Fault('imager-failed', `zstd failed: ${stderr.trim()}`, {
      hint: 'is there space in the temporary directory?',
    })
  return readFileSync(`${file}.zst`)
}

function describe(
  modules: readonly Entry[],
  { names, without }: ToolEntries,
): Pick<Built, 'modules' | 'tools' | 'without'> {
  return { modules: modules.filter(({ name }) => /\.ko(\.\w+)?$/.test(name)).length, tools: names, without }
}

function put(out: string, kernel: Kernel, initrd: Buffer, rest: Pick<Built, 'modules' | 'tools' | 'without'>): Built {
  const vmlinuz = readFileSync(kernel.vmlinuz)
  const built: Built = {
    kernel: kernel.version,
    source: kernel.source,
    ...rest,
    size: { vmlinuz: vmlinuz.length, initrd: initrd.length },
    sha256: { vmlinuz: sha256(vmlinuz), initrd: sha256(initrd) },
  }
  try {
    mkdirSync(out, { recursive: true, mode: 0o700 })
    const files = { vmlinuz, 'initrd.img': initrd, 'imager.json': Buffer.from(`${JSON.stringify(built, null, 2)}\n`) }
    // All are written before the first takes its place, so that a full disk changes nothing.
    for (const [name, bytes] of Object.entries(files))
      writeFileSync(join(out, `.${name}.new`), bytes, { flush: true, mode: 0o600 })
    for (const name of Object.keys(files)) renameSync(join(out, `.${name}.new`), join(out, name))
  } catch (error) {
    for (const name of ['vmlinuz', 'initrd.img', 'imager.json'])
      rmSync(join(out, `.${name}.new`), { recursive: true, force: true })
    throw new Fault('imager-failed', `the imager cannot be written: ${(error as Error).message}`, {
      file: out,
      cause: error,
    })
  }
  return built
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
