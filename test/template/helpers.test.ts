import { expect, test } from 'vitest'
import { complaintOf, render } from './made.ts'

const written = [
  ['{{shell x}}', "it's $(here)", String.raw`'it'\''s $(here)'`],
  ['{{shell x}}', '', "''"],
  ['{{yaml x}}', 'a: "b" #!!x', String.raw`"a: \"b\" #!!x"`],
  ['{{yaml x}}', 'one\ntwo\u2028three\u0085', String.raw`"one\ntwo\u2028three\u0085"`],
  ['{{yaml x}}', ['a', 1, true, null], '["a",1,true,null]'],
  ['{{json x}}', { a: [1] }, '{"a":[1]}'],
  ['{{url x}}', 'a b/c?d=é', 'a%20b%2Fc%3Fd%3D%C3%A9'],
  ['{{part x "host"}}', 'http://deb.debian.org:8080/debian/', 'deb.debian.org:8080'],
  ['{{part x "path"}}', 'http://deb.debian.org/debian/', '/debian'],
  ['{{part x "path"}}', 'https://deb.debian.org', '/'],
  ['{{part x "protocol"}}', 'https://deb.debian.org', 'https'],
  ['{{word x}}', '$6$salt$hash', '$6$salt$hash'],
  ['{{words x}}', ['a', 'b'], 'a b'],
  ['{{words x ","}}', ['a', 'b'], 'a,b'],
  ['{{words x}}', 'one', 'one'],
  ['{{#if (flag x)}}a{{else}}b{{/if}}', true, 'a'],
  ['{{#if (flag x)}}a{{else}}b{{/if}}', false, 'b'],
  ['{{#if (flag x)}}a{{else}}b{{/if}}', undefined, 'b'],
  ['{{account x}}', 'lady_macbeth-2', 'lady_macbeth-2'],
  ['{{line x}}', 'Macbeth of Glamis, Esq.', 'Macbeth of Glamis, Esq.'],
  ['{{lines x}}', 'one\ntwo', 'one\ntwo'],
  ['{{base64 x}}', 'one\ntwö', 'b25lCnR3w7Y='],
  ['{{#base64}}[{{x}}]{{/base64}}', 'a', 'W2Fd'],
  ['{{join x ", "}}', ['a b', 'c'], 'a b, c'],
  ['{{concat "a" x 1}}', 'b', 'ab1'],
  ['{{#each (list x "c")}}{{this}};{{/each}}', ['a', 'b'], 'a;b;c;'],
  ['{{default y x}}', 'a', 'a'],
  ['{{default x "other"}}', [], 'other'],
  ['{{default x "other"}}', false, 'false'],
  ['{{lookup x "b"}}', { b: 'c' }, 'c'],
  ['{{#if (eq x 9)}}yes{{/if}}', '9', 'yes'],
  ['{{#if (not x)}}yes{{/if}}', [], 'yes'],
  ['{{#if (and x (or y x))}}yes{{/if}}', 'a', 'yes'],
  ['{{#if (has x "b")}}yes{{/if}}', ['a', 'b'], 'yes'],
  ['{{#if (atLeast x 9)}}yes{{else}}no{{/if}}', '10', 'yes'],
  ['{{#if (atLeast x 9)}}yes{{else}}no{{/if}}', 8, 'no'],
] as const

test.each(written)('%s of %o is written %s', (template, x, text) => {
  expect(render(template, { x })).toBe(text)
})

const refused = [
  ['{{x}}', 'a\nb', 'holds a line break'],
  ['{{x}}', 'a\rb', 'holds a line break'],
  ['{{x}}', 'a\u2028b', 'holds a line break'],
  ['{{x}}', 'a\0b', 'holds a NUL'],
  ['{{x}}', '\ud800', 'holds half a character'],
  ['{{x}}', '\u001b[2J', 'holds a control character'],
  ['{{shell x}}', 'a\nb', 'holds a line break'],
  ['{{lines x}}', 'a\n\rb', 'holds a line break'],
  ['{{lines x}}', 'a\nb\0', 'holds a NUL'],
  ['{{word x}}', 'a b', 'must be one plain word, and holds a blank'],
  ['{{word x}}', '', 'is empty'],
  ['{{word x}}', '%end', 'must be one plain word, and holds %'],
  ['{{word x}}', 'a;b', 'must be one plain word, and holds ;'],
  ['{{word x}}', '$(a)', 'must be one plain word, and holds ('],
  ['{{words x ","}}', ['a', 'b,c'], 'has an item that holds ","'],
  ['{{words x}}', ['a', 'b c'], 'holds a blank'],
  ['{{account x}}', 'root', 'is root'],
  ['{{account x}}', '-x', 'is no name for a user'],
  ['{{account x}}', '../x', 'is no name for a user'],
  ['{{line x}}', 'a\\', 'holds a backslash'],
  ['{{line x}}', ' a', 'begins or ends with a blank'],
  ['{{url x}}', '\udfff', 'holds half a character'],
  ['{{part x "host"}}', 'deb.debian.org', 'is no URL'],
  ['{{part x "port"}}', 'http://a/', 'is no part of a URL'],
  ['{{base64 x}}', '\ud800', 'holds half a character'],
  ['{{atLeast x 9}}', 'nine', 'must be a number'],
  ['{{lookup x "b"}}', 'text', 'is no map and no list'],
] as const

test.each(refused)('%s refuses %j: %s', (template, x, why) => {
  const said = complaintOf(() => render(template, { x }))
  expect(said).toMatch(/^template-invalid a\.hbs:1: \S+ /)
  expect(said).toContain(why)
})

test('a refused value does not stand in the complaint: it may be a secret', () => {
  for (const template of [
    '{{x}}',
    '{{word x}}',
    '{{shell x}}',
    '{{line x}}',
    '{{account x}}',
    '{{part x "host"}}',
    '{{atLeast x 1}}',
  ])
    expect(complaintOf(() => render(template, { x: 'swordfish\n' }))).not.toContain('swordfish')
})
