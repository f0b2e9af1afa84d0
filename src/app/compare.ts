import { execa } from 'execa'
import { mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changesOf, groupsOf, summary, type Change, type Changed } from '../api/alike.ts'
import { marked, render } from '../api/rendered.ts'
import { isError, readSite } from '../config/read.ts'
import { formatProblem } from '../config/problem.ts'
import type { Machine, Site } from '../config/site.ts'
import { LeaseBook } from '../dhcp/lease.ts'
import { Fault } from '../fault.ts'
import type { House } from '../files/house.ts'
import { MemoryLeases } from '../store/memory/leases.ts'
import { inMemory, openDatabase } from '../store/sqlite/database.ts'
import { distrosOf, goldenAt } from './check.ts'
import { addressesOf, openCore } from './core.ts'
import { forecastLines } from './forecast.ts'

/** Machines that change alike, and the change of the first of them, with its own names. */
export interface Alike {
  readonly what: string
  readonly machines: readonly string[]
  readonly changes: readonly Change[]
}

export interface Comparison {
  /** Of the site as it is now. */
  readonly machines: number
  readonly groups: readonly Alike[]
  /** Names that only one of the two has. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export interface ComparisonPlace {
  readonly site: string
  readonly data?: string
}

/** Told after each machine. */
export type Compared = (done: number, of: number) => void

/**
 * What every machine of the site gets, against what it got in another directory or at a revision of the site's git repository.
 * Throws Fault `request-invalid` for what is neither, `config-invalid` for a site that cannot be read.
 */
export async function compare(other: string, place: ComparisonPlace, tell: Compared = () => {}): Promise<Comparison> {
  await using before = await openOther(other, place.site)
  const [old, now] = [readWhole(before.path, other), readWhole(place.site, place.site)]
  const houses = openBoth(old, now, place.data)
  const changed: Changed[] = []
  for (const [n, machine] of now.machines.entries()) {
    const same = houses.before.registry.named(machine.name)
    const changes = same ? await changesIn(houses, same, machine) : []
    if (same && changes.length > 0) changed.push({ before: same, after: machine, changes })
    tell(n + 1, now.machines.length)
  }
  const names = (site: Site): Set<string> => new Set(site.machines.map(({ name }) => name))
  return {
    machines: now.machines.length,
    groups: groupsOf(changed).map(alike),
    added: [...names(now).difference(names(old))],
    removed: [...names(old).difference(names(now))],
  }
}

interface Houses {
  readonly before: House
  readonly after: House
}

/** With one key and one moment, so that what is made of them is no difference. */
function openBoth(before: Site, after: Site, data: string | undefined): Houses {
  const database = openDatabase(inMemory)
  const at = Date.now()
  const open = (site: Site): House =>
    openCore({
      site,
      database,
      addresses: addressesOf(noLeases()),
      httpPort: () => site.server.http.port,
      now: () => at,
      ...goldenAt(data, site.server.images),
      ...distrosOf(data),
    }).house
  return { before: open(before), after: open(after) }
}

function noLeases(): LeaseBook {
  return new LeaseBook(new MemoryLeases())
}

async function changesIn({ before, after }: Houses, was: Machine, is: Machine): Promise<readonly Change[]> {
  const reply = (house: House, client: Parameters<typeof forecastLines>[2]): readonly string[] =>
    forecastLines(house, noLeases(), client)
  return changesOf(await render(before, reply, was, marked), await render(after, reply, is, marked))
}

function alike(group: readonly Changed[]): Alike {
  const { changes } = group[0]!
  return { what: summary(changes), machines: group.map(({ after: { name } }) => name), changes }
}

function readWhole(path: string, called: string): Site {
  const { site, problems } = readSite(path)
  const worst = problems.find(isError)
  if (site && !worst) return site
  throw new Fault(
    'config-invalid',
    `${called} is no whole site: ${worst ? formatProblem(worst) : 'it cannot be read'}`,
    {
      hint: 'birnam check tells all that is wrong with it',
    },
  )
}

interface Other extends AsyncDisposable {
  readonly path: string
}

/** A directory as it is; a revision as git has it, in a directory that is removed again. */
async function openOther(other: string, site: string): Promise<Other> {
  if (existsSync(join(other, 'birnam.yaml'))) return { path: other, [Symbol.asyncDispose]: () => Promise.resolve() }
  const commit = await commitOf(other, site)
  const path = await mkdtemp(join(tmpdir(), 'birnam-diff-'))
  try {
    await execa({ cwd: site })`git archive --format=tar ${commit}`.pipe({ cwd: path })`tar -x`
  } catch (error) {
    await rm(path, { recursive: true, force: true })
    throw noRevision(other, (error as { readonly stderr?: string }).stderr ?? String(error), error)
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function commitOf(revision: string, site: string): Promise<string> {
  try {
    const { stdout } = await execa({
      cwd: site,
    })`git rev-parse --verify --quiet --end-of-options ${`${revision}^{commit}`}`
    return stdout.trim().split('\n').at(-1)!
  } catch (error) {
    const { code, exitCode, stderr } = error as {
      readonly code?: string
      readonly exitCode?: number
      readonly stderr?: string
    }
    const why =
      code === 'ENOENT' ? 'git is not installed' : exitCode === 1 ? 'git knows no such revision' : (stderr ?? '')
    throw noRevision(revision, why, error)
  }
}

function noRevision(other: string, why: string, cause: unknown): Fault {
  const short = why
    .replace(/^fatal: /, '')
    .split('\n')[0]!
    .slice(0, 200)
  return new Fault(
    'request-invalid',
    `${JSON.stringify(other.slice(0, 200))} is neither a site directory nor a revision: ${short}`,
    {
      hint: 'name a directory with a birnam.yaml, or a commit, tag or branch of the repository that the site is in',
      cause,
    },
  )
}
