import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync('test/e2e/README.md', 'utf8')
const rows = [...page.matchAll(/^\| (?!fact|-)(.+?) \| (.+) \|$/gm)].map(([, fact, shown]) => ({
  fact: fact!,
  shown: shown!,
}))

test('every test that is said to show what real firmware does is there', () => {
  const named = rows.flatMap(({ shown }) => [...shown.matchAll(/`([^`]+\.test\.ts)` "([^"]+)"/g)])
  expect(named.length).toBeGreaterThan(40)
  const gone = named.filter(([, file, title]) => !readFileSync(`test/e2e/${file}`, 'utf8').includes(title!))
  expect(gone.map(([text]) => text)).toEqual([])
})

test('a fact without a test says why', () => {
  const bare = rows.filter(({ shown }) => !shown.includes('.test.ts` "') && !/\blater\b/.test(shown))
  expect(bare).toEqual([])
})
