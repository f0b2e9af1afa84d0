import { expect, test } from 'vitest'
import { templatesOf } from './made.ts'

const listed = (texts: Record<string, string>): string[] =>
  templatesOf(texts)
    .variablesOf('main.hbs')
    .map(({ name, required, file, line }) => `${required ? '' : '?'}${name} ${file}:${line}`)

test('a written value is required, one that is only asked for is not', () => {
  const text =
    '{{vars.a}}\n{{shell vars.b}}\n{{default vars.c vars.d}}\n{{#if vars.e}}{{vars.f}}{{/if}}{{word (default vars.g "x")}}'
  expect(listed({ 'main.hbs': text })).toEqual([
    'vars.a main.hbs:1',
    'vars.b main.hbs:2',
    '?vars.c main.hbs:3',
    '?vars.d main.hbs:3',
    '?vars.e main.hbs:4',
    '?vars.f main.hbs:4',
    '?vars.g main.hbs:4',
  ])
})

test('the place that needs it is told before one that asks', () => {
  expect(listed({ 'main.hbs': '{{#if vars.a}}x{{/if}}\n\n{{vars.a}}' })).toEqual(['vars.a main.hbs:3'])
})

test('names inside of loops are those of the items', () => {
  const text =
    '{{#each vars.users as |user|}}{{user.name}}{{#each user.keys}}{{this}}{{/each}}{{../x}}{{/each}}{{#with vars.m}}{{n}}{{@root.o}}{{/with}}'
  expect(listed({ 'main.hbs': text })).toEqual([
    'o main.hbs:1',
    'vars.m main.hbs:1',
    'vars.m.n main.hbs:1',
    'vars.users main.hbs:1',
    '?vars.users[].keys main.hbs:1',
    '?vars.users[].keys[] main.hbs:1',
    '?vars.users[].name main.hbs:1',
    '?x main.hbs:1',
  ])
})

test('parts are looked into, with the names that they are given', () => {
  const texts = {
    'main.hbs': '{{#each vars.l as |one|}}{{> part.hbs it=one}}{{/each}}{{> part.hbs it="x"}}',
    'part.hbs': '\n{{it.a}}{{@root.vars.b}}',
  }
  expect(listed(texts)).toEqual([
    'vars.b part.hbs:2',
    'vars.l main.hbs:1',
    '?vars.l[] main.hbs:1',
    '?vars.l[].a part.hbs:2',
  ])
})
