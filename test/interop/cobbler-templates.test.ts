import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect } from 'vitest'
import { convert } from '../../src/cobbler/convert.ts'
import type { Dialect } from '../../src/cobbler/meaning.ts'
import { textOf } from '../../src/cobbler/piece.ts'
import { Scope } from '../../src/cobbler/scope.ts'
import { Unfit } from '../../src/cobbler/unfit.ts'
import { path } from '../../src/cobbler/value.ts'
import { Templates } from '../../src/template/templates.ts'
import { labTest } from '../lab/needs.ts'

const python = '/usr/bin/python3'

const vars = { host: 'web1', one: '1', empty: '', list: ['a', 'b', 'c'], map: { k: 'v' }, num: 5 }
const names = {
  find: (name: string) => (Object.hasOwn(vars, name) ? path(`vars.${name}`, { empty: name === 'empty' }) : undefined),
}
const parts = {
  snippet(): never {
    throw new Unfit('there is no snippet')
  },
}
const templates = new Templates({ read: () => undefined })

/** Undefined for what is told as not converted. */
function ours(text: string, dialect: Dialect): string | undefined {
  const { pieces, bad } = convert({ text, file: 'x', dialect, comments: 'hash' }, new Scope(names), parts)
  return bad.size > 0
    ? undefined
    : templates.renderText(textOf(pieces), { vars }, { file: 'x', line: 1, who: 'duncan' })
}

function theirs(texts: readonly string[], dialect: Dialect): readonly { readonly text?: string }[] {
  const script = fileURLToPath(new URL('cobbler-templates.py', import.meta.url))
  const input = texts.map((text) => `${JSON.stringify({ dialect, text, vars })}\n`).join('')
  const { stdout } = spawnSync(python, [script], { input, maxBuffer: 1 << 28 })
  return stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { text?: string })
}

const words = [
  'foo',
  '{',
  '}',
  '{{',
  '}}',
  '{{{',
  '\\',
  ' ',
  '  ',
  '\n',
  '\n',
  '\t',
  '# x',
  '%',
  '$',
  '$1',
  '$$',
  'é',
  '"',
  '&',
  '{{#if}}',
  '~',
  '@',
]

interface Tongue {
  readonly values: readonly string[]
  readonly conditions: readonly string[]
  readonly settings: readonly string[]
  /** A condition, what follows its line, a body, perhaps another branch, perhaps an else. */
  readonly ifs: (
    when: string,
    end: string,
    body: string,
    more: readonly [string, string] | null,
    last: string | null,
  ) => string
  readonly fors: (list: string, body: string) => string
}

const cheetah: Tongue = {
  values: [
    '$host',
    '${host} ',
    '$nix ',
    '${nix}',
    '@@host@@',
    '@@nix@@',
    '\\$host',
    '\\#if',
    '$y ',
    '${host}.example',
    '## note\n',
    '$map.k ',
  ],
  conditions: [
    "$host == 'web1'",
    '$one',
    'not $empty',
    "$host != 'x' and $one == '1'",
    "$host in ['a', 'web1']",
    "'b' in $list",
    '$num >= 3',
    '$num < 3',
    "$empty == ''",
    "$getVar('nix', '') == ''",
    "$varExists('empty')",
  ],
  settings: ["\n#set $y = 'set'\n", '\n  #set $y = $host\n', "\n#set global $y = ''\n"],
  ifs: (when, end, body, more, last) => {
    const close = end === '\n' ? '\n' : '#'
    const next = close === '\n' ? '\n' : ''
    const middle = more ? `#elif ${more[0]}${close}${more[1]}${next}` : ''
    return `#if ${when}${close}${body}${next}${middle}${last === null ? '' : `#else${close}${last}${next}`}#end if${close}`
  },
  fors: (list, body) => `\n#for $x in ${list === 'list' ? '$list' : list}\n${body}$x $host\n#end for\n`,
}

const jinja: Tongue = {
  values: [
    '{{ host }}',
    '{{ nix }}',
    "{{ nix | default('d') }}",
    '{{ map.k }}',
    "{{ map['k'] }}",
    '{{ y }}',
    '{# c #}',
    '{{- host -}}',
    "{{ list | join(',') }}",
    '{{ num }}',
    '{% raw %}{{ a }}{% endraw %}',
  ],
  conditions: [
    "host == 'web1'",
    'one',
    'not empty',
    "host != 'x' and one == '1'",
    'nix is defined',
    'empty is defined',
    "host in ['a', 'web1']",
    "'b' in list",
    'num >= 3',
    "nix|default('q') == 'q'",
  ],
  settings: ["{% set y = 'set' %}", '\n{%- set y = host -%}\n'],
  ifs: (when, end, body, more, last) =>
    `{% if ${when} %}${end}${body}${more ? `{% elif ${more[0]} -%}${end}${more[1]}` : ''}${last === null ? '' : `{%- else %}${end}${last}`}{% endif %}${end}`,
  fors: (list, body) => `{% for x in ${list} %}\n${body}{{ x }} {{ host }}{% endfor %}\n`,
}

function documents({ values, conditions, settings, ifs, fors }: Tongue): fc.Arbitrary<string> {
  const condition = fc.constantFrom(...conditions)
  const end = fc.constantFrom('\n', '\n', '')
  const { document } = fc.letrec<{ item: string; document: string }>((tie) => {
    const body = tie('document')
    return {
      item: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...words) },
        { weight: 3, arbitrary: fc.constantFrom(...values) },
        {
          weight: 2,
          arbitrary: fc
            .tuple(condition, end, body, fc.option(fc.tuple(condition, body)), fc.option(body))
            .map((all) => ifs(...all)),
        },
        { weight: 1, arbitrary: fc.tuple(fc.constantFrom('list', "['p', 'q']"), body).map((all) => fors(...all)) },
        { weight: 1, arbitrary: fc.constantFrom(...settings) },
      ),
      document: fc.array(tie('item'), { maxLength: 7 }).map((items) => items.join('')),
    }
  })
  return document
}

for (const [title, dialect, tongue] of [
  ['Cheetah', 'cheetah', cheetah],
  ['Jinja', 'jinja', jinja],
] as const)
  labTest(
    `${title} renders 1200 templates of chance as what they became renders`,
    ['python3', 'cheetah', 'jinja2'],
    () => {
      const texts = fc.sample(documents(tongue), { numRuns: 1200, seed: 1606 })
      const rendered = theirs(texts, dialect)
      const both = texts.flatMap((text, index) => {
        const { text: expected } = rendered[index]!
        // What the real one cannot read is not asked of ours.
        const got = expected === undefined ? undefined : ours(text, dialect)
        return got === undefined ? [] : [{ text, got, expected }]
      })
      expect(both.filter(({ got, expected }) => got !== expected)).toEqual([])
      expect(both.length).toBeGreaterThan(400)
    },
  )
