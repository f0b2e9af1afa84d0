import { globSync, readFileSync } from 'node:fs'
// Vitest's own parser.
import { parseAst } from 'rolldown/parseAst'
import { expect, test } from 'vitest'
import { slowness } from './slow.ts'

test.each([
  ['a+a', ''],
  ['(?:a+)+b', ''],
  ['^(?:a|a)*b', ''],
  ['^a*a*b', ''],
  ['^\\s*(.*?)\\s*$', 'm'],
  ['\\b[a-z][a-z.]*:', 'g'],
  ['/+$', ''],
  ['^(?=a*a*b)', ''],
  ['x[^]*?y', 'g'],
])('/%s/%s needs more time than its text is long', (source, flags) => {
  expect(slowness(source, flags)).toBeDefined()
})

test.each([
  ['^a+$', ''],
  ['a+', 'g'],
  ['^[a-z]+(?:-[a-z]+)*$', ''],
  ['^\\s*(\\S+)$', ''],
  ['\\b\\d+[a-z]', ''],
  ['(?<![\\w.])\\w+=', 'g'],
  ['^[ \\t]*rootpw[ \\t]+x', 'gm'],
  ['"[^"\\n]{0,60}"', 'g'],
  ['^(\\w+)[^]*$', ''],
  ['[^<]+', 'y'],
])('/%s/%s is done in one walk over its text', (source, flags) => {
  expect(slowness(source, flags)).toBeUndefined()
})

const command = 'a command reads it once, in a process of its own, from files that its owner has chosen'
const own = 'the site or this program wrote the text'

/** Expressions that are not linear, and why nobody is kept waiting: by file or room. */
const excused: Readonly<Record<string, string>> = {
  'src/cobbler/': command,
  'src/distro/': command,
  'src/imager/tools.ts': command,
  'src/systemimager/names.ts': command,
  'src/systemimager/old-scripts.ts': command,
  'src/systemimager/old-site.ts': command,
  'src/takeover/': command,
  'src/answer/esxi.ts': own,
  'src/answer/suse.ts': own,
  'src/config/quick.ts': own,
  'src/config/values.ts': 'an image is named by 400 characters at most',
  'src/config/yaml-unclosed.ts': own,
  'src/template/templates.ts': own,
  'src/api/secret-fragments.ts': 'the end of base64 that was just made: two characters at most',
  'src/api/secret-names.ts': 'a name is read up to 200 characters',
}

/** Expressions that are put together while the program runs, and of what. */
const made: Readonly<Record<string, string>> = {
  'src/answer/esxi.ts': 'names of keys that stand in the source',
  'src/api/alike.ts': 'a word, escaped',
  'src/api/check-groups.ts': 'the name of a machine, escaped',
  'src/config/var-line.ts': 'the name of a variable, escaped',
  'src/api/disguise.ts': 'a nonce of hexadecimal digits',
  'src/cobbler/cheetah.ts': 'names of directives',
  'src/cobbler/jinja.ts': 'names of blocks',
  'src/cobbler/library.ts': 'names of variables',
  'src/image/packages.ts': 'names of fields that stand in the source',
  'src/net/ipv6.ts': 'a run of zeros',
  'src/tftp/packet.ts': 'a set of characters',
}

interface Expression {
  readonly file: string
  readonly source: string
  readonly why: string
}

test('every expression of the source is linear, or its text is excused', () => {
  const slow = globSync('src/**/*.ts').flatMap(slowIn)
  const excuses = Object.keys(excused)
  const excuseOf = ({ file }: Expression): string | undefined => excuses.find((one) => file.startsWith(one))
  expect(slow.filter((one) => excuseOf(one) === undefined)).toEqual([])
  expect(excuses.filter((one) => !slow.some((expression) => excuseOf(expression) === one))).toEqual([])
})

test('expressions that are put together are few, and known', () => {
  const files = globSync('src/**/*.ts').filter((file) => /\bRegExp\(/.test(readFileSync(file, 'utf8')))
  expect(files.toSorted()).toEqual(Object.keys(made).toSorted())
})

function slowIn(file: string): Expression[] {
  const text = readFileSync(file, 'utf8')
  const found: Expression[] = []
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk)
    if (typeof node !== 'object' || node === null) return
    if ('regex' in node) {
      const { pattern, flags } = node.regex as { readonly pattern: string; readonly flags: string }
      const why = slowness(pattern, flags)
      if (why !== undefined) found.push({ file, source: `/${pattern}/${flags}`, why })
    }
    Object.values(node).forEach(walk)
  }
  walk(parseAst(text, { lang: 'ts' }))
  return found
}
