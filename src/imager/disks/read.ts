import type { z } from 'zod'
import { complaintsOf, type Keys } from '../../config/complain.ts'
import { ProblemList } from '../../config/problem.ts'
import type { Path, Problem } from '../../config/problem.ts'
import { compact } from '../../config/shape.ts'
import { Source, troubleIn } from '../../config/source.ts'
import { Fault } from '../../fault.ts'
import { checkLayout } from './check.ts'
import { allowedKeys } from './keys.ts'
import type { Content, DiskSet, Layout, Partition, Raid, Volume } from './layout.ts'
import { layoutFile } from './schema.ts'
import type { LayoutFile } from './schema.ts'

export interface LayoutReading {
  /** Missing when there is a problem. */
  readonly layout?: Layout
  readonly problems: readonly Problem[]
}

/** No layout that a person wrote comes near. */
const longest = 256 * 1024

/** Reads the text of a layout file and checks it. Never throws for what is in it. */
export function readLayout(file: string, text: string): LayoutReading {
  const problems = new ProblemList()
  const layout = read(file, text, problems)
  const found = problems.of(file)
  return found.length === 0 && layout ? { layout, problems: found } : { problems: found }
}

/** As `readLayout`, but throws `layout-invalid` with the first problem, and the number of the others in its hint. */
export function loadLayout(file: string, text: string): Layout {
  const { layout, problems } = readLayout(file, text)
  if (layout) return layout
  const [first, ...others] = problems
  const more = others.length === 0 ? '' : `; ${others.length} more ${others.length === 1 ? 'problem' : 'problems'}`
  const { line, field, message, hint } = first!
  const place = { ...(line > 0 && { line }), ...(field !== '' && { field }) }
  throw new Fault('layout-invalid', message, { file, hint: `${hint}${more}`, ...place })
}

function read(file: string, text: string, problems: ProblemList): Layout | undefined {
  if (text.length > longest || /[^\P{Cc}\t\n\r]/u.test(text)) {
    const message = text.length > longest ? 'is larger than 256 KiB' : 'holds a control character'
    problems.add(() => ({
      file,
      line: 0,
      field: '',
      message,
      hint: 'write a shorter file, as text',
      severity: 'error',
    }))
    return undefined
  }
  try {
    return parse(new Source(file, text), problems)
  } catch (error) {
    problems.add(() => troubleIn(file, text, error))
    return undefined
  }
}

function parse(source: Source, problems: ProblemList): Layout | undefined {
  const value = source.takeValue() ?? {}
  const result = layoutFile.safeParse(value)
  if (!result.success) {
    for (const { path, of, message, hint } of complaintsOf(value, result.error.issues, keys)) {
      const complaint = { message, hint: hint.replace('docs/configuration.md', 'docs/layouts.md') }
      problems.add(() => source.problem(path, complaint, of))
    }
    return undefined
  }
  const layout = shape(result.data)
  checkLayout(layout, (path: Path, message: string, hint: string) =>
    problems.add(() => source.problem(path, { message, hint })),
  )
  return layout
}

const keys: Keys = {
  allowed: (path) => allowedKeys(path),
  elsewhere: (key) =>
    key === 'device' || key === 'dev' ? 'disks are chosen by match:, names like sda change' : undefined,
}

/** From what the schema read to the types of layout.ts. */
function shape(file: LayoutFile): Layout {
  return {
    disks: file.disks.map(diskOf),
    raid: file.raid.map((raid) => content<Raid>(raid)),
    lvm: file.lvm.map((group) => ({ ...group, volumes: group.volumes.map((volume) => content<Volume>(volume)) })),
  }
}

function diskOf({ match, ...disk }: LayoutFile['disks'][number]): DiskSet {
  const { 'at-least': atLeast, 'at-most': atMost, ...rest } = match
  const partitions = disk.partitions.map((each) =>
    content<Partition>({ ...each, filesystem: each.filesystem ?? (each.type === 'esp' ? 'vfat' : undefined) }),
  )
  return { ...disk, match: compact<DiskSet['match']>({ ...rest, atLeast, atMost }), partitions }
}

function content<T extends Content>(given: Readonly<Record<string, unknown>>): T {
  const { options = 'defaults', ...rest } = given
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema's shapes are these types, but for keys without a value
  return compact<object>({ ...rest, options }) as T
}

export type LayoutInput = z.input<typeof layoutFile>
