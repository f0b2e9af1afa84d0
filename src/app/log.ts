import pino, { type Logger } from 'pino'
import { withoutTokens } from '../journal/without-tokens.ts'

/** JSON lines on standard error for programs; one short line an event for a person at a terminal. */
export function openLog(verbose: boolean): Logger {
  const level = verbose ? 'debug' : 'info'
  const options = { level, base: null }
  if (process.stderr.isTTY)
    return pino(options, { write: (line) => void process.stderr.write(`${forPeople(withoutTokens(line))}\n`) })
  return pino(options, tokenless(logFile()))
}

/** A log that cannot be written, on a full disk for instance, stops no boot; of what waits for it no more is kept than this. */
function logFile(): ReturnType<typeof pino.destination> {
  const file = pino.destination({ dest: 2, sync: false, maxLength: 1 << 20 })
  file.on('error', () => {})
  return file
}

/** The same stream, past which no token comes: whatever a level, an error or a message says. */
export function tokenless(into: Stream): Stream {
  return { write: (line) => into.write(withoutTokens(line)), flush: (...done) => into.flush(...done) }
}

type Stream = Pick<ReturnType<typeof pino.destination>, 'flush'> & { write(line: string): unknown }

/** `10:02:33 menu.given machine=duncan plan=live …` */
export function forPeople(line: string): string {
  const { time, msg, level: _, listeners: _listeners, ...rest } = JSON.parse(line) as Record<string, unknown>
  const at = new Date(Number(time)).toTimeString().slice(0, 8)
  const words = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return [at, msg, ...words].join(' ').replaceAll(/[\0-\x1f\x7f]/g, ' ')
}
