import { execa } from 'execa'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault } from '../fault.ts'
import { modes, type Entry } from './cpio.ts'

/** Folders and modules below `kernel/` that an install may need: every network card and every disk, but no radio, sound or graphics. */
const wanted: readonly RegExp[] = [
  /^drivers\/net\/(ethernet|phy|mdio|pcs|usb|hyperv|vmxnet3|bonding)\//,
  /^drivers\/net\/(virtio_net|net_failover|xen-netfront|mii|mdio)\.ko/,
  /^drivers\/(ata|scsi|nvme|md|virtio|hv|mmc)\//,
  /^drivers\/message\/fusion\//,
  /^drivers\/block\/(virtio_blk|xen-blkfront|loop|rsxx|mtip32xx|nbd)/,
  /^drivers\/usb\/(host|storage|core|common)\//,
  /^drivers\/hid\/(hid|hid-generic|usbhid\/usbhid)\.ko/,
  /^drivers\/(xen|pci\/controller)\//,
  /^fs\/(ext4|jbd2|xfs|btrfs|fat|efivarfs|mbcache)/,
  /^fs\/nls\/nls_(cp437|ascii|iso8859-1|utf8)\.ko/,
  /^(crypto|arch\/x86\/crypto)\//,
  /^lib\//,
]

const unwanted = /^drivers\/(scsi\/(pcmcia|qla4xxx)|usb\/host\/.*-hcd-test|net\/ethernet\/.*_(test|kunit))/

/** The lists that modprobe reads besides its index. */
const lists = ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']

/**
 * The modules of one kernel with their dependencies and index, laid out in `stage` and read from there. `tree` is
 * `…/lib/modules/VERSION`. Throws `imager-failed` when it has no index.
 */
export async function moduleEntries(tree: string, version: string, stage: string): Promise<readonly Entry[]> {
  const chosen = chooseModules(readIndex(tree))
  const base = join(stage, 'lib/modules', version)
  for (const path of [...lists, ...chosen].filter((name) => existsSync(join(tree, name)))) {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    cpSync(join(tree, path), join(base, path), { dereference: true })
  }
  await execa('depmod', ['-b', stage, version])
  return filesBelow(base, `lib/modules/${version}`)
}

/** Paths of modules, by the lines of modules.dep (`path: dependencies`): those that are wanted, and what they need. */
export function chooseModules(index: string): readonly string[] {
  const needs = new Map(
    index.split('\n').flatMap((line): [string, string[]][] => {
      const [path, rest] = line.split(':')
      return path && rest !== undefined ? [[path, rest.split(' ').filter((word) => word !== '')]] : []
    }),
  )
  const chosen = new Set<string>()
  for (const [path, deps] of needs) {
    const name = path.replace(/^kernel\//, '')
    if (!wanted.some((pattern) => pattern.test(name)) || unwanted.test(name)) continue
    // modules.dep lists what is needed directly and indirectly.
    for (const each of [path, ...deps]) chosen.add(each)
  }
  return [...chosen].toSorted()
}

function readIndex(tree: string): string {
  const file = join(tree, 'modules.dep')
  if (existsSync(file)) return readFileSync(file, 'utf8')
  throw new Fault('imager-failed', 'the kernel modules have no index', { file, hint: 'run depmod for them first' })
}

function filesBelow(directory: string, name: string): Entry[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const inside = join(directory, entry.name)
    if (entry.isDirectory()) return filesBelow(inside, `${name}/${entry.name}`)
    return [{ name: `${name}/${entry.name}`, mode: modes.file, bytes: readFileSync(inside) }]
  })
}
