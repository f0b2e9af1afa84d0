import { isUnsafeKey } from '../config/scalar.ts'
import type { Vars } from '../config/site.ts'
import type { LeftList } from '../takeover/told.ts'
import { expand } from './expand.ts'
import type { Item } from './item.ts'

/** Variables for templates out of autoinstall_meta; keys that no template could name are told. */
export function varsOf(meta: ReadonlyMap<string, unknown>, settings: Item, item: Item, left: LeftList): Vars {
  const kept = [...meta].filter(([key]) => {
    if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) && !isUnsafeKey(key)) return true
    left.add(item.file, 'autoinstall_meta has a key that no template can name')
    return false
  })
  return Object.fromEntries(kept.map(([key, value]) => [key, valueOf(value, settings)]))
}

function valueOf(value: unknown, settings: Item): unknown {
  if (typeof value === 'string') return expand(value, settings)
  if (Array.isArray(value)) return value.map((each) => valueOf(each, settings))
  if (typeof value !== 'object' || value === null) return value ?? ''
  const kept = Object.entries(value).filter(([key]) => isKey(key))
  return Object.fromEntries(kept.map(([key, each]) => [key, valueOf(each, settings)]))
}

/** What the later has otherwise; null for what it no longer has. */
export function difference(before: Vars, after: Vars): Vars {
  const changed = Object.entries(after).filter(
    ([key, value]) => !Object.hasOwn(before, key) || JSON.stringify(before[key]) !== JSON.stringify(value),
  )
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  return Object.fromEntries([...changed, ...gone.map((key) => [key, null] as const)])
}

/** What YAML gives back as it was, inside of a variable. */
export function isKey(key: string): boolean {
  return /^[^\s\p{C}](?:[^\p{C}]{0,198}[^\s\p{C}])?$/u.test(key) && !isUnsafeKey(key)
}
