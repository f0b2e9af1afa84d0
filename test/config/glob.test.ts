import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isGlob, nameGlob, pathGlob } from '../../src/config/glob.ts'

const piece = fc.constantFrom('*', '**', '**/', '?', 'a', 'b', '/', '.', '\n', '+')
const pattern = fc.array(piece, { maxLength: 7 }).map((parts) => parts.join(''))
const text = fc.array(fc.constantFrom('a', 'b', '/', '.', '\n', '+'), { maxLength: 9 }).map((parts) => parts.join(''))

/** The same language as a regular expression, which is right for patterns that are short. */
function expression(glob: string, words: Readonly<Record<string, string>>, end: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\*\*\/|\*\*|\*|\?/g, (word) => words[word] ?? words['*']!.repeat(word.length))
  return new RegExp(`^${source}${end}`, 's')
}

test('a path fits its pattern, and so does all below it', () => {
  const words = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }
  fc.assert(
    fc.property(pattern, text, (glob, path) => {
      expect(pathGlob(glob).test(path)).toBe(expression(glob, words, '(?:/|$)').test(path))
    }),
    { numRuns: 20_000 },
  )
})

test('a name fits whole', () => {
  const plain = pattern.map((glob) => glob.replaceAll('/', ''))
  fc.assert(
    fc.property(plain, text, (glob, name) => {
      expect(nameGlob(glob).test(name)).toBe(expression(glob, { '*': '.*', '?': '.' }, '$').test(name))
    }),
    { numRuns: 20_000 },
  )
})

test('a pattern that would be tried in ever so many ways costs one walk over the text', () => {
  const long = 'usr/share/perl/5.36.0/unicore/lib/long/path/CanonicalCombiningClass.pl'.repeat(50)
  const hard = ['*'.repeat(200), '*a'.repeat(100), '**a'.repeat(80), '**/'.repeat(80), 'a?*'.repeat(80)]
  for (const glob of hard.flatMap((start) => [`${start}zzz`, `**/${start}\0`])) {
    expect(pathGlob(glob).test(long)).toBe(false)
    expect(pathGlob(glob).test('a/'.repeat(2000))).toBe(false)
    expect(nameGlob(glob).test('a'.repeat(4000))).toBe(false)
  }
})

test('a pattern of any length is read', () => {
  const fits = (part: string): boolean => pathGlob(part.repeat(50_000)).test('b/'.repeat(20))
  expect(['*', '**/', '****/', '**/**'].every(fits)).toBe(true)
  expect(['?', 'a*', '?**'].some(fits)).toBe(false)
})

test('only stars and question marks make a pattern', () => {
  expect(['a*', '?', 'a/**/b'].every(isGlob)).toBe(true)
  expect(['a', '[ab]', 'a+', ''].some(isGlob)).toBe(false)
})
