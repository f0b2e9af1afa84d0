import type { Trace } from '../api/trace.ts'
import { clock, dated, indent, paint } from './print.ts'

/** One boot retold, with the seconds since its beginning; a boot that stopped ends with what did not come. */
export function traceText({ machine, session, startedAt, events, ended, missing }: Trace): string {
  if (startedAt === undefined) return `${machine} was never seen: ${missing?.cause}`
  const lines = events.map(({ at, type, detail }) => {
    const after = `+${((at - startedAt) / 1000).toFixed(1)}s`
    return `${clock(at)}  ${after.padStart(8)}  ${type.padEnd(18)} ${detailText(detail)}`.trimEnd()
  })
  const end = ended
    ? paint('green', 'This boot went to its end.')
    : `${paint('yellow', `It stopped before: ${missing?.step}.`)}\nUsual cause: ${missing?.cause}.`
  const name = session === undefined ? '' : `, boot session ${session}`
  return [`${paint('bold', machine)}, ${dated(startedAt)} UTC${name}`, indent(lines.join('\n'), '  '), end].join('\n')
}

function detailText(detail: Trace['events'][number]['detail']): string {
  const entries = Object.entries(detail ?? {}).filter(([, value]) => value !== undefined)
  return entries.map(([key, value]) => `${key}=${String(value).replaceAll('\n', String.raw`\n`)}`).join(' ')
}
