import { Fault } from '../fault.ts'
import { formatProblem } from '../config/problem.ts'
import { readSystemImager, type SystemImagerOptions } from '../imager/disks/systemimager.ts'
import { imageName } from './names.ts'
import type { OldSite } from './old-site.ts'
import type { LeftList } from '../takeover/told.ts'
import { readXml, type Element } from './xml.ts'

/** A file of the new site. */
export interface NewLayout {
  /** `layouts/porter.yaml` */
  readonly file: string
  readonly text: string
  readonly from: string
}

export interface NewLayouts {
  readonly files: readonly NewLayout[]
  /** By old image. */
  readonly byImage: ReadonlyMap<string, string>
}

type Disks = NonNullable<SystemImagerOptions['disks']>

/** Every disks-layout file, and for images without one the description inside the image itself. */
export function layoutsOf(old: OldSite, images: ReadonlyMap<string, string>, left: LeftList): NewLayouts {
  const files = new Map<string, NewLayout>()
  const byImage = new Map<string, string>()
  const take = (path: string, name: string): string | undefined => {
    const text = old.files.text(path)
    const read = text === undefined ? undefined : convert(path, text, name, left)
    if (read && files.has(read.file)) left.add(path, `${read.file} comes from ${files.get(read.file)!.from} already`)
    else if (read) files.set(read.file, read)
    return read?.file
  }
  const seen = new Map<string, string | undefined>()
  for (const file of old.layouts.filter((each) => each.endsWith('.xml'))) {
    const name = file.slice(0, -'.xml'.length)
    const clean = images.get(name) ?? imageName(name)
    if (clean === undefined) left.add(`scripts/disks-layouts/${file}`, 'its name is none that a layout could have')
    else seen.set(name, take(`scripts/disks-layouts/${file}`, clean))
  }
  for (const [image, name] of images) {
    const own = ['disks-layout.xml', 'autoinstallscript.conf'].map((file) => `images/${image}/etc/systemimager/${file}`)
    const found = seen.get(image) ?? own.map((path) => take(path, name)).find((file) => file !== undefined)
    if (found !== undefined) byImage.set(image, found)
  }
  return { files: [...files.values()], byImage }
}

function convert(path: string, text: string, name: string, left: LeftList): NewLayout | undefined {
  const file = `layouts/${name}.yaml`
  try {
    const disks = disksIn(readXml(path, text))
    const match: Disks = Object.fromEntries(disks.map((disk) => [disk.dev, disk.match]))
    const read = readSystemImager(path, text, { disks: match })
    for (const { line, element, message } of read.left) left.add(path, `<${element}>: ${message}`, line)
    for (const { dev, line, said } of disks)
      left.add(
        path,
        `${dev} was the name of a disk by the order in which Linux found them; ${file} means ${said}: if a machine has several such, give it a serial:`,
        line,
      )
    for (const problem of read.problems)
      left.add(path, `${file} is not complete: ${formatProblem({ ...problem, file })}`)
    return { file, text: headOf(path, disks) + read.yaml, from: path }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    left.add(path, error.message, error.detail.line)
    return undefined
  }
}

function headOf(path: string, disks: readonly OldDisk[]): string {
  const lines = disks.map(
    ({ dev, said }) =>
      `# ${dev} there: ${said} here. Better: match: { serial: … }, as lsblk -o NAME,SERIAL,SIZE prints it.`,
  )
  return [`# From SystemImager's ${path}.`, ...lines, ''].join('\n')
}

interface OldDisk {
  readonly dev: string
  readonly line: number
  readonly match: Disks[string]
  /** The same in words. */
  readonly said: string
}

function disksIn(root: Element): readonly OldDisk[] {
  return root.children.flatMap((disk) => {
    const dev = disk.attributes['dev'] ?? ''
    if (disk.name !== 'disk' || !/^\/dev\/[\w/!]{1,40}$/.test(dev)) return []
    const bus = buses.find(([name]) => name.test(dev))?.[1]
    const gib = leastGib(disk)
    const match = { ...(bus && { bus: [...bus] }), ...(gib > 0 && { 'at-least': `${gib}GiB` }) }
    const said = [
      bus ? `a disk at ${bus.join(' or ')}` : 'any disk',
      ...(gib > 0 ? [`of at least ${gib}GiB`] : []),
    ].join(' ')
    return [{ dev, line: disk.line, match, said }]
  })
}

/** What the kernel's names tell of where a disk is; disks that were hd are sd in kernels of today. */
const buses: readonly (readonly [RegExp, readonly ('nvme' | 'sata' | 'scsi' | 'virtio' | 'xen' | 'mmc')[]])[] = [
  [/^\/dev\/nvme/, ['nvme']],
  [/^\/dev\/(?:sd|hd)/, ['sata', 'scsi']],
  [/^\/dev\/vd/, ['virtio']],
  [/^\/dev\/xvd/, ['xen']],
  [/^\/dev\/mmcblk/, ['mmc']],
  [/^\/dev\/(?:cciss|ida|rd)/, ['scsi']],
]

const perGib: Readonly<Record<string, number>> = { MB: 1024, MiB: 1024, GB: 1, GiB: 1 }

/** What its partitions of a fixed size take, whole GiB. */
function leastGib(disk: Element): number {
  const unit = perGib[disk.attributes['unit_of_measurement'] ?? 'MB'] ?? 0
  if (unit === 0) return 0
  const sizes = disk.children.map(({ attributes }) => Number(attributes['size']))
  const sum = sizes.filter((size) => size > 0 && size < 1e9).reduce((total, size) => total + size, 0)
  return Math.min(Math.floor(sum / unit), 1_000_000)
}
