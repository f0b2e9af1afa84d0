import type { z } from 'zod'
import { quote } from './problem.ts'
import type { Complaint, Path } from './problem.ts'
import { didYouMean } from './suggest.ts'

export interface Placed extends Complaint {
  readonly path: Path
  /** Unknown keys are shown at the key; everything else at the value. */
  readonly of: 'key' | 'value'
}

type Issue = z.core.$ZodIssue

/** What is wrong with a value, in our words. `keys` are the keys that its map may have; `elsewhere` says where others belong. */
export function complaintsOf(value: unknown, issues: readonly Issue[], keys: Keys): Placed[] {
  return issues.flatMap((issue) => complain(value, issue, [], keys))
}

export interface Keys {
  /** The keys that the map at this path may have. */
  allowed(path: Path, value: unknown): readonly string[]
  /** For a key that belongs into another place: the sentence that says so. */
  elsewhere(key: string): string | undefined
}

function complain(value: unknown, issue: Issue, base: Path, keys: Keys): Placed[] {
  const path = [...base, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(value, path, key, keys))
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return unionOf(value, issue, path, keys)
  return [{ ...sentence(issue, at(value, path)), path, of: 'value' }]
}

export function unknownKey(value: unknown, path: Path, key: string, keys: Keys): Placed {
  const allowed = keys.allowed(path, value)
  const hint = keys.elsewhere(key) ?? didYouMean(key, allowed, 'take it out')
  return { message: `unknown key ${quote(key)}`, hint, path: [...path, key], of: 'key' }
}

/** Of several shapes, complain about the one that was meant: a map when a map was written. */
function unionOf(value: unknown, issue: Issue & { code: 'invalid_union' }, path: Path, keys: Keys): Placed[] {
  const found = at(value, path)
  const meant = issue.errors.find((errors) =>
    errors.some((error) => error.path.length > 0 || error.code === 'unrecognized_keys'),
  )
  if (meant && typeof found === 'object' && found !== null)
    return meant.flatMap((error) => complain(value, error, path, keys))
  return [{ ...shapeOf(found, 'one word of text'), path, of: 'value' }]
}

function sentence(issue: Issue, found: unknown): Complaint {
  if (issue.code === 'custom') return { message: issue.message, hint: String(issue.params?.['hint'] ?? 'mend it') }
  if (issue.code === 'invalid_value') return choice(issue.values.map(String), found)
  if (issue.code === 'invalid_union') return choice('options' in issue ? (issue.options ?? []).map(String) : [], found)
  if (issue.code === 'invalid_type') return shapeOf(found, shapes[issue.expected] ?? issue.expected)
  return { message: issue.message, hint: 'see docs/configuration.md' }
}

const shapes: Readonly<Record<string, string>> = {
  object: 'a map of keys and values',
  record: 'a map of keys and values',
  array: 'a list',
  string: 'one word of text',
}

function choice(options: readonly string[], found: unknown): Complaint {
  if (found === undefined) return { message: 'is missing', hint: `write one of: ${options.join(', ')}` }
  if (typeof found !== 'string') return shapeOf(found, 'one word of text')
  return {
    message: `cannot be ${quote(found)}`,
    hint: didYouMean(found, options, 'take one that is known'),
  }
}

function shapeOf(found: unknown, wanted: string): Complaint {
  if (found === undefined) return { message: 'is missing', hint: `it is needed: ${wanted}` }
  const got =
    found === null
      ? 'nothing'
      : Array.isArray(found)
        ? 'a list'
        : typeof found === 'object'
          ? 'a map'
          : 'one word of text'
  return {
    message: `must be ${wanted}, not ${got}`,
    hint: wanted === 'a list' ? 'begin each item with a dash' : 'see docs/configuration.md',
  }
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((found, step) => (isTree(found) ? found[step] : undefined), value)
}

function isTree(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null
}
