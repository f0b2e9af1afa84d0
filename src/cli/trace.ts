import { stops, type Trace } from '../api/trace.ts'
import { clock, dated, indent, paint, plain } from './print.ts'

/** One boot retold, with the seconds since its beginning; a boot that stopped ends with what did not come. */
export function traceText(trace: Trace): string {
  const { machine, session, startedAt, events, missing } = trace
  if (startedAt === undefined) return neverText(trace)
  const lines = events.map(({ at, ...event }) => `${clock(at)}  ${sinceText(at - startedAt)}  ${eventText(event)}`)
  const head = `${paint('bold', machine)}, ${dated(startedAt)} UTC, boot session ${session}`
  return [
    head,
    indent(lines.join('\n'), '  '),
    missing ? stopText(missing) : paint('green', 'This boot went to its end.'),
  ].join('\n')
}

function stopText({ step, cause }: NonNullable<Trace['missing']>): string {
  const usual = stops.some((stop) => stop.cause === cause)
  return `${paint('yellow', `It stopped before: ${step}.`)}\n${usual ? 'Usual cause' : 'Cause'}: ${plain(cause)}.`
}

function neverText({ machine, events, missing }: Trace): string {
  const head = `${machine} never booted from here. Usual cause: ${missing?.cause}.`
  const known = events.map(({ at, ...event }) => `${dated(at)}  ${eventText(event)}`)
  return known.length === 0
    ? head
    : [head, 'What else is known of it (UTC):', indent(known.join('\n'), '  ')].join('\n')
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
