import { styleText } from 'node:util'
import { say } from './output.ts'

type Style = Parameters<typeof styleText>[0]

/** Colour on a terminal only; NO_COLOR is heard. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** `1 machine`, `2 machines`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Text that came from the wire or the command line, on one line: what would move a terminal's cursor, or turn text round, is escaped. */
export function plain(text: string): string {
  return text.replaceAll(unsafe, (sign) => short[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const unsafe = /[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Columns as wide as their widest cell; the last one is cut to the terminal's width. */
export function table(rows: readonly (readonly string[])[], width: number = process.stdout.columns ?? 0): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      fit(
        row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd(),
        width,
      ),
    )
    .join('\n')
}

function fit(line: string, width: number): string {
  return width > 20 && line.length > width ? `${line.slice(0, width - 1)}…` : line
}

/** `--json` prints the value as it is; otherwise a person's text. */
export function show(value: unknown, json: boolean | undefined, text: () => string): void {
  void say(json ? JSON.stringify(value, null, 2) : text())
}

/** `10:02:33.120` in UTC: enough within one boot. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 23)
}

/** Date and time for things that may be days old. */
export function dated(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

export function indent(text: string, by = '    '): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => by + line)
    .join('\n')
}

/** How somebody fetches a URL that holds a token: `echo` is the shell's own, so no list of processes shows it. */
export function fetching(url: string): string {
  return `echo url=${url} | curl -fsSK -`
}
