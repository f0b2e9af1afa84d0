import type { IncomingHttpHeaders } from 'node:http'
import { readRange, type Part } from './range.ts'

/** What a file is at the moment of the request: its strong tag and when it was written. */
export interface State {
  readonly tag: string
  readonly mtimeMs: number
  readonly size: number
}

export type Verdict =
  | { readonly status: 200 }
  | { readonly status: 206; readonly part: Part }
  | { readonly status: 304 }
  | { readonly status: 412 }
  | { readonly status: 416 }

/** RFC 9110 §13.2.2, in its order: If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, then Range under If-Range. */
export function judge(method: string, headers: IncomingHttpHeaders, version: State, now: number): Verdict {
  if (!stillMatches(headers, version)) return { status: 412 }
  if (isKnown(headers, version)) return { status: 304 }
  // §14.2: Range is defined for GET only, so a HEAD always tells the whole length.
  if (method !== 'GET' || headers.range === undefined || !mayContinue(headers, version, now)) return { status: 200 }
  const part = readRange(headers.range, version.size)
  if (part === 'whole') return { status: 200 }
  return part === 'unsatisfiable' ? { status: 416 } : { status: 206, part }
}

function stillMatches(headers: IncomingHttpHeaders, { tag, mtimeMs }: State): boolean {
  const match = headers['if-match']
  if (match !== undefined) return match.trim() === '*' || tagsOf(match).includes(tag)
  const since = readDate(headers['if-unmodified-since'])
  return since === undefined || wholeSeconds(mtimeMs) <= since
}

function isKnown(headers: IncomingHttpHeaders, { tag, mtimeMs }: State): boolean {
  const none = headers['if-none-match']
  // §13.1.2: weak comparison, so `W/"x"` and `"x"` are the same here.
  if (none !== undefined) return none.trim() === '*' || tagsOf(none).some((known) => known.replace(/^W\//, '') === tag)
  const since = readDate(headers['if-modified-since'])
  return since !== undefined && wholeSeconds(mtimeMs) <= since
}

/** §13.1.5: strong comparison; a date counts only when it is exactly ours and the file has rested for a second since. */
function mayContinue(headers: IncomingHttpHeaders, { tag, mtimeMs }: State, now: number): boolean {
  const condition = headers['if-range']
  if (condition === undefined) return true
  const text = String(condition).trim()
  if (text.startsWith('"') || text.startsWith('W/')) return text === tag
  return readDate(text) === wholeSeconds(mtimeMs) && now - mtimeMs >= 1000
}

function tagsOf(list: string): readonly string[] {
  return list.match(/(?:W\/)?"[^"]*"/g) ?? []
}

function readDate(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000
}
