import { z } from 'zod'
import { quote } from '../../config/problem.ts'
import { listOf, word, wordAs } from '../../config/values.ts'
import { buses, filesystems, partitionTypes, raidLevels } from './layout.ts'
import type { PartitionType } from './layout.ts'
import { readDiskSize, readSize } from './size.ts'

/**
 * What a layout file may hold. Every word that reaches a shell is limited to characters that mean nothing to it, although the
 * script quotes them too. Every key has its heading in docs/layouts.md; a test holds the two together.
 */

const like = (pattern: RegExp, message: string, hint: string) =>
  wordAs((text) => (pattern.test(text) ? text : undefined), message, hint)

/** Device mapper, LVM and GPT all take these; no dot, because `root.2` is the second disk's `root`. */
const name = like(
  /^[a-z][a-z0-9_-]{0,30}$/,
  'not a name for a device',
  'a small letter, then small letters, digits, dashes and underscores, 31 at most',
)

/** Serial numbers are compared as the machine's facts show them: a blank is an underscore. */
const fact = wordAs(
  (text) => (/^[A-Za-z0-9][A-Za-z0-9 ._:/+=-]{0,127}$/.test(text) ? text.replaceAll(' ', '_') : undefined),
  'not what a disk calls itself',
  'copy it as `lsblk -o NAME,SERIAL,WWN,MODEL` prints it',
)

const factPattern = wordAs(
  (text) => (/^[A-Za-z0-9*?][A-Za-z0-9 ._:/+=*?-]{0,127}$/.test(text) ? text.replaceAll(' ', '_') : undefined),
  'not a pattern for a disk',
  'letters, digits, dots, dashes and colons; * and ? stand for any characters',
)

const size = wordAs(readSize, 'not a size', 'write 512MiB, 20GiB, 2TiB, 30% or rest')
const diskSize = wordAs(readDiskSize, 'not the size of a disk', 'write 480GB as its maker does, or 447GiB')

const number = (least: number, most: number) =>
  wordAs(
    (text) => (/^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined),
    `not a number from ${least} to ${most}`,
    'write a whole number',
  )

const label = like(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/, 'not a label', 'letters, digits, dots, dashes and underscores')

const mkfs = word.transform((text, context): readonly string[] => {
  const words = text.split(/ +/).filter((each) => each !== '')
  const wrong = words.find((each) => !/^[A-Za-z0-9=,._:^+-]{1,100}$/.test(each))
  if (words.length <= 20 && wrong === undefined) return words
  const message = wrong === undefined ? 'more than 20 options' : `not an option for mkfs: ${quote(wrong)}`
  context.addIssue({ code: 'custom', message, params: { hint: 'write them as for mkfs, like -m 1 -O ^metadata_csum' } })
  return z.NEVER
})

const mountOptions = like(
  /^[A-Za-z0-9_][A-Za-z0-9=,._:@/+-]{0,255}$/,
  'not mount options',
  'write them as in /etc/fstab, with commas and without blanks',
)

/** Where the imager itself mounts the kernel's file systems, nothing else can be. */
function readMount(text: string): string | undefined {
  if (text === '/') return text
  if (text.length > 200 || !/^(?:\/[A-Za-z0-9_@+.-]+)+$/.test(text)) return undefined
  if (text.split('/').some((part) => part === '.' || part === '..')) return undefined
  return /^\/(?:proc|sys|dev|run|etc)(?:\/|$)/.test(text) ? undefined : text
}

const mount = wordAs(
  readMount,
  'not a place to mount a file system',
  'write it absolute, like /var/log, without blanks, .. and a slash at its end; not /proc, /sys, /dev, /run or /etc',
)

const secret = like(
  /^[a-z][a-z0-9_]{0,30}$/,
  'not the name of a secret',
  'small letters, digits and underscores; the secret itself never stands in a layout',
)

const content = {
  filesystem: z.enum(filesystems).optional(),
  label: label.optional(),
  mkfs: mkfs.default([]),
  mount: mount.optional(),
  options: mountOptions.optional(),
  encrypt: secret.optional(),
}

const types = Object.keys(partitionTypes) as [PartitionType, ...PartitionType[]]

const partition = z.strictObject({ name, type: z.enum(types).optional(), size, ...content })

const match = z.strictObject({
  serial: listOf(fact).default([]),
  wwn: listOf(fact).default([]),
  path: listOf(factPattern).default([]),
  model: listOf(factPattern).default([]),
  bus: listOf(z.enum(buses)).default([]),
  size: diskSize.optional(),
  'at-least': diskSize.optional(),
  'at-most': diskSize.optional(),
  choose: z.enum(['smallest', 'largest']).optional(),
})

const disk = z.strictObject({
  name,
  match: match.prefault({}),
  count: number(1, 64).default(1),
  table: z.enum(['gpt', 'mbr']).default('gpt'),
  partitions: z.array(partition),
})

const raid = z.strictObject({
  name,
  level: z.enum(raidLevels),
  members: listOf(name),
  spares: number(0, 16).default(0),
  chunk: wordAs(
    (text) => (/^(?:4|8|16|32|64|128|256|512|1024)KiB$/.test(text) ? Number.parseInt(text, 10) : undefined),
    'not a chunk size',
    'write a power of two from 4KiB to 1024KiB',
  ).optional(),
  ...content,
})

const volume = z.strictObject({ name, size, ...content })
const group = z.strictObject({ name, members: listOf(name), volumes: z.array(volume) })

export const layoutFile = z.strictObject({
  disks: z.array(disk),
  raid: z.array(raid).default([]),
  lvm: z.array(group).default([]),
})

export type LayoutFile = z.output<typeof layoutFile>
