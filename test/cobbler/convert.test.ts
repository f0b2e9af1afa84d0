import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commentsOf } from '../../src/cobbler/comment.ts'
import { convert } from '../../src/cobbler/convert.ts'
import type { Dialect } from '../../src/cobbler/meaning.ts'
import { textOf } from '../../src/cobbler/piece.ts'
import { Scope } from '../../src/cobbler/scope.ts'
import { Unfit } from '../../src/cobbler/unfit.ts'
import { path } from '../../src/cobbler/value.ts'
import { Templates } from '../../src/template/templates.ts'

const vars = { host: 'web1', one: '1', empty: '', list: ['a', 'b'], map: { k: 'v' }, num: 5, text: 'two\nlines' }
const names = {
  find: (name: string) =>
    Object.hasOwn(vars, name) ? path(`vars.${name}`, { empty: name === 'empty', lines: name === 'text' }) : undefined,
}
const parts = {
  snippet(): never {
    throw new Unfit('there is no snippet')
  },
}
const templates = new Templates({ read: () => undefined })

function converted(
  text: string,
  dialect: Dialect,
): { readonly hbs: string; readonly bad: ReadonlyMap<number, string> } {
  const { pieces, bad } = convert({ text, file: 'x', dialect, comments: commentsOf(text) }, new Scope(names), parts)
  return { hbs: textOf(pieces), bad }
}

function rendered(text: string, dialect: Dialect): string {
  return templates.renderText(converted(text, dialect).hbs, { vars }, { file: 'x', line: 1, who: 'duncan' })
}

const pieces = fc.constantFrom(
  '{',
  '}',
  '{{',
  '}}',
  '{{{',
  '}}}',
  '\\',
  '\\\\',
  '\n',
  '\r\n',
  ' ',
  '\t',
  'a',
  '"',
  "'",
  '&',
  '~',
  '!',
  '>',
  '/if',
  '#if',
  'é',
  '{{#if x}}',
  '{{> x}}',
  '{{!-- --}}',
  '\\{{',
)
const braces = fc.array(pieces, { maxLength: 40 }).map((list) => list.join(''))

test('text without directives comes out as it was, whatever braces it has: Cheetah', () => {
  fc.assert(
    fc.property(braces, (text) => {
      const plain = text.replaceAll(/#/g, '+')
      expect(rendered(plain, 'cheetah')).toBe(plain)
    }),
    { numRuns: 500 },
  )
})

test('text between values comes out as it was, whatever stands at its ends', () => {
  fc.assert(
    fc.property(braces, braces, (a, b) => {
      const [before, after] = [a.replaceAll(/#/g, '+'), b.replaceAll(/#/g, '+')]
      // A backslash before a sign of Cheetah takes its meaning away.
      fc.pre(![before, after].some((text) => text.endsWith('\\')))
      expect(rendered(`${before}$host$one ${after}#if $one#.${after}.#else#x#end if#`, 'cheetah')).toBe(
        `${before}web11 ${after}.${after}.`,
      )
    }),
    { numRuns: 500 },
  )
})

test('text of Jinja comes out as it was, but for one line end at its very end', () => {
  fc.assert(
    fc.property(braces, (text) => {
      const raw = `{% raw %}${text}{% endraw %}{{ host }}`
      expect(rendered(raw, 'jinja')).toBe(`${text}web1`)
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['a variable', '$host ${host}.x $!host', 'web1 web1.x web1'],
  ['what nobody knows', '$HOME ${HOME} $1 $$ $(date) ${x%%.*}', '$HOME ${HOME} $1 $$ $(date) ${x%%.*}'],
  ['what is escaped', '\\$host \\${host} \\#if', '$host ${host} #if'],
  ['a default', "$getVar('nix', 'd') $getVar('one', 'd') $getVar('$one')", 'd 1 1'],
  ['several lines', 'a $text b', 'a two\nlines b'],
  ['a key of a map', "$map['k'] $map.k ${map.get('k', 'x')}", 'v v v'],
  ['an #if', "#if $host == 'web1' and not $empty\nyes\n#else\nno\n#end if\n", 'yes\n'],
  [
    'an #if of else ifs',
    "#if $one == '2'\na\n#elif $one == '3'\nb\n#else if $one == '1'\nc\n#else\nd\n#end if\n",
    'c\n',
  ],
  ['an #unless', '#unless $empty\nyes\n#end unless\n', 'yes\n'],
  ['an #if inside of a line', 'a #if $one#b#else#c#end if# d', 'a b d'],
  ['is in', "#if $host in ['a', 'web1'] and 'b' in $list\nyes\n#end if\n", 'yes\n'],
  ['numbers', '#if $num >= 5 and $int($num) < 6\nyes\n#end if\n', 'yes\n'],
  ['a #set', "#set $x = 'lit'\n#set $y = $x + '-' + $host\n$x $y\n", 'lit lit-web1\n'],
  [
    'a #set in branches',
    "#set $x = 'a'\n#if $one == '1'\n#set $x = 'b'\n#end if\n$x\n#if $x == 'b'\nyes\n#end if\n",
    'b\nyes\n',
  ],
  ['a #for', '#for $i in $list\n$i-$host\n#end for\n', 'a-web1\nb-web1\n'],
  [
    'a #for over what is written there',
    "#for $i in ['p', 'q']\n$i\n#end for\n#for $i in range(2)\n$i\n#end for\n",
    'p\nq\n0\n1\n',
  ],
  [
    'a #for over keys',
    '#for $k in $map.keys()\n$k\n#end for\n#for $k, $v in $map.items()\n$k=$v\n#end for\n',
    'k\nk=v\n',
  ],
  ['#raw', '#raw\n$host #if\n#end raw\n$host\n', '$host #if\nweb1\n'],
  ['comments', '## gone\na ## gone\n# stays $host\n#* gone\ngone *#b\n', 'a \n# stays web1\nb\n'],
  ['a # at the end of a line', '#\na #\nb\n', 'a b\n'],
  ['#slurp', 'a#slurp\nb\n', 'ab\n'],
  ['@@key@@', '@@host@@ @@nix@@', 'web1 @@nix@@'],
  ['TEMPLATE::', 'TEMPLATE::host', 'web1'],
  ['a name of a helper', '#for $list in $list\n$list\n#end for\n', 'a\nb\n'],
])('Cheetah: %s', (_, text, out) => {
  expect(rendered(text, 'cheetah')).toBe(out)
})

test.each([
  ['a value', '{{ host }}-{{host}}', 'web1-web1'],
  ['what nobody knows', '[{{ nix }}{{ nix.deep["x"] }}]', '[]'],
  ['a default', "{{ nix | default('d') }} {{ one|d('d') }}", 'd 1'],
  ['a joined list', "{{ list | join(',') }}", 'a,b'],
  ['an if', "{% if host == 'web1' %}\nyes\n{% elif one %}\nx\n{% else %}\nno\n{% endif %}\n", '\nyes\n'],
  ['blanks that go away', 'a\n  {%- if one -%}\n  b\n  {%- endif %}\nc', 'ab\nc'],
  ['blanks that stay', 'a\n  {% if one %}\nb\n  {% endif %}\nc', 'a\n  \nb\n  \nc'],
  ['a loop', '{% for i in list %}{{ loop.index0 }}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}', '0a,1b'],
  [
    'a test',
    '{% if nix is defined %}a{% endif %}{% if empty is defined %}b{% endif %}{% if nix is not defined %}c{% endif %}',
    'bc',
  ],
  ['a set', '{% set x = "y" %}{{ x }}', 'y'],
  ['comments and raw', '{# gone #}{% raw %}{{ host }}{% endraw %}', '{{ host }}'],
])('Jinja: %s', (_, text, out) => {
  expect(rendered(text, 'jinja')).toBe(out)
})

test.each([
  ['#import os', 'it imports a module of Python'],
  ["$host.split('.')[0]", 'it calls .split(), which is Python'],
  ['$len($list)', 'it calls len(), which is Python'],
  ["#if $host.startswith('web')\na\n#end if", 'it calls .startswith(), which is Python'],
  ['#while $x\na\n#end while', 'it loops until something computed changes'],
  ["#set $x = 'a' * 3", 'the expression holds a sign that is not understood here'],
  ['#silent $list.append("x")', 'it changes a value by Python'],
  ['#include "/etc/passwd"', 'it includes a file by its path'],
  ["#if $host > 'a'\nx\n#end if", 'it compares texts by >'],
  ["#for $x in $host.split(' ')\nx\n#end for", 'it calls .split(), which is Python'],
  ["#set $list[0] = 'x'", 'it changes a value by Python'],
])('Cheetah: %s becomes a comment, and the lines around it stay', (text, why) => {
  const { hbs, bad } = converted(`before\n${text}\nafter $host\n`, 'cheetah')
  expect([...bad]).toEqual([[2, why]])
  expect(templates.renderText(hbs, { vars }, { file: 'x', line: 1, who: 'duncan' })).toBe(
    `before\n${text.replaceAll(/^/gm, '# ')}\nafter web1\n`,
  )
})

test('what depends on a value that could not be computed becomes a comment too', () => {
  const { bad } = converted(
    "#set $short = $host.split('.')[0]\n$short\n#if $short == 'x'\nrm -rf /\n#end if\n$host\n",
    'cheetah',
  )
  const why = 'it needs short, which is set by something that could not be converted'
  expect([...bad]).toEqual([
    [1, 'it calls .split(), which is Python'],
    [2, why],
    [3, why],
  ])
})

test('comments are those that the reader of the answer knows: of XML, of a script inside of XML, none in JSON', () => {
  const xml = converted('<?xml version="1.0"?>\n$host.upper() -- x\n<![CDATA[\n$host.upper()\n]]>\n', 'cheetah').hbs
  expect(xml).toBe('<?xml version="1.0"?>\n<!-- $host.upper() - - x -->\n<![CDATA[\n# $host.upper()\n]]>\n')
  expect(converted('{ "a": 1,\n$host.upper()\n}\n', 'cheetah').hbs).toBe('{ "a": 1,\n\n}\n')
})

// As Cheetah 3 and Jinja2 render them: Python's `and` and `or` give an operand.
test.each([
  ["host or 'nobody'", 'web1'],
  ["empty or 'nobody'", 'nobody'],
  ["empty or map.nix or 'third'", 'third'],
  ["host and 'yes'", 'yes'],
  ["one == '1' and 'eth1' or 'eth0'", 'eth1'],
  ["one == '2' and 'eth1' or 'eth0'", 'eth0'],
  ["not empty and host or 'x'", 'web1'],
  ["empty and 'a' or host and 'b' or 'c'", 'b'],
  ["(empty or 'prod') + '/x'", 'prod/x'],
  ["one == '1' and host == 'web1'", 'True'],
  ["one == '2' or host == 'web1'", 'True'],
  ["one == '2' or host", 'web1'],
  ["one == '2' and host", 'False'],
  ["host and one == '1'", 'True'],
  ['not (host and one)', 'False'],
])('%s gives %s, written, kept and compared', (expression, value) => {
  const cheetah = expression.replaceAll(/\b(host|one|empty|map)\b(?!')/g, '$$$1')
  expect(rendered(`#set $x = ${cheetah}\n$x`, 'cheetah').trim()).toBe(value)
  if (!/^(?:True|False)$/.test(value))
    expect(rendered(`#set $x = ${cheetah}\n#if $x == '${value}'\nsame\n#end if`, 'cheetah').trim()).toBe('same')
  expect(rendered(`{{ ${expression} }}`, 'jinja')).toBe(value)
})

test('in a condition only their truth counts, however many there are', () => {
  const many = Array.from({ length: 12 }, (_, at) => `$map.n${at}`).join(' or ')
  expect(rendered(`#if ${many} or $host\nyes\n#end if`, 'cheetah')).toBe('yes\n')
  expect(rendered("#if ($empty or 'prod') == 'prod'\nyes\n#end if", 'cheetah')).toBe('yes\n')
  expect(rendered('#if $host and $one and not $empty\nyes\n#end if', 'cheetah')).toBe('yes\n')
})

test('too many operands to write one of them are listed, not guessed', () => {
  const many = Array.from({ length: 60 }, (_, at) => `$map.n${at}`).join(' or ')
  expect([...converted(`#set $x = ${many}\n$x\n`, 'cheetah').bad.values()]).not.toEqual([])
})
