import type { Machine } from '../config/site.ts'
import { mergeVars } from '../config/vars.ts'
import type { House } from '../files/house.ts'

const hidden = '(hidden)'

/** What stands for a secret. */
export type Mark = (secret: string) => string

/** crypt(3) hashes, the tokens of boot sessions, the keys of encrypted disks, private keys, and passwords in URLs and on kernel lines. */
const patterns: readonly RegExp[] = [
  /\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|argon2\w*)\$[^\s:'"]+/g,
  /(?<before>\b[0-9a-f]{12}-[0-9a-z]+-[0-9a-f]{20}\.)[0-9a-f]+/g,
  /(?<before>^DISK_SECRET_\w+=).*$/gm,
  /-----BEGIN (?<kind>[A-Z ]*PRIVATE KEY)-----[^]*?-----END \k<kind>-----/g,
  /(?<before>\b[a-z][a-z\d+.-]*:\/\/[^\s/:@'"]*:)[^\s/@'"]+(?<after>@)/gi,
  /(?<before>pass(?:word|wd|phrase)=)(?!\{\{|["']?\(hidden)(?:"[^"\n]*"|'[^'\n]*'|[^\s,;&]+)/gi,
  /(?<before>^[ \t]*rootpw[ \t]+(?:--\S+[ \t]+)*)(?!--)\S+/gm,
  /(?<before>^[ \t]*\S+[ \t]+\S+[ \t]+password[ \t]+)\S.*$/gm,
]
/**
 * A name is read word by word, so `keyboard` and `compass` hide nothing: `root_pw`, `rootpw` and `rootPw` are a password's, `private_key` and
 * `apikey` a key's that is not public.
 */
const secretWord =
  /^(?:\w*pass(?:(?:word|wd|phrase|code)s?)?|\w*pwd?|\w*(?:secret|token|credential)s?|\w*creds?|hash(?:es)?|psk|pin|private|luks\d?)$/
const harmlessWord = /^(?:com|encom|by|tres|sur|under|over)pass$/
const secretKey =
  /(?:^|_)(?:(?:registration|activation)_codes?|(?:private|priv|api|product|license|access|secret|encryption|disk|master|shared|signing|recovery|auth|join|wifi|wpa|unlock|luks\d?)_?(?:keys?|pem))$/
/** Facts about a secret thing that tell nothing of it. */
const aboutIt =
  /(?:^|_)(?:(?:luks\d?|private)_(?:device|name|label|uuid|version|cipher|network|subnet|address|ip|interface|dns)|pass(?:word)?_(?:min|max)\w*)$/

function isSecret(name: string): boolean {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, '_')
  if (aboutIt.test(words)) return false
  return secretKey.test(words) || words.split('_').some((word) => secretWord.test(word) && !harmlessWord.test(word))
}

/** A text that a person or a program may read: what must not leave the answer is replaced. */
export function hideSecrets(
  text: string,
  vars: Readonly<Record<string, unknown>> = {},
  mark: Mark = () => hidden,
): string {
  let shown = text
  const values = secretValues(vars).flatMap(written)
  for (const value of values.toSorted((a, b) => b.length - a.length)) shown = shown.replaceAll(value, mark(value))
  return patterns.reduce((all, pattern) => all.replaceAll(pattern, (...found) => replacement(found, mark)), shown)
}

function replacement(found: readonly unknown[], mark: Mark): string {
  const groups = found.at(-1) as { readonly before?: string; readonly after?: string } | string
  if (typeof groups === 'string') return mark(String(found[0]))
  return `${groups.before ?? ''}${mark(String(found[0]))}${groups.after ?? ''}`
}

/** The same for a text about one machine, whose own secrets stand in its variables. */
export function hideFor({ registry }: House, machine: Machine | undefined, text: string): string {
  if (!machine) return hideSecrets(text)
  const profile = registry.profileOf(machine)
  return hideSecrets(text, mergeVars(registry.site, registry.groupsOf(machine), profile, machine).vars)
}

/** The same for one variable of `explain`. */
export function hideValue(name: string, value: unknown): unknown {
  if (isSecret(name) && typeof value !== 'boolean') return hidden
  if (Array.isArray(value)) return value.map((item) => hideValue('', item))
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideValue(key, item)]))
  }
  return typeof value === 'string' ? hideSecrets(value) : value
}

/** Texts shorter than that stand in every answer by chance. */
const shortest = 4
/** In a map of secrets, what is none. */
const whose = /^(?:user(?:name)?|name|login|id|type|device|url|host)$/i

function secretValues(value: unknown, secret = false): string[] {
  if (typeof value === 'string') return secret && value.length >= shortest ? [value] : []
  if (Array.isArray(value)) return value.flatMap((item) => secretValues(item, secret))
  if (!value || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) =>
    secretValues(item, isSecret(key) || (secret && !whose.test(key))),
  )
}

/** A value as templates may have written it. */
function written(value: string): string[] {
  const shell = value.replaceAll("'", String.raw`'\''`)
  const url = value.isWellFormed() ? [encodeURIComponent(value)] : []
  const ways = [value, shell, JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64'), ...url]
  return [...new Set(ways)]
}
