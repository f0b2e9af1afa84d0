import type { Command } from 'commander'
import { loadSite } from '../config/read.ts'
import { formatServer, formatSite } from '../config/export.ts'
import { Fault } from '../fault.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
import { hideValue } from '../api/secrets.ts'
import type { Finding } from '../api/finding.ts'
import { listenerLines } from './banner.ts'
import { findingLine } from './finding.ts'
import type { Listener } from '../app/listeners.ts'
import { globals, placeHere, withApi } from './context.ts'
import { count, dated, paint, plain, show, table } from './print.ts'

/** `apply`, `export`, `status`, `leases`: the site and the server as wholes. */
export function addSite(program: Command): void {
  program
    .command('apply')
    .description('read the site again now (a running server also does so by itself when a file changes)')
    .action((_options, command: Command) =>
      withApi(command, async (api) => {
        if (!api.running)
          throw new Fault('not-running', 'no server runs with this data directory', { hint: 'birnam serve starts one' })
        const result = await api.post<{ changed: boolean; problems: readonly Problem[] }>('/api/reload')
        show(result, globals(command).json, () => applied(result))
        if (result.problems.some(({ severity }) => severity === 'error')) process.exitCode = 1
      }),
    )
  program
    .command('export')
    .description(
      'print the nouns of the site as they were understood, as YAML that reads back; with --json, secrets are hidden',
    )
    .option('--server', 'print birnam.yaml instead: the server, and the variables that all share')
    .action((options: { server?: boolean }, command: Command) => {
      const site = loadSite(placeHere(command).site)
      const format = options.server ? formatServer : formatSite
      show(hideValue('', site), globals(command).json, () => format(site).trimEnd())
    })
  addStatus(program)
}

function addStatus(program: Command): void {
  program
    .command('status')
    .description('what listens, and the counters; exit code 1 when no server runs')
    .action((_options, command: Command) =>
      withApi(command, async (api) => {
        const status = await api.get<Status>('/api/status')
        const { data } = placeHere(command)
        show(status, globals(command).json, () => statusText(api.running ? undefined : data, status))
        if (!api.running) process.exitCode = 1
      }),
    )
  program
    .command('leases')
    .description('who has which address, until when')
    .action((_options, command: Command) =>
      withApi(command, async (api) => {
        const leases = await api.get<readonly LeaseRow[]>('/api/leases')
        show(leases, globals(command).json, () => leasesText(leases))
      }),
    )
}

interface LeaseRow {
  readonly address: string
  readonly mac: string
  readonly hostname?: string
  readonly state: string
  readonly expiresAt: number
}

function applied({ changed, problems }: { changed: boolean; problems: readonly Problem[] }): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const head =
    errors > 0
      ? `${count(errors, 'error')}: the last good state stays.`
      : changed
        ? 'The site is in force.'
        : 'Nothing has changed.'
  return [head, ...problems.map(formatProblem)].join('\n')
}

interface Status {
  readonly site: string
  /** What has to be mended first of all. */
  readonly troubles?: readonly Finding[]
  readonly listeners?: readonly Listener[]
  readonly counters?: Readonly<Record<string, unknown>>
}

function statusText(alone: string | undefined, { site, troubles = [], listeners = [], counters = {} }: Status): string {
  const first = troubles.map(findingLine)
  if (alone !== undefined)
    return [...first, `No server runs with the data directory ${alone}; the site is ${site}.`].join('\n')
  const rooms = Object.entries(counters).map(([room, counted]) => `${paint('bold', room)}  ${movedOf(counted)}`)
  return [...first, `A server runs with the site ${site}.`, ...listenerLines(listeners), ...rooms].join('\n')
}

/** Only what has moved: `requests 12, sent 9`. */
function movedOf(counters: unknown): string {
  const moved = Object.entries(flat(counters)).filter(([, value]) => value !== 0)
  return moved.map(([name, value]) => `${name} ${value}`).join(', ') || 'nothing yet'
}

function flat(counters: unknown): Record<string, number> {
  const entries = Object.entries((counters ?? {}) as Record<string, unknown>)
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      typeof value === 'number'
        ? [[name, value] as const]
        : Object.entries(flat(value)).map(([inner, number]) => [`${name}: ${inner}`, number] as const),
    ),
  )
}

function leasesText(leases: readonly LeaseRow[]): string {
  if (leases.length === 0) return 'No leases yet.'
  const rows = leases.map(({ address, mac, hostname, state, expiresAt }) => [
    address,
    mac,
    plain(hostname ?? '-'),
    state,
    dated(expiresAt),
  ])
  return table([['ADDRESS', 'MAC', 'NAME', 'STATE', 'UNTIL (UTC)'], ...rows])
}
