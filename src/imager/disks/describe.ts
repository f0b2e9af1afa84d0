import { devicesOf, disksOf, membersOf } from './devices.ts'
import type { Device } from './devices.ts'
import type { Layout, Match } from './layout.ts'
import { typeOf } from './script.ts'
import { formatMib, formatSize } from './size.ts'
import { startsBios } from './starts.ts'

/** A line of the table that `explain` prints: which device, how large, what is on it, where it is mounted. */
export interface LayoutRow {
  readonly device: string
  readonly size: string
  readonly content: string
  readonly mount: string
}

export function describeLayout(layout: Layout): LayoutRow[] {
  const devices = devicesOf(layout)
  const disks = disksOf(layout).flatMap(({ index, set, copy }) => [
    {
      device: set.count === 1 ? set.name : `${set.name}.${copy}`,
      size: '',
      content: [set.table, describeMatch(set.match), startsBios(set, layout) ? 'starts from BIOS' : '']
        .filter(Boolean)
        .join(', '),
      mount: '',
    },
    ...devices
      .filter((each) => each.kind === 'partition' && each.disk === index)
      .map((each) => row(each, layout, '  ')),
  ])
  return [...disks, ...devices.filter(({ kind }) => kind !== 'partition').map((each) => row(each, layout, '', devices))]
}

/** The same as text, in columns. */
export function formatLayout(layout: Layout): string {
  const rows = [{ device: 'DEVICE', size: 'SIZE', content: 'CONTENT', mount: 'MOUNT' }, ...describeLayout(layout)]
  const keys = ['device', 'size', 'content'] as const
  const widths = keys.map((key) => Math.max(...rows.map((each) => each[key].length)))
  const lines = rows.map((each) =>
    [...keys.map((key, at) => each[key].padEnd(widths[at]!)), each.mount].join('  ').trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** Which disk is meant, in words: `a disk of at least 4GiB`. */
export function describeMatch(match: Match): string {
  const { serial, wwn, path, model, bus, size, atLeast, atMost, choose } = match
  const words = [
    choose === undefined ? '' : `the ${choose}`,
    list('serial', serial),
    list('wwn', wwn),
    list('path', path),
    list('model', model),
    list('bus', bus),
    size === undefined ? '' : `about ${formatMib(size)}`,
    atLeast === undefined ? '' : `at least ${formatMib(atLeast)}`,
    atMost === undefined ? '' : `at most ${formatMib(atMost)}`,
  ].filter((word) => word !== '')
  return words.length === 0 ? 'the only disk' : words.join(', ')
}

function list(word: string, values: readonly string[]): string {
  return values.length === 0 ? '' : `${word} ${values.join(' or ')}`
}

function row(device: Device, layout: Layout, indent: string, devices: readonly Device[] = []): LayoutRow {
  const { ref, content } = device
  const { filesystem, label, encrypt, mount = '', options } = content
  const words = [
    madeOf(device, layout, devices),
    encrypt === undefined ? '' : `encrypted (secret ${encrypt})`,
    filesystem ?? '',
    label === undefined ? '' : `label ${label}`,
  ]
  const place = mount !== '' && options !== 'defaults' ? `${mount} (${options})` : mount
  const size = 'size' in device.of ? formatSize(device.of.size) : ''
  return { device: `${indent}${ref}`, size, content: words.filter(Boolean).join(', '), mount: place }
}

function madeOf(device: Device, layout: Layout, devices: readonly Device[]): string {
  if (device.kind === 'partition') {
    const type = typeOf(device.of, layout)
    return type === device.content.filesystem || type === 'linux' ? '' : type
  }
  if (device.kind === 'volume') return 'volume'
  return `RAID ${device.of.level} of ${membersOf(devices, device.of.members)
    .map(({ ref }) => ref)
    .join(', ')}`
}
