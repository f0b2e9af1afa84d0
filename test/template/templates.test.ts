import { expect, test } from 'vitest'
import { complaintOf, render, templatesOf } from './made.ts'

test('values stand in the text as they are, without HTML escaping', () => {
  expect(render('{{vars.a}} {{vars.b.c}} {{{vars.n}}}', { vars: { a: '<&>"\'', b: { c: 'x' }, n: 5 } })).toBe(
    '<&>"\' x 5',
  )
})

test('text without braces is not touched', () => {
  expect(render('$(x) %end }}\\')).toBe('$(x) %end }}\\')
})

const gone = [
  ['{{vars.x}}', {}, 'vars.x'],
  ['{{vars.x}}', { vars: {} }, 'vars.x'],
  ['{{vars.x}}', { vars: { x: undefined } }, 'vars.x'],
  ['{{vars.x}}', { vars: { x: null } }, 'vars.x'],
  ['{{vars.x.y.z}}', { vars: {} }, 'vars.x.y.z'],
  ['{{shell vars.x}}', { vars: {} }, 'vars.x'],
  ['{{shell (default vars.x vars.y)}}', { vars: { x: '' } }, '(default vars.x vars.y)'],
  ['{{default vars.x vars.y}}', { vars: {} }, '(default vars.x vars.y)'],
  ['{{lookup vars "x"}}', { vars: {} }, '(lookup vars a value)'],
  ['{{#each vars.x}}a{{/each}}', { vars: {} }, 'vars.x'],
  ['{{#with vars.x}}a{{/with}}', { vars: {} }, 'vars.x'],
  ['{{#vars.x}}a{{/vars.x}}', { vars: {} }, 'vars.x'],
  ['{{#each vars.l as |one|}}{{one.name}}{{/each}}', { vars: { l: [{}] } }, 'one.name'],
  ['{{@nothing}}', {}, '@nothing'],
  ['{{vars.constructor}}', { vars: {} }, 'vars.constructor'],
  ['{{constructor.constructor}}', {}, 'constructor.constructor'],
  ['{{vars.__proto__.polluted}}', { vars: {} }, 'vars.__proto__.polluted'],
  ['{{toString}}', {}, 'toString'],
  ['{{vars.name.length.toFixed}}', { vars: { name: 'x' } }, 'vars.name.length.toFixed'],
] as const

test.each(gone)('%s of %o is a missing variable, with file, line and machine', (text, context, name) => {
  expect(complaintOf(() => render(`a\nb\n${text}`, context))).toBe(
    `variable-missing a.hbs:3: ${name} has no value, for duncan`,
  )
})

test('a part names its own file and line', () => {
  const templates = templatesOf({
    'main.hbs': 'a\n{{> parts/_users.hbs}}',
    'parts/_users.hbs': '\n\nuser {{word vars.user}}',
  })
  expect(complaintOf(() => templates.render('main.hbs', { vars: {} }, 'duncan'))).toBe(
    'variable-missing parts/_users.hbs:3: vars.user has no value, for duncan',
  )
})

test('text that stands inside of a file counts from its line', () => {
  const place = { file: 'fleet.yaml', line: 40, who: 'duncan' }
  expect(complaintOf(() => templatesOf({}).renderText('a\n{{vars.x}}', {}, place))).toBe(
    'variable-missing fleet.yaml:41: vars.x has no value, for duncan',
  )
})

test('asking whether a value is there is no mistake', () => {
  const text =
    '{{#if vars.x}}a{{else}}b{{/if}}{{#unless vars.y.z}}c{{/unless}}{{default vars.x "d"}}{{#each vars.x}}{{else}}e{{/each}}'
  expect(
    render(`${text}{{^vars.x}}f{{/vars.x}}{{#if (and vars.x vars.y)}}{{else if (eq vars.x 1)}}{{else}}g{{/if}}`, {
      vars: {},
    }),
  ).toBe('bcdefg')
})

const broken = [
  ['{{vars.x', 'a {{ has no }}'],
  ['{{vars x}', 'a {{ has no }}'],
  ['{{if x=}}', 'the template does not parse: unexpected after'],
  ['{{vars.}}', 'there is no helper vars'],
  ['{{#if a}}', 'the template does not parse: a block has no end'],
  ['{{#if a}}{{/each}}', "the template does not parse: if doesn't match each"],
  ['{{nosuch a}}', 'there is no helper nosuch'],
  ['{{shell (nosuch a)}}', 'there is no helper nosuch'],
  ['{{vars.x "a"}}', 'there is no helper vars.x'],
  ['{{shell}}', 'shell takes 1 value and is given 0'],
  ['{{shell a b}}', 'shell takes 1 value and is given 2'],
  ['{{shell a b=1}}', 'shell takes no named values'],
  ['{{#eq a b}}{{/eq}}', 'eq is no helper for blocks'],
  ['{{#nosuch a}}{{/nosuch}}', 'nosuch is no helper for blocks'],
  ['{{#if}}{{/if}}', '{{#if}} takes one value'],
  ['{{> nosuch.hbs}}', 'there is no template nosuch.hbs'],
  ['{{> (lookup vars "x")}}', 'the name of a partial must be written out'],
  ['{{#*inline "x"}}{{/inline}}', 'decorators and inline partials are not known here'],
  ['{{#each l as |shell|}}{{/each}}', 'shell is the name of a helper'],
  ['{{vars.list}}', 'vars.list is a list and cannot be written as it is'],
  ['{{vars}}', 'vars is a map and cannot be written as it is'],
] as const

test.each(broken)('%s is told with its line', (text, why) => {
  const said = complaintOf(() => render(`a\n${text}`, { vars: { list: [1] } }))
  expect(said).toMatch(/^template-invalid a\.hbs:2: .*, for duncan$/)
  expect(said).toContain(why)
})

test('what was wrong in a part is right after the file is mended', () => {
  const texts: Record<string, string> = { 'main.hbs': '{{> part.hbs}}', 'part.hbs': '{{oops' }
  const templates = templatesOf(texts)
  expect(complaintOf(() => templates.render('main.hbs', {}, 'duncan'))).toContain('part.hbs:1: a {{ has no }}')
  texts['part.hbs'] = 'mended'
  expect(templates.render('main.hbs', {}, 'duncan')).toBe('mended')
  texts['part.hbs'] = 'changed {{> deeper.hbs}}'
  texts['deeper.hbs'] = 'once more'
  expect(templates.render('main.hbs', {}, 'duncan')).toBe('changed once more')
})

test('a part sees the variables of its caller, and what it is given by name', () => {
  const templates = templatesOf({
    'main.hbs': '{{#each vars.l as |one|}}{{> part.hbs who=one}}{{/each}}',
    'part.hbs': '{{who}}{{@root.vars.x}};',
  })
  expect(templates.render('main.hbs', { vars: { l: ['a', 'b'], x: 1 } }, 'duncan')).toBe('a1;b1;')
})

test('loops know index, key, first and last, also over maps', () => {
  const text = '{{#each vars.m as |value key|}}{{@index}}{{key}}={{value}}{{#unless @last}},{{/unless}}{{/each}}'
  expect(render(text, { vars: { m: { a: 1, b: 2 } } })).toBe('0a=1,1b=2')
})
