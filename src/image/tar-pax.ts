import { invalid } from './tar-entry.ts'

/** Records of a PAX header in their order: keys may come twice (GNU sparse 0.0). */
export type PaxRecords = readonly (readonly [key: string, value: string])[]

/** `<length> <key>=<value>\n`, the length counting itself (POSIX.1-2017, pax Extended Header). Values may hold any byte. */
export function readPax(text: string, at: number): PaxRecords {
  const records: [string, string][] = []
  let from = 0
  while (from < text.length && text[from] !== '\0') {
    const space = text.indexOf(' ', from)
    const digits = text.slice(from, space)
    const end = from + Number(digits)
    const equals = text.indexOf('=', space)
    const sound = space > from && /^[1-9][0-9]{0,9}$/.test(digits) && end <= text.length && text[end - 1] === '\n'
    if (!sound || equals < 0 || equals >= end) throw invalid(`the tar has a broken PAX header at byte ${at}`)
    records.push([text.slice(space + 1, equals), text.slice(equals + 1, end - 1)])
    from = end
  }
  return records
}

export function writePax(records: PaxRecords): string {
  return records.map(([key, value]) => record(` ${key}=${value}\n`)).join('')
}

function record(rest: string): string {
  let length = rest.length + 1
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length
  return `${length}${rest}`
}

/** A decimal with an optional fraction, cut to nanoseconds; the seconds are rounded down. */
export function paxTime(value: string, at: number): { seconds: number; nsec: number } {
  const match = /^(-?)(\d{1,19})(?:\.(\d*))?$/.exec(value)
  if (!match) throw invalid(`the tar has a time that is no number, at byte ${at}`)
  const [, sign, whole, fraction = ''] = match
  const nsec = Number(fraction.slice(0, 9).padEnd(9, '0'))
  const seconds = Number(whole)
  if (!Number.isSafeInteger(seconds)) throw invalid(`the tar has a time beyond all measure, at byte ${at}`)
  if (sign !== '-') return { seconds, nsec }
  return nsec === 0 ? { seconds: seconds === 0 ? 0 : -seconds, nsec } : { seconds: -seconds - 1, nsec: 1e9 - nsec }
}

export function paxNumber(value: string, at: number): number {
  const number = Number(value)
  if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(number))
    throw invalid(`the tar has a PAX number that is none, at byte ${at}`)
  return number
}
