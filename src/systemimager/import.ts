import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault } from '../fault.ts'
import { putInto, refuseMisfit, refuseTaken } from '../takeover/put.ts'
import type { Left } from '../takeover/told.ts'
import { planImport, type ImportPlan } from './import-plan.ts'
import { writeLaid, type Won } from './lay-overrides.ts'
import type { OldPlace } from './old-site.ts'

export interface ImportReport {
  readonly images: readonly { readonly name: string; readonly from: string }[]
  readonly machines: number
  readonly groups: number
  readonly profiles: number
  /** Which directories of the old overrides are laid into which of the new ones, the weakest first. */
  readonly overrides: readonly { readonly layer: string; readonly from: readonly string[]; readonly paths: number }[]
  /** Paths that several of them had. */
  readonly won: readonly Won[]
  /** Written, or that would be: relative to the site. */
  readonly files: readonly string[]
  readonly left: readonly Left[]
  /** What only a person can add. */
  readonly todo: readonly string[]
}

export interface ImportOptions extends OldPlace {
  readonly site: string
  readonly dryRun: boolean
  /** Makes NAME:1 of a directory. Throws `capture-failed` for a tree that cannot be captured. */
  readonly capture: (name: string, directory: string) => Promise<void>
  /** Throws when NAME:1 is there and comes from somewhere else. */
  readonly mayCapture: (name: string, directory: string) => Promise<void>
  readonly signal?: AbortSignal
}

/**
 * Takes a SystemImager server over: images first, then the files of the site, all or none of them. Throws `config-invalid` for a broken
 * cluster.xml and for what would not fit into the site, `request-invalid` when a file is there already.
 */
export async function importSystemImager(options: ImportOptions): Promise<ImportReport> {
  const first = planImport(options)
  refuseTaken(options.site, unitsOf(first))
  refuseMisfit(options.site, { 'systemimager.yaml': first.yaml })
  for (const [image, name] of first.images) await options.mayCapture(name, join(options.base, 'images', image))
  if (options.dryRun) return reportOf(first)
  const lost = await captureAll(options, first)
  const plan = lost.size === 0 ? first : planImport(options, lost)
  write(options.site, plan)
  return reportOf(plan)
}

async function captureAll(options: ImportOptions, { images }: ImportPlan): Promise<ReadonlyMap<string, string>> {
  const lost = new Map<string, string>()
  for (const [image, name] of images) {
    try {
      await options.capture(name, join(options.base, 'images', image))
    } catch (error) {
      if (options.signal?.aborted || !(error instanceof Fault) || error.code !== 'capture-failed') throw error
      lost.set(image, error.message)
    }
  }
  return lost
}

/** What moves in one step, directories first, the file that names them all last. */
function unitsOf({ laid, scripts, layouts }: ImportPlan): string[] {
  return [
    ...laid.map(({ layer }) => `overrides/${layer}`),
    ...scripts.map(({ file }) => file),
    ...layouts.map(({ file }) => file),
    'systemimager.yaml',
  ]
}

function write(site: string, plan: ImportPlan): void {
  putInto(site, unitsOf(plan), (stage) => {
    for (const laid of plan.laid) writeLaid(plan.old.files, laid, join(stage, 'overrides', laid.layer), plan.left)
    for (const { file, text, mode } of [...plan.scripts, ...plan.layouts.map((one) => ({ ...one, mode: 0o644 }))]) {
      mkdirSync(dirname(join(stage, file)), { recursive: true })
      writeFileSync(join(stage, file), text, { mode })
    }
    writeFileSync(join(stage, 'systemimager.yaml'), plan.yaml, { mode: 0o644 })
  })
}

function reportOf(plan: ImportPlan): ImportReport {
  const { machines, groups, profiles, todo } = plan.nouns
  return {
    images: [...plan.images].map(([from, name]) => ({ name: `${name}:1`, from: `images/${from}` })),
    machines: machines.length,
    groups: groups.length,
    profiles: profiles.length,
    overrides: plan.laid.map(({ layer, from, paths }) => ({ layer, from, paths: paths.size })),
    won: plan.won,
    files: unitsOf(plan),
    left: plan.left.list,
    todo,
  }
}
