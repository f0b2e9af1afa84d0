import type { Machine } from '../config/site.ts'
import { mergeVars } from '../config/vars.ts'
import type { House } from '../files/house.ts'

const hidden = '(hidden)'

/** crypt(3) hashes, the tokens of boot sessions, and the keys of encrypted disks. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|argon2\w*)\$[^\s:'"]+/g, hidden],
  [/\b([0-9a-f]{12}-[0-9a-z]+-[0-9a-f]{20})\.[0-9a-f]+/g, `$1.${hidden}`],
  [/^(DISK_SECRET_\w+=).*$/gm, `$1${hidden}`],
]
const secretName = /pass(word|wd|phrase)?|hash|secret|token|private|psk|api_?key/i

/** A text that a person or a program may read: what must not leave the answer is replaced. */
export function hideSecrets(text: string, vars: Readonly<Record<string, unknown>> = {}): string {
  let shown = text
  for (const value of secretValues(vars)) shown = shown.replaceAll(value, hidden)
  return patterns.reduce((all, [pattern, by]) => all.replaceAll(pattern, by), shown)
}

/** The same for a text about one machine, whose own secrets stand in its variables. */
export function hideFor({ registry }: House, machine: Machine | undefined, text: string): string {
  if (!machine) return hideSecrets(text)
  const profile = registry.profileOf(machine)
  return hideSecrets(text, mergeVars(registry.site, registry.groupsOf(machine), profile, machine).vars)
}

/** The same for one variable of `explain`. */
export function hideValue(name: string, value: unknown): unknown {
  if (secretName.test(name)) return hidden
  if (Array.isArray(value)) return value.map((item) => hideValue('', item))
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideValue(key, item)]))
  }
  return typeof value === 'string' ? hideSecrets(value) : value
}

function secretValues(value: unknown, name = ''): string[] {
  if (typeof value === 'string') return secretName.test(name) && value.length >= 4 ? [value] : []
  if (!value || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) => secretValues(item, Array.isArray(value) ? name : key))
}
