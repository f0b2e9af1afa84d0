import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { siteFileNames } from '../config/files.ts'
import { firstFault, readSite } from '../config/read.ts'
import { Fault } from '../fault.ts'

/**
 * Puts new files and directories into a site, all or none of them: `fill` writes them beside, then each is moved in one step, the last
 * one last. `units` are what moves, relative to the site. A site that is not there yet is made. Throws `request-invalid` when one of them
 * is there meanwhile.
 */
export function putInto(site: string, units: readonly string[], fill: (stage: string) => void): void {
  const isNew = !existsSync(site)
  if (isNew) mkdirSync(dirname(site), { recursive: true })
  const stage = mkdtempSync(join(isNew ? dirname(site) : site, '.import-'))
  try {
    fill(stage)
    moveAll(stage, site, units)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

/** Throws `request-invalid` when one of `units` is in the site already. Call it before anything costs time. */
export function refuseTaken(site: string, units: readonly string[]): void {
  const taken = [...new Set(units.flatMap((path) => inTheWay(site, path) ?? []))]
  if (taken.length === 0) return
  const list = taken.slice(0, 10).join(', ') + (taken.length > 10 ? ` and ${taken.length - 10} more` : '')
  throw new Fault('request-invalid', `these are in the site already: ${list}`, {
    hint: 'nothing was written; move them away, or name another directory with --site',
  })
}

/** The path itself, or what stands where one of its directories should. */
function inTheWay(site: string, path: string): string | undefined {
  const parts = path.split('/')
  for (let length = 1; length <= parts.length; length++) {
    const upTo = parts.slice(0, length).join('/')
    const stat = lstatSync(join(site, upTo), { throwIfNoEntry: false })
    if (!stat) return undefined
    if (length === parts.length || !stat.isDirectory()) return upTo
  }
  return undefined
}

/** The site as it would be with these `*.yaml` must read: throws `config-invalid` with its first error. */
export function refuseMisfit(site: string, texts: Readonly<Record<string, string>>): void {
  const trial = mkdtempSync(join(tmpdir(), 'birnam-import-'))
  try {
    if (existsSync(site)) for (const file of siteFileNames(site)) copyFileSync(join(site, file), join(trial, file))
    for (const [file, text] of Object.entries(texts)) writeFileSync(join(trial, file), text)
    const { site: read, problems } = readSite(trial)
    if (!read) throw firstFault(problems)
  } finally {
    rmSync(trial, { recursive: true })
  }
}

function moveAll(stage: string, site: string, units: readonly string[]): void {
  const undo: (() => void)[] = []
  try {
    makeDirectory(site, undo)
    for (const unit of units) {
      const target = join(site, unit)
      makeDirectory(dirname(target), undo)
      if (lstatSync(target, { throwIfNoEntry: false }))
        throw new Fault('request-invalid', `${unit} appeared in the site meanwhile`)
      renameSync(join(stage, unit), target)
      undo.push(() => rmSync(target, { recursive: true }))
    }
  } catch (error) {
    for (const back of undo.toReversed()) back()
    throw error
  }
}

function makeDirectory(path: string, undo: (() => void)[]): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path), undo)
  mkdirSync(path)
  undo.push(() => rmdirSync(path))
}
