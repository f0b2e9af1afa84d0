import type { Trace } from '../api/trace/trace.ts'
import { clock, dated, indent, paint, plain } from './print.ts'

/** One boot retold, with the seconds since its beginning; then what stopped it, or what it is about, and what else is to be known. All times are UTC. */
export function traceText(trace: Trace): string {
  const { machine, session, startedAt, events } = trace
  if (startedAt === undefined) return [neverText(trace), ...noteLines(trace)].join('\n')
  const lines = events.map(({ at, ...event }) => `${clock(at)}  ${sinceText(at - startedAt)}  ${eventText(event)}`)
  const boot = session === undefined ? 'a machine that nobody named' : `boot session ${session}`
  const head = `${paint('bold', machine)}, ${dated(startedAt)} UTC, ${boot}`
  return [head, indent(lines.join('\n'), '  '), ...verdictLines(trace), ...noteLines(trace)].join('\n')
}

function verdictLines({ going, missing, ended, notes }: Trace): readonly string[] {
  if (going !== undefined) return [paint('cyan', `${plain(going)}.`)]
  if (missing) return [stopText(missing)]
  if (!ended) return []
  const end = 'This boot went to its end.'
  return [notes.length > 0 ? end : paint('green', end)]
}

function noteLines({ notes }: Trace): readonly string[] {
  return notes.map((note) => paint('yellow', sentence(note)))
}

function stopText({ step, cause, usual }: NonNullable<Trace['missing']>): string {
  return `${paint('yellow', `It stopped before: ${step}.`)}\n${usual ? 'Usual cause (nothing here names one)' : 'Cause'}: ${sentence(cause)}`
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? plain(text) : `${plain(text)}.`
}

function neverText({ machine, events, missing }: Trace): string {
  const stop = missing && (missing.usual ? ` Usual cause (nothing here names one): ${sentence(missing.cause)}` : '')
  const head = `${machine} never booted from here.${stop ?? ''}`
  const known = events.map(({ at, ...event }) => `${dated(at)}  ${eventText(event)}`)
  const cause = missing && missing.usual === undefined ? [stopText(missing)] : []
  return known.length === 0
    ? head
    : [head, 'What else is known of it (UTC):', indent(known.join('\n'), '  '), ...cause].join('\n')
}

function sinceText(milliseconds: number): string {
  return `+${(milliseconds / 1000).toFixed(1)}s`.padStart(8)
}

function eventText({ type, detail }: Pick<Trace['events'][number], 'type' | 'detail'>): string {
  return `${type.padEnd(18)} ${detailText(detail)}`.trimEnd()
}

function detailText(detail: Trace['events'][number]['detail']): string {
  const entries = Object.entries(detail ?? {}).filter(([, value]) => value !== undefined)
  return entries.map(([key, value]) => `${key}=${plain(String(value))}`).join(' ')
}
