import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { judge, type Verdict } from '../../src/http/conditions.ts'
import { readRange } from '../../src/http/range.ts'

const whole = 'whole' as const
const none = 'unsatisfiable' as const

const ranges: readonly (readonly [header: string, answer: ReturnType<typeof readRange>])[] = [
  ['bytes=0-0', { from: 0, to: 0 }],
  ['bytes=0-', { from: 0, to: 99 }],
  ['bytes=10-19', { from: 10, to: 19 }],
  ['bytes=90-200', { from: 90, to: 99 }],
  ['bytes=-1', { from: 99, to: 99 }],
  ['bytes=-500', { from: 0, to: 99 }],
  ['BYTES=5-5', { from: 5, to: 5 }],
  ['bytes=0-9223372036854775808', { from: 0, to: 99 }],
  [`bytes=0-${'9'.repeat(400)}`, { from: 0, to: 99 }],
  ['bytes=-0', none],
  ['bytes=100-', none],
  ['bytes=9223372036854775808-', none],
  ['bytes=5-2', whole],
  ['bytes=', whole],
  ['bytes=-', whole],
  ['bytes=a-b', whole],
  ['bytes=1-2-3', whole],
  ['bytes=-5-10', whole],
  ['lines=1-2', whole],
  ['bytes=0-1,5-6', whole],
  [`bytes=${'0-,'.repeat(1000)}0-`, whole],
]

test.each(ranges)('%.60s of 100 bytes', (header, answer) => {
  expect(readRange(header, 100)).toEqual(answer)
})

test('an empty file has no range', () => {
  expect(readRange('bytes=0-', 0)).toBe(none)
  expect(readRange('bytes=-5', 0)).toBe(none)
})

test('a range lies inside the file, whatever is asked', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(1000), (text, size) => {
      const part = readRange(`bytes=${text}`, size)
      if (typeof part === 'string') return
      expect(part.from).toBeGreaterThanOrEqual(0)
      expect(part.to).toBeGreaterThanOrEqual(part.from)
      expect(part.to).toBeLessThan(size)
    }),
  )
})

const now = Date.parse('2026-11-23T12:00:00.500Z')
const version = { tag: '"abc"', mtimeMs: Date.parse('2026-11-20T08:00:00.700Z'), size: 100 }
const written = 'Fri, 20 Nov 2026 08:00:00 GMT'
const before = 'Fri, 20 Nov 2026 07:59:59 GMT'
const some = { range: 'bytes=0-9' }
const part: Verdict = { status: 206, part: { from: 0, to: 9 } }
const all: Verdict = { status: 200 }

const cases: readonly (readonly [says: string, headers: Record<string, string>, verdict: Verdict])[] = [
  ['nothing asked', {}, all],
  ['the known tag', { 'if-none-match': '"abc"' }, { status: 304 }],
  ['the known tag, weakly', { 'if-none-match': 'W/"abc"' }, { status: 304 }],
  ['one of several tags', { 'if-none-match': '"x", "abc"' }, { status: 304 }],
  ['any tag', { 'if-none-match': '*' }, { status: 304 }],
  ['another tag', { 'if-none-match': '"abcd"' }, all],
  ['another tag wins over a date', { 'if-none-match': '"x"', 'if-modified-since': written }, all],
  ['not modified since', { 'if-modified-since': written }, { status: 304 }],
  ['modified since', { 'if-modified-since': before }, all],
  ['a broken date', { 'if-modified-since': 'yesterday-ish' }, all],
  ['the wanted tag', { 'if-match': '"abc"' }, all],
  ['another wanted tag', { 'if-match': '"x"' }, { status: 412 }],
  ['a weak wanted tag never matches', { 'if-match': 'W/"abc"' }, { status: 412 }],
  ['modified after', { 'if-unmodified-since': before }, { status: 412 }],
  ['a range', some, part],
  ['a range of this version', { ...some, 'if-range': '"abc"' }, part],
  ['a range of an older version', { ...some, 'if-range': '"old"' }, all],
  ['a range with a weak tag', { ...some, 'if-range': 'W/"abc"' }, all],
  ['a range by date', { ...some, 'if-range': written }, part],
  ['a range by another date', { ...some, 'if-range': before }, all],
  ['a range past the end', { range: 'bytes=100-' }, { status: 416 }],
  ['a range past the end of an older version', { range: 'bytes=100-', 'if-range': '"old"' }, all],
  ['a known tag before a range', { ...some, 'if-none-match': '"abc"' }, { status: 304 }],
]

test.each(cases)('GET with %s', (_says, headers, verdict) => {
  expect(judge('GET', headers, version, now)).toEqual(verdict)
})

test('HEAD ignores a range', () => {
  expect(judge('HEAD', some, version, now)).toEqual(all)
})

test('a date is no strong validator while the file is younger than a second', () => {
  const young = { ...version, mtimeMs: now - 500 }
  expect(judge('GET', { ...some, 'if-range': new Date(young.mtimeMs).toUTCString() }, young, now)).toEqual(all)
})
