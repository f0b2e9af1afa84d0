import { stringify } from 'yaml'
import type { Filesystem, raidLevels } from './layout.ts'
import type { LayoutReading, LayoutInput } from './read.ts'
import { readLayout } from './read.ts'
import type { Element } from './xml.ts'
import { readXml } from './xml.ts'

/** Something of SystemImager's file that has no place in a layout, or that a person must decide. */
export interface Left {
  readonly line: number
  readonly element: string
  readonly message: string
}

export interface SystemImagerReading extends LayoutReading {
  /** The layout as a file of the site. */
  readonly yaml: string
  readonly left: readonly Left[]
}

type DiskInput = NonNullable<LayoutInput['disks']>[number]
type PartitionInput = DiskInput['partitions'][number]
type RaidInput = NonNullable<LayoutInput['raid']>[number]
type GroupInput = NonNullable<LayoutInput['lvm']>[number]
type MatchInput = NonNullable<DiskInput['match']>

export interface SystemImagerOptions {
  /** Which disk stands for `/dev/sda` and so on: SystemImager took them in the order in which Linux found them, a layout never does. */
  readonly disks?: Readonly<Record<string, MatchInput>>
}

/**
 * Reads SystemImager's autoinstallscript.conf (4.3) or disks-layout file (4.9) as a layout. Throws `layout-invalid` for what is no such
 * XML; whatever cannot be taken over is in `left`, and what then does not fit together is in `problems`.
 */
export function readSystemImager(file: string, text: string, options: SystemImagerOptions = {}): SystemImagerReading {
  const root = readXml(file, text)
  const converter = new Converter(options)
  const input = converter.convert(root)
  const yaml = stringify(input, { lineWidth: 0 })
  return { ...readLayout(file, yaml), yaml, left: converter.left.toSorted((a, b) => a.line - b.line) }
}

/** By what SystemImager calls it: `/dev/sda1`, `/dev/md0`, `/dev/vg/lv`. */
interface Place {
  readonly target: Record<string, unknown>
  readonly line: number
}

class Converter {
  readonly left: Left[] = []
  readonly #options: SystemImagerOptions
  readonly #places = new Map<string, Place>()
  readonly #names = new Set<string>()
  readonly #groups = new Map<string, string[]>()
  readonly #arrays = new Map<string, string[]>()

  constructor(options: SystemImagerOptions) {
    this.#options = options
  }

  convert(root: Element): LayoutInput {
    if (root.name !== 'config') this.#leave(root, 'the root is not <config>')
    const disks = this.#all(root, 'disk').map((disk) => this.#disk(disk))
    const raid = this.#all(root, 'raid').flatMap((each) => this.#all(each, 'raid_disk').map((one) => this.#raid(one)))
    const lvm = this.#all(root, 'lvm').flatMap((each) => this.#all(each, 'lvm_group').map((one) => this.#group(one)))
    for (const each of this.#all(root, 'fsinfo')) this.#filesystem(each)
    for (const each of root.children) this.#other(each)
    if (disks.length > 1) this.#order(root, disks)
    this.#start(root, disks)
    return { disks, ...(raid.length > 0 && { raid }), ...(lvm.length > 0 && { lvm }) }
  }

  #disk(element: Element): DiskInput {
    const { dev = '', label_type: label = 'gpt', unit_of_measurement: unit = 'MB' } = element.attributes
    const parts = this.#all(element, 'part').toSorted(
      (a, b) => Number(a.attributes['num']) - Number(b.attributes['num']),
    )
    const kept = parts.filter(({ attributes }) => attributes['p_type'] !== 'extended')
    const table = label === 'msdos' && kept.length <= 4 && kept.length === parts.length ? 'mbr' : 'gpt'
    if (label === 'msdos' && table === 'gpt')
      this.#leave(element, 'an MBR with logical partitions; the layout has a GPT')
    this.#unknown(element, ['dev', 'label_type', 'unit_of_measurement'])
    const partitions = kept.map((part) => this.#partition(part, dev, unit))
    const match = this.#matchOf(dev)
    return { name: this.#name(dev), ...(match && { match }), table, partitions }
  }

  #partition(element: Element, dev: string, unit: string): PartitionInput {
    const {
      num = '',
      size = '',
      flags = '-',
      id = '',
      p_name: title = '-',
      lvm_group: group,
      raid_dev: array,
    } = element.attributes
    this.#unknown(element, ['num', 'size', 'flags', 'id', 'p_type', 'p_name', 'lvm_group', 'raid_dev'])
    const node = /\d$/.test(dev) ? `${dev}p${num}` : `${dev}${num}`
    const name = this.#name(title === '-' || title === '' ? node : title)
    const words = flags.split(/[ ,]+/)
    const type = this.#type(words, id)
    const partition = { name, ...(type !== undefined && { type }), size: this.#size(element, size, unit) }
    this.#places.set(node, { target: partition, line: element.line })
    if (group !== undefined && group !== '-') append(this.#groups, group, name)
    if (array !== undefined && array !== '-') append(this.#arrays, array, name)
    for (const flag of words.filter((word) => !knownFlags.has(word))) this.#leave(element, `the flag ${flag}`)
    return partition
  }

  #type(flags: readonly string[], id: string): PartitionInput['type'] {
    const code = id.toLowerCase().replace(/^0x/, '')
    if (flags.includes('esp') || code === 'ef') return 'esp'
    return flags.includes('bios_grub') ? 'bios-boot' : undefined
  }

  #size(element: Element, size: string, unit: string): string {
    if (size === '*') return 'rest'
    const number = Math.max(1, Math.round(Number(size)))
    if (!Number.isFinite(number) || size === '') {
      this.#leave(element, `the size ${size || 'nothing'}`)
      return 'rest'
    }
    if (unit === '%') return `${number}%`
    // parted's MB were 2^20 bytes when these files were made; 4.9 writes MiB for them.
    const units: Readonly<Record<string, string>> = {
      MB: 'MiB',
      MiB: 'MiB',
      GB: 'GiB',
      GiB: 'GiB',
      TB: 'TiB',
      TiB: 'TiB',
    }
    if (!Object.hasOwn(units, unit)) this.#leave(element, `the unit ${unit}; MiB were taken`)
    return `${number}${Object.hasOwn(units, unit) ? units[unit] : 'MiB'}`
  }

  #raid(element: Element): RaidInput {
    const {
      name: dev = '',
      raid_level: level = '',
      devices = '',
      spare_devices: spares = '0',
      chunk_size: chunk = '',
      lvm_group: group,
    } = element.attributes
    this.#unknown(element, [
      'name',
      'raid_level',
      'devices',
      'spare_devices',
      'raid_devices',
      'chunk_size',
      'lvm_group',
      'persistence',
    ])
    const name = this.#name(dev)
    const named = devices.split(/\s+/).filter((each) => each !== '')
    const members = named.length > 0 ? named.map((each) => this.#member(element, each)) : (this.#arrays.get(dev) ?? [])
    const digits = level.replace(/^raid/i, '')
    const kind: (typeof raidLevels)[number] | undefined =
      digits === '0' || digits === '1' || digits === '10' ? digits : undefined
    if (kind === undefined) this.#leave(element, `RAID level ${level}; the layout has level 1`)
    const size = /^(\d+)K?$/.exec(chunk)?.[1]
    if (chunk !== '' && size === undefined) this.#leave(element, `the chunk size ${chunk}`)
    const raid = {
      name,
      level: kind ?? '1',
      members,
      ...(spares !== '0' && spares !== '' && { spares }),
      ...(size !== undefined && kind !== '1' && { chunk: `${size}KiB` }),
    }
    this.#places.set(dev, { target: raid, line: element.line })
    if (group !== undefined && group !== '-') append(this.#groups, group, name)
    return raid
  }

  #member(element: Element, dev: string): string {
    const found = this.#places.get(dev)?.target['name']
    if (typeof found === 'string') return found
    this.#leave(element, `the member ${dev}, which no <part> makes`)
    return this.#name(dev)
  }

  #group(element: Element): GroupInput {
    const { name: written = '' } = element.attributes
    this.#unknown(element, ['name', 'max_log_vols', 'max_phys_vols', 'phys_extent_size'])
    const name = this.#name(written)
    const volumes = this.#all(element, 'lv').map((lv) => {
      const { name: own = '', size = '', lv_options: options = '' } = lv.attributes
      this.#unknown(lv, ['name', 'size', 'lv_options'])
      if (options !== '' && options !== '-') this.#leave(lv, `the options ${options}`)
      const volume = { name: clean(own), size: this.#volumeSize(lv, size) }
      this.#places.set(`/dev/${written}/${own}`, { target: volume, line: lv.line })
      this.#places.set(`/dev/mapper/${written.replaceAll('-', '--')}-${own.replaceAll('-', '--')}`, {
        target: volume,
        line: lv.line,
      })
      return volume
    })
    return { name, members: this.#groups.get(written) ?? [], volumes }
  }

  #volumeSize(element: Element, size: string): string {
    if (size === '*') return 'rest'
    const [, number, unit = 'M'] = /^(\d+)([KMGTkmgt])?$/.exec(size) ?? []
    if (number === undefined) {
      this.#leave(element, `the size ${size || 'nothing'}`)
      return 'rest'
    }
    if (/k/i.test(unit)) return `${Math.max(1, Math.round(Number(number) / 1024))}MiB`
    return `${number}${unit.toUpperCase()}iB`
  }

  #filesystem(element: Element): void {
    const {
      real_dev: dev,
      mp = '',
      fs = '',
      options = 'defaults',
      mkfs_opts: mkfs = '',
      mount_dev: by = '',
      format = 'yes',
    } = element.attributes
    if (dev === undefined) return
    const place = this.#places.get(dev)
    const kind = kinds.get(fs)
    if (!place) {
      // /proc and its like are the installed system's own affair.
      if (dev.startsWith('/dev/')) this.#leave(element, `${dev} at ${mp}, which nothing here makes`)
      return
    }
    if (kind === undefined) this.#leave(element, `the file system ${fs}; the layout has ext4`)
    else if (kind !== fs && !['fat', 'fat32', 'msdos'].includes(fs)) this.#leave(element, `${fs} became ${kind}`)
    if (format === 'no') this.#leave(element, 'format="no": an install makes every file system anew')
    this.#unknown(element, [
      'line',
      'comment',
      'real_dev',
      'mount_dev',
      'mp',
      'fs',
      'mkfs_opts',
      'options',
      'dump',
      'pass',
      'format',
    ])
    const swap = fs === 'swap'
    const label = /^LABEL=([\w.-]+)$/.exec(by)?.[1]
    Object.assign(place.target, {
      filesystem: kind ?? 'ext4',
      ...(label !== undefined && { label }),
      ...(mkfs !== '' && mkfs !== '-' && { mkfs }),
      ...(!swap && { mount: mp }),
      ...(options !== 'defaults' && options !== '' && { options: options.replaceAll(' ', '') }),
    })
  }

  #order(root: Element, disks: readonly DiskInput[]): void {
    for (const [index, { dev = '' }] of this.#all(root, 'disk')
      .map((each) => each.attributes)
      .entries()) {
      if (this.#matchOf(dev)) continue
      const element = this.#all(root, 'disk')[index]!
      this.#leave(
        element,
        `${dev} was disk ${index + 1} in the order that Linux found: give ${disks[index]!.name} a match:`,
      )
    }
  }

  /** SystemImager's loaders for BIOS stood in front of the first partition of an MBR; on a GPT they need a partition of their own. */
  #start(root: Element, disks: readonly DiskInput[]): void {
    const [bootloader] = this.#all(root, 'bootloader')
    const isEfi = bootloader ? /efi/i.test(bootloader.attributes['install_type'] ?? '') : disks.some(hasType('esp'))
    if (isEfi) {
      if (!disks.some(hasType('esp')))
        this.#leave(bootloader!, 'UEFI: no part is an EFI system partition; give one type: esp')
      return
    }
    const targets = bootloader ? this.#all(bootloader, 'target').map(({ attributes }) => attributes['dev']) : []
    for (const [index, element] of this.#all(root, 'disk').entries()) {
      const disk = disks[index]!
      const isTarget = targets.length === 0 || targets.includes(element.attributes['dev'])
      if (!isTarget || disk.table !== 'gpt' || hasType('bios-boot')(disk)) continue
      disk.partitions.unshift({ name: this.#name('bios-boot'), type: 'bios-boot', size: '1MiB' })
      this.#leave(element, 'BIOS: the GPT has a bios-boot partition of 1MiB more, where GRUB keeps its core')
    }
  }

  #matchOf(dev: string): MatchInput | undefined {
    const { disks = {} } = this.#options
    return Object.hasOwn(disks, dev) ? disks[dev] : undefined
  }

  #other(element: Element): void {
    if (['disk', 'raid', 'lvm', 'fsinfo'].includes(element.name)) return
    const why: Readonly<Record<string, string>> = {
      bootloader: 'the boot loader follows from bios-boot and esp partitions',
      boel: 'device nodes are made by the kernel',
    }
    this.#leave(element, why[element.name] ?? 'nothing here knows it')
  }

  #unknown({ name, line, attributes }: Element, known: readonly string[]): void {
    for (const [key, value] of Object.entries(attributes)) {
      if (!known.includes(key) && value !== '' && value !== '-')
        this.left.push({ line, element: name, message: `${key}="${value}"` })
    }
  }

  #all(element: Element, name: string): Element[] {
    return element.children.filter((each) => each.name === name)
  }

  /** A name that a layout may have, and no other device has yet. */
  #name(text: string): string {
    const base = clean(text)
    let name = base
    for (let number = 2; this.#names.has(name); number++) name = `${base.slice(0, 27)}-${number}`
    this.#names.add(name)
    return name
  }

  #leave({ line, name }: Element, message: string): void {
    this.left.push({ line, element: name, message })
  }
}

function hasType(type: PartitionInput['type']): (disk: DiskInput) => boolean {
  return ({ partitions }) => partitions.some((each) => each.type === type)
}

const knownFlags = new Set(['', '-', 'boot', 'swap', 'raid', 'lvm', 'esp', 'bios_grub', 'lba'])

const kinds: ReadonlyMap<string, Filesystem> = new Map(
  Object.entries({
    ext2: 'ext4',
    ext3: 'ext4',
    ext4: 'ext4',
    xfs: 'xfs',
    btrfs: 'btrfs',
    vfat: 'vfat',
    fat: 'vfat',
    fat32: 'vfat',
    msdos: 'vfat',
    swap: 'swap',
  } as const),
)

function clean(text: string): string {
  const word = text
    .replace(/^\/dev\//, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '-')
  return (/^[a-z]/.test(word) ? word : `d${word}`).slice(0, 30)
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
