import type { Command } from 'commander'
import { realpathSync, statSync } from 'node:fs'
import { Fault } from '../fault.ts'
import type { Left } from '../takeover/told.ts'
import { globals, placeHere } from './context.ts'
import type { Place } from './place.ts'
import { count, indent, paint, plain, show } from './print.ts'

/** What every import tells. */
export interface Taken {
  readonly machines: number
  readonly groups: number
  readonly profiles: number
  readonly distros?: number
  readonly subnets?: number
  /** Written, or that would be: relative to the site. */
  readonly files: readonly string[]
  readonly left: readonly Left[]
  /** What only a person can add. */
  readonly todo: readonly string[]
}

export interface Told {
  readonly site: string
  readonly dryRun: boolean
  /** What one import counts besides: `2 images`. */
  readonly counts?: readonly string[]
  /** What one import lists besides, above the files. */
  readonly parts?: readonly (readonly [title: string, lines: readonly string[]])[]
}

/** The site that an import writes to: never the example. Throws `request-invalid`. */
export function importPlace(command: Command): Place {
  const place = placeHere(command)
  if (!place.example) return place
  throw new Fault('request-invalid', 'no site is named', {
    hint: 'name yours with --site DIR: a new directory will do',
  })
}

/** A directory of the old server, behind all links. Throws `request-invalid`. */
export function oldDirectory(path: string, hint: string): string {
  if (isDirectory(path)) return realpathSync(path)
  throw new Fault('request-invalid', `${path} is no directory`, { hint })
}

/** The first of these that is there, behind all links. */
export function firstDirectory(...paths: readonly string[]): string | undefined {
  const found = paths.find(isDirectory)
  return found === undefined ? undefined : realpathSync(found)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** `--json`: the report as it is; for people: counts, files, what is left behind and what is still to do. */
export function showTaken(command: Command, report: Taken, told: Told): void {
  show(report, globals(command).json, () => textOf(report, told))
}

function textOf(report: Taken, { site, dryRun, counts = [], parts = [] }: Told): string {
  const { machines, groups, profiles, distros, subnets, files, left, todo } = report
  const counted = [
    ...counts,
    count(machines, 'machine'),
    count(groups, 'group'),
    count(profiles, 'profile'),
    ...(distros === undefined ? [] : [count(distros, 'distro')]),
    ...(subnets === undefined ? [] : [count(subnets, 'subnet')]),
  ]
  return [
    paint('bold', `${dryRun ? 'Would be taken over' : 'Taken over'}: ${counted.join(', ')}.`),
    ...parts.flatMap(([title, lines]) => part(title, lines)),
    ...part(`${dryRun ? 'Would be written' : 'Written'} to ${site}`, files),
    ...part(
      'Not taken over',
      left.map(({ file, line, why }) =>
        [file, line, ` ${why}`]
          .filter((word) => word !== undefined && word !== '')
          .join(':')
          .trim(),
      ),
    ),
    ...part('What you have to add', todo),
    ...(dryRun ? [] : [`birnam check --site ${site} tells whether all of it fits together.`]),
  ].join('\n')
}

function part(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${paint('bold', title)}:`, indent(lines.map(plain).join('\n'), '  ')]
}
