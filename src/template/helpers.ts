import { Fault } from '../fault.ts'

type Helper = (...values: unknown[]) => unknown

/** What templates may call. The last argument is always Handlebars' own options. */
export const helpers: Readonly<Record<string, Helper>> = {
  /** One POSIX shell word, whatever is in it. */
  shell: (value) => `'${plain(value).replaceAll("'", String.raw`'\''`)}'`,
  /** A YAML (and JSON) scalar or flow collection. */
  yaml: (value) => JSON.stringify(value),
  json: (value) => JSON.stringify(value),
  /** One component of a URL. */
  url: (value) => encodeURIComponent(plain(value)),
  /** A value that must be one word: blanks and line ends are refused. */
  word: (value) => oneWord(plain(value)),
  default: (value, otherwise) => (value === undefined || value === null || value === '' ? otherwise : value),
  eq: (a, b) => a === b,
  join: (values, by) => (Array.isArray(values) ? values.map(String).join(typeof by === 'string' ? by : ' ') : values),
}

function plain(value: unknown): string {
  const text = String(value)
  if (!/[\0\p{Surrogate}]/u.test(text)) return text
  throw new Fault('template-invalid', 'a value holds a NUL or half a character', { hint: 'mend the value in the site' })
}

function oneWord(text: string): string {
  if (!/\s/.test(text) && text !== '') return text
  throw new Fault('template-invalid', `a value must be one word, and is ${JSON.stringify(text.slice(0, 60))}`, {
    hint: 'take the blanks out, or use another helper',
  })
}
