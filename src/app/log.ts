import { fstatSync, writeFileSync } from 'node:fs'
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

type Stream = Pick<ReturnType<typeof pino.destination>, 'flush'> & { write(line: string): unknown }

/** A pipe may be read slowly, and nobody waits for that. A file may be on a full disk: what cannot be written there is given up, and tried for never again. */
function logFile(): Stream {
  const isFile = ((kind) => !kind.isFIFO() && !kind.isSocket())(fstatSync(2))
  return isFile ? fileLog(2) : pino.destination({ dest: 2, sync: false })
}

/** One write for all lines of a turn. */
export function fileLog(descriptor: number): Stream {
  let waiting = ''
  const put = (): void => {
    const text = waiting
    waiting = ''
    try {
      if (text !== '') writeFileSync(descriptor, text)
    } catch {
      // Nobody can be told, and no boot waits for its log.
    }
  }
  process.once('exit', put)
  return {
    write(line) {
      if (waiting === '') setImmediate(put)
      waiting += line
    },
    flush(done) {
      put()
      done?.()
    },
  }
}

/** The same stream, past which no token comes: whatever a level, an error or a message says. */
export function tokenless(into: Stream): Stream {
  return { write: (line) => into.write(withoutTokens(line)), flush: (...done) => into.flush(...done) }
}

/** `10:02:33 menu.given machine=duncan plan=live …` */
export function forPeople(line: string): string {
  const { time, msg, level: _, listeners: _listeners, ...rest } = JSON.parse(line) as Record<string, unknown>
  const at = new Date(Number(time)).toTimeString().slice(0, 8)
  const words = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return [at, msg, ...words].join(' ').replaceAll(/[\0-\x1f\x7f]/g, ' ')
}
