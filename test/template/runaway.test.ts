import { expect, test } from 'vitest'
import { complaintOf, render, templatesOf } from './made.ts'

const many = Array.from({ length: 1000 }, (_, n) => n)
const nested = (depth: number): string => '{{#each @root.l}}'.repeat(depth) + '{{/each}}'.repeat(depth)

const runaways: Record<string, () => string> = {
  'loops inside of loops': () => render(nested(6), { l: many }),
  'a loop that writes without end': () => render(`{{#each l}}${'x'.repeat(5000)}{{/each}}`, { l: many }),
  'a huge value written often': () => render('{{#each l}}{{@root.v}}{{/each}}', { l: many, v: 'x'.repeat(65_536) }),
  'a part that includes itself': () => templatesOf({ 'a.hbs': '{{> a.hbs}}' }).render('a.hbs', {}, 'duncan'),
  'parts that include each other': () =>
    templatesOf({ 'a.hbs': '{{> b.hbs}}', 'b.hbs': '{{> c.hbs}}', 'c.hbs': '{{> b.hbs}}' }).render(
      'a.hbs',
      {},
      'duncan',
    ),
  'parts that double each other': () => doubling(40),
  'blocks of parts that double': () => {
    const block = '{{#> p.hbs}}'.repeat(30) + '{{/p.hbs}}'.repeat(30)
    return templatesOf({ 'a.hbs': block, 'p.hbs': '{{> @partial-block}}{{> @partial-block}}' }).render(
      'a.hbs',
      {},
      'duncan',
    )
  },
  'a template of half a mebibyte': () => render('{{a}}'.repeat(100_000), { a: 1 }),
  'ten thousand blocks in each other': () => render('{{#if a}}'.repeat(10_000) + '{{/if}}'.repeat(10_000), { a: 1 }),
}

test.each(Object.keys(runaways))('%s: one clear complaint, and the next rendering works', (name) => {
  expect(complaintOf(runaways[name]!)).toMatch(/^template-invalid [a-c]\.hbs:\d+: .*, for duncan$/)
  expect(render('{{a}}', { a: 'fine' })).toBe('fine')
})

test('a long list is no runaway', () => {
  expect(render('{{#each l}}{{this}};{{/each}}', { l: Array.from({ length: 20_000 }, () => 'x') })).toHaveLength(40_000)
})

function doubling(depth: number): string {
  const names = Array.from({ length: depth }, (_, n) => `${n}.hbs`)
  const texts = Object.fromEntries(
    names.map((name, n) => [name, n + 1 < depth ? `{{> ${n + 1}.hbs}}{{> ${n + 1}.hbs}}` : 'x']),
  )
  return templatesOf({ ...texts, 'a.hbs': '{{> 0.hbs}}' }).render('a.hbs', {}, 'duncan')
}
