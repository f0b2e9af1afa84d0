import { expect, test } from 'vitest'
import { closure, indexOf, nameOf, namesOf, readIndex } from './mirror-index.ts'

const index = readIndex(`Package: duncan
Depends: macbeth (>= 1.0) | banquo, lady:any
Provides: king (= 1)

Package: macbeth
Description: thane
 of Glamis, and soon
 of Cawdor

Package: lady
Depends: king
`)

test('an index that was written is read back, and ends with a blank line behind its last package', () => {
  const written = indexOf(index.map(({ text }) => text))
  expect(readIndex(written)).toEqual(index)
  expect(written.endsWith('Depends: king\n\n')).toBe(true)
  expect(indexOf([])).toBe('')
})

test('what names need: the first alternative that there is, once, and nothing that is there already', () => {
  expect(closure(['duncan'], index, new Set()).map(nameOf)).toEqual(['duncan', 'macbeth', 'lady'])
  expect(closure(['duncan'], index, new Set(['banquo'])).map(nameOf)).toEqual(['duncan', 'lady'])
  expect(closure(['fleance'], index, new Set())).toEqual([])
})

test('a package stands for what it provides', () => {
  expect([...namesOf(index)]).toEqual(['duncan', 'king', 'macbeth', 'lady'])
})
