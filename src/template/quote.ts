import { withoutEnd } from '../config/without-end.ts'
import { unfit } from './complaint.ts'

/**
 * A value as text. Answers are made of lines, so nothing but `lines` writes a second one: a value with a line break in it would
 * otherwise end a section of a kickstart, or answer a question of a preseed.
 */
export function printed(value: unknown): string {
  if (typeof value === 'string') return oneLine(value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  const hint = 'walk over it with {{#each}}, or use {{words}}, {{join}}, {{yaml}} or {{json}}'
  throw unfit(`is a ${Array.isArray(value) ? 'list' : 'map'} and cannot be written as it is`, hint)
}

/** Several lines, as they are. */
export function severalLines(value: unknown): string {
  if (typeof value !== 'string') return printed(value)
  const why = strange(value.replaceAll('\n', ' '))
  if (why === undefined) return value
  throw unfit(`holds ${why}`)
}

/** One word of a kickstart or a preseed: what stands there needs no quotes, ends no section and begins no comment. */
export function word(value: unknown): string {
  const text = printed(value)
  if (text === '') throw unfit('is empty and must be one word', 'give it a value in the site')
  const bad = /[\s"'`\\(){}<>|&;#]|^%/u.exec(text)?.[0]
  if (bad === undefined) return text
  throw unfit(
    `must be one plain word, and holds ${/\s/u.test(bad) ? 'a blank' : bad}`,
    'mend the value in the site, or quote it with {{shell}}',
  )
}

/** The name of a user, as `useradd` of both families takes it. */
export function account(value: unknown): string {
  const text = printed(value)
  if (text === 'root') throw unfit('is root, who is there already', 'use root_password_hash and root_ssh_keys')
  if (/^[a-z_][a-z0-9_-]{0,31}$/.test(text)) return text
  throw unfit('is no name for a user', 'use small letters, digits, dash and underscore, a letter first, 32 at most')
}

/** The rest of a line, of a preseed for instance: no backslash (debconf reads it) and no blank at either end. */
export function rest(value: unknown): string {
  const text = printed(value)
  if (text.includes('\\')) throw unfit('holds a backslash')
  if (text !== text.trim()) throw unfit('begins or ends with a blank')
  return text
}

/** One POSIX shell word, whatever is in it; kickstart commands are read by the same rules. */
export function shell(value: unknown): string {
  return `'${printed(value).replaceAll("'", String.raw`'\''`)}'`
}

/** JSON is YAML too, once everything is escaped that a YAML 1.1 reader takes for a line end or refuses. */
export function json(value: unknown): string {
  const text = JSON.stringify(value)
  if (text === undefined) throw unfit('cannot be written as JSON')
  return text.replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, escaped)
}

/** The text of an element or of an attribute in quotes (XML 1.0 §2.2, §2.4). */
export function xml(value: unknown): string {
  const text = printed(value)
  // What no document may hold, not even escaped; and no comment may hold two dashes.
  if (/[\u{fffe}\u{ffff}]/u.test(text)) throw unfit('holds what XML cannot')
  return text.replaceAll(/[&<>"'-]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A plain piece of a line for cmd.exe, between quotes or without: nothing that it expands, joins or redirects. */
export function cmd(value: unknown): string {
  const text = printed(value)
  const bad = /[%!^&|<>"()`]/.exec(text)?.[0]
  if (bad !== undefined) throw unfit(`holds ${bad}, which cmd.exe reads as its own`)
  if (/[^ -~]/.test(text)) throw unfit('holds a character beyond ASCII, which cmd.exe reads by its code page')
  return text
}

/** For what has several lines, or is not to be looked at by a reader on the way. */
export function base64(value: unknown): string {
  const text = typeof value === 'string' ? value : printed(value)
  if (!text.isWellFormed()) throw unfit('holds half a character')
  return Buffer.from(text).toString('base64')
}

export function urlPart(value: unknown): string {
  return encodeURIComponent(printed(value))
}

/** `protocol` (`http`), `host` (with its port) or `path` (without a slash at its end) of a URL. */
export function partOfUrl(value: unknown, part: unknown): string {
  const text = printed(value)
  const url = URL.parse(text)
  if (!url || url.host === '') throw unfit('is no URL', 'write it whole: http://server/path')
  if (part === 'protocol') return url.protocol.slice(0, -1)
  if (part === 'host') return url.host
  if (part === 'path') return withoutEnd(url.pathname, '/') || '/'
  throw unfit('is no part of a URL', 'ask for protocol, host or path', 1)
}

const harmless = /^[ -~]*$/

function oneLine(text: string): string {
  const why = harmless.test(text) ? undefined : strange(text)
  if (why === undefined) return text
  throw unfit(`holds ${why}`, 'mend the value in the site, or write {{lines}} where several lines may stand')
}

function strange(text: string): string | undefined {
  if (!text.isWellFormed()) return 'half a character'
  if (text.includes('\0')) return 'a NUL'
  if (/[\n\r\v\f\u0085\u2028\u2029]/.test(text)) return 'a line break'
  if (/\p{Cc}/u.test(text.replaceAll('\t', ' '))) return 'a control character'
  return undefined
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
