import pino, { type Logger } from 'pino'

/** JSON lines on standard error for programs; one short line an event for a person at a terminal. */
export function openLog(verbose: boolean): Logger {
  const level = verbose ? 'debug' : 'info'
  if (!process.stderr.isTTY) return pino({ level, base: null }, pino.destination({ dest: 2, sync: false }))
  return pino({ level, base: null }, { write: (line) => void process.stderr.write(`${forPeople(line)}\n`) })
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
