import { Fault } from '../fault.ts'
import { checkSite } from './check.ts'
import { withoutTaken } from './check-network.ts'
import { drafting } from './draft.ts'
import type { Draft } from './draft.ts'
import { readFiles } from './files.ts'
import type { SiteFile } from './files.ts'
import { faultOf, ProblemList } from './problem.ts'
import type { Problem, Reporter } from './problem.ts'
import { defaultServer } from './shape.ts'
import type { Site } from './site.ts'
import { atOnce, type Slices } from './slices.ts'

export interface SiteReading {
  /** Missing when there is an error. */
  readonly site?: Site
  /** Errors and warnings, by file and line. */
  readonly problems: readonly Problem[]
}

/** What was read before, by file: a file that did not change is not read again. Give the same one to each reading. */
export type SiteMemory = Map<string, { readonly digest: string; readonly draft: Draft }>

/** Reads a site directory whole and checks it. Never throws for what is in it: everything that is wrong is a problem. */
export function readSite(directory: string): SiteReading {
  return atOnce(readingSite(directory, new Map()))
}

/** The same in pieces. */
export function* readingSite(directory: string, memory: SiteMemory): Slices<SiteReading> {
  const { files, problems: found } = yield* readFiles(directory)
  const drafts: Draft[] = []
  for (const file of files) drafts.push(yield* remembered(file, memory))
  for (const file of memory.keys()) if (!files.some((each) => each.file === file)) memory.delete(file)
  const site = compose(directory, drafts)
  const across = new ProblemList()
  // Where a file could not be read, nobody knows which names are missing.
  const whole = !found.some(isError) && drafts.every(({ source }) => source)
  yield* checkSite(site, reporterFor(drafts, across), { whole, broken: drafts.flatMap(({ broken }) => broken) })
  for (const draft of drafts) draft.source?.release()
  const problems = sorted([...found, ...drafts.flatMap((draft) => draft.problems), ...across.of(directory)])
  return problems.some(isError) ? { problems } : { site: settle(site), problems }
}

/** As `readSite`, but throws `config-invalid` when there is an error. */
export function loadSite(directory: string): Site {
  const { site, problems } = readSite(directory)
  if (!site) throw firstFault(problems)
  return site
}

/** The first error as a Fault, with the number of the others in its hint. */
export function firstFault(problems: readonly Problem[]): Fault {
  const [first, ...others] = problems.filter(isError)
  const fault = faultOf(first!)
  if (others.length === 0) return fault
  const hint = `${first!.hint}; ${others.length} more ${others.length === 1 ? 'error' : 'errors'}: see birnam check`
  return new Fault('config-invalid', fault.message, { ...fault.detail, hint })
}

export function isError({ severity }: Problem): boolean {
  return severity === 'error'
}

function* remembered(file: SiteFile, memory: SiteMemory): Slices<Draft> {
  const known = memory.get(file.file)
  if (known?.digest === file.digest) return known.draft
  const draft = yield* drafting(file)
  memory.set(file.file, { digest: file.digest, draft })
  return draft
}

function compose(directory: string, drafts: readonly Draft[]): Site {
  const own = drafts.find(({ server }) => server !== undefined)
  return {
    directory,
    server: own?.server ?? defaultServer(),
    vars: own?.vars ?? {},
    ...(own?.varsOrigin && { varsOrigin: own.varsOrigin }),
    machines: drafts.flatMap((draft) => draft.machines),
    groups: drafts.flatMap((draft) => draft.groups),
    profiles: drafts.flatMap((draft) => draft.profiles),
    distros: drafts.flatMap((draft) => draft.distros),
  }
}

/** The server's and the routers' addresses are taken out of the ranges; the checks have said so. */
function settle(site: Site): Site {
  const { server } = site
  const subnets = server.dhcp.subnets.map((subnet) => ({ ...subnet, ranges: withoutTaken(site, subnet) }))
  return { ...site, server: { ...server, dhcp: { ...server.dhcp, subnets } } }
}

/** Adds what the checks find, at the line where the noun has that key. */
function reporterFor(drafts: readonly Draft[], problems: ProblemList): Reporter {
  return (noun, path, complaint) => {
    problems.add(() => {
      const draft = drafts.find(({ places, server }) => places.has(noun) || server === noun)!
      const place = draft.places.get(noun) ?? []
      return draft.source!.problem([...place, ...path], typeof complaint === 'function' ? complaint() : complaint)
    })
  }
}

const severities = { error: 0, warning: 1 }

/** Errors first; then as they stand in the files. */
function sorted(problems: readonly Problem[]): Problem[] {
  return problems.toSorted(
    (a, b) =>
      severities[a.severity] - severities[b.severity] ||
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      a.line - b.line ||
      (a.column ?? 0) - (b.column ?? 0),
  )
}
