import { unfit, type Complaint } from './complaint.ts'
import {
  account,
  base64,
  cmd,
  json,
  partOfUrl,
  printed,
  rest,
  severalLines,
  shell,
  urlPart,
  word,
  xml,
} from './quote.ts'

export interface Helper {
  /** Fewest and most values that it takes. */
  readonly takes: readonly [number, number]
  /** It asks whether a value is there, so a missing one is no mistake. */
  readonly asks?: true
  /** It hands a value on and does not make text of it: what comes out is checked before it is written. */
  readonly value?: true
  readonly run: (...values: unknown[]) => unknown
}

const many = 100

/** What templates may call; kickstart/README.md describes each. */
export const helpers: Readonly<Record<string, Helper>> = {
  shell: { takes: [1, 1], run: shell },
  yaml: { takes: [1, 1], run: json },
  json: { takes: [1, 1], run: json },
  cmd: { takes: [1, 1], run: cmd },
  xml: { takes: [1, 1], run: xml },
  url: { takes: [1, 1], run: urlPart },
  part: { takes: [2, 2], run: partOfUrl },
  word: { takes: [1, 1], run: word },
  account: { takes: [1, 1], run: account },
  words: { takes: [1, 2], run: words },
  line: { takes: [1, 1], run: rest },
  lines: { takes: [1, 1], run: severalLines },
  base64: { takes: [1, 1], run: base64 },
  join: { takes: [1, 2], run: join },
  concat: { takes: [1, many], run: (...values) => values.map(printed).join('') },
  list: { takes: [0, many], value: true, run: (...values) => values.flat() },
  default: { takes: [2, many], asks: true, value: true, run: firstOf },
  lookup: { takes: [2, 2], value: true, run: lookup },
  oneOf: { takes: [2, many], value: true, run: oneOf },
  items: { takes: [1, 1], asks: true, value: true, run: items },
  flag: { takes: [1, 1], asks: true, value: true, run: flag },
  eq: { takes: [2, 2], asks: true, run: same },
  not: { takes: [1, 1], asks: true, run: isFalse },
  and: { takes: [2, many], asks: true, run: (...values) => !values.some(isFalse) },
  or: { takes: [2, many], asks: true, run: (...values) => !values.every(isFalse) },
  has: { takes: [2, 2], asks: true, run: (values, item) => itemsOf(values).some((value) => same(value, item)) },
  atLeast: { takes: [2, 2], run: (value, least) => number(value, 0) >= number(least, 1) },
}

/** What `{{#if}}` takes for no: nothing, `false`, 0, an empty text or list. */
export function isFalse(value: unknown): boolean {
  return isBlank(value) || value === false || value === 0 || (Array.isArray(value) && value.length === 0)
}

export function isNothing(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

function isBlank(value: unknown): boolean {
  return isNothing(value) || value === ''
}

/** The first that is there and not empty, else the last, whatever it is. */
function firstOf(...values: unknown[]): unknown {
  return values.find((value) => !isBlank(value) && !(Array.isArray(value) && value.length === 0)) ?? values.at(-1)
}

/** A list, or one value where a list of one is meant. */
function itemsOf(values: unknown): readonly unknown[] {
  return Array.isArray(values) ? (values as unknown[]) : isNothing(values) ? [] : [values]
}

/** `9` and `"9"` are the same: YAML reads a version as a number or as a text, by how it is written. */
function same(a: unknown, b: unknown): boolean {
  return isScalar(a) && isScalar(b) && String(a) === String(b)
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

function join(values: unknown, by: unknown = ' '): string {
  return itemsOf(values).map(printed).join(printed(by))
}

/** Plain words with something between them that none of them holds. */
function words(values: unknown, by: unknown = ' '): string {
  const between = printed(by)
  const plain = itemsOf(values).map(word)
  if (!plain.some((item) => item.includes(between))) return plain.join(between)
  throw unfit(`has an item that holds ${JSON.stringify(between)}, which stands between items here`)
}

/** A choice, so that a misspelt one is told and not taken for the default. */
function oneOf(value: unknown, ...choices: unknown[]): unknown {
  if (choices.some((choice) => same(value, choice))) return value
  throw unfit(`must be one of ${choices.map(printed).join(', ')}`)
}

/** A switch that may be left out. A text is true for `{{#if}}`, so `no` and `off`, which are text in YAML 1.2, would switch it on. */
function flag(value: unknown): unknown {
  if (isNothing(value) || typeof value === 'boolean') return value
  throw unfit(
    `must be true or false, not ${kindOf(value)}`,
    'write true or false without quotes; yes, no, on and off are text in YAML 1.2',
  )
}

/** Only words that are usual for a switch are shown: any other may be a secret at the wrong place. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number') return 'a number'
  if (value === true) return 'true'
  if (typeof value !== 'string') return 'a map'
  const usual = /^(?:y|yes|n|no|on|off|true|false|enabled?|disabled?)$/i.test(value)
  return usual ? `the text ${JSON.stringify(value)}` : 'a text'
}

/** A list that may be left out. One text where a list is wanted is told, because `vim tmux` would be one package of that name. */
function items(value: unknown): readonly unknown[] {
  if (isNothing(value)) return []
  if (Array.isArray(value)) return value as unknown[]
  throw notAList(value)
}

export function notAList(value: unknown): Complaint {
  return unfit(
    `must be a list, not ${kindOf(value)}`,
    'write it in brackets, [one, two], or each item on a line of its own with a dash',
  )
}

function lookup(value: unknown, key: unknown): unknown {
  if (typeof value !== 'object' || value === null)
    throw unfit('is no map and no list', 'give lookup a map or a list, then a key')
  const name = printed(key)
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

function number(value: unknown, about: number): number {
  const parsed = Number(value)
  if (Number.isFinite(parsed) && value !== '' && typeof value !== 'object') return parsed
  throw unfit('must be a number', 'mend the value in the site', about)
}
