import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/tftp/limits.ts'
import { negotiate } from '../../src/tftp/negotiate.ts'

const size = 42_000

/** What is acknowledged of the options that were asked for. */
function acknowledged(...options: [string, string][]): Record<string, string> {
  return Object.fromEntries(negotiate(new Map(options), size, defaultLimits).acknowledged)
}

test('without options there is no OACK, and RFC 1350 holds', () => {
  expect(negotiate(new Map(), size, defaultLimits)).toEqual({ blksize: 512, windowsize: 1, acknowledged: [] })
})

test('what is agreed on is what is acknowledged, in the order it was asked', () => {
  const asked = new Map([
    ['tsize', '0'],
    ['windowsize', '16'],
    ['blksize', '1408'],
    ['timeout', '3'],
  ])
  expect(negotiate(asked, size, defaultLimits)).toEqual({
    blksize: 1408,
    windowsize: 16,
    timeout: 3000,
    acknowledged: [
      ['tsize', '42000'],
      ['windowsize', '16'],
      ['blksize', '1408'],
      ['timeout', '3'],
    ],
  })
})

describe('RFC 2348: a block', () => {
  test.each([8, 511, 512, 1428, 1432, 1456, 1468, 8192, 65464])('of %i bytes is agreed to', (blksize) => {
    expect(acknowledged(['blksize', String(blksize)])).toEqual({ blksize: String(blksize) })
  })

  test.each(['0', '1', '7', '65465', '99999999999'])('of %s bytes is as if it had not been asked', (blksize) => {
    expect(acknowledged(['blksize', blksize])).toEqual({})
  })

  test('is no larger than the server allows, nor than what was asked', () => {
    const limits = { ...defaultLimits, blksize: 1468 }
    expect(negotiate(new Map([['blksize', '65464']]), size, limits)).toMatchObject({ blksize: 1468 })
    expect(negotiate(new Map([['blksize', '512']]), size, limits)).toMatchObject({ blksize: 512 })
  })
})

describe('RFC 7440: a window', () => {
  test.each([
    ['1', '1'],
    ['2', '2'],
    ['64', '64'],
    ['65', '64'],
    ['65535', '64'],
  ])('of %s blocks becomes one of %s', (asked, agreed) => {
    expect(acknowledged(['windowsize', asked])).toEqual({ windowsize: agreed })
  })

  test.each(['0', '65536'])('of %s blocks is as if it had not been asked', (windowsize) => {
    expect(acknowledged(['windowsize', windowsize])).toEqual({})
  })
})

describe('RFC 2349', () => {
  test.each(['1', '255'])('a timeout of %s seconds is acknowledged as it is', (timeout) => {
    expect(acknowledged(['timeout', timeout])).toEqual({ timeout })
  })

  test.each(['0', '256'])('a timeout of %s seconds is as if it had not been asked', (timeout) => {
    expect(acknowledged(['timeout', timeout])).toEqual({})
  })

  test.each(['0', '5', '4294967295'])('tsize %s is answered with the size of the file, beyond 32 bits too', (tsize) => {
    expect(acknowledged(['tsize', tsize])).toEqual({ tsize: '42000' })
    const large = negotiate(new Map([['tsize', tsize]]), 2 ** 32 + 1, defaultLimits)
    expect(large.acknowledged).toEqual([['tsize', '4294967297']])
  })

  test('tsize is not promised where the length is not known before: in netascii', () => {
    expect(negotiate(new Map([['tsize', '0']]), undefined, defaultLimits).acknowledged).toEqual([])
  })
})

test.each(['', ' 512', '512 ', '-1', '+512', '1e3', '0x200', '5.5', 'NaN', '٥١٢', '1'.repeat(10_000)])(
  'the value %j makes no sense and is as if it had not been asked',
  (value) => {
    for (const name of ['blksize', 'windowsize', 'timeout', 'tsize']) expect(acknowledged([name, value])).toEqual({})
  },
)

test('options that nobody here knows are not acknowledged', () => {
  const unknown: [string, string][] = ['utimeout', 'multicast', 'rollover', '__proto__', 'constructor'].map((name) => [
    name,
    '1',
  ])
  expect(acknowledged(...unknown, ['tsize', '0'])).toEqual({ tsize: '42000' })
})

test('whatever is asked, the terms are within the RFCs and what the server allows', () => {
  const names = fc.constantFrom('blksize', 'windowsize', 'timeout', 'tsize', 'other')
  const values = fc.oneof(fc.integer().map(String), fc.integer({ min: 0, max: 70_000 }).map(String), fc.string())
  fc.assert(
    fc.property(fc.array(fc.tuple(names, values)), (options) => {
      const { blksize, windowsize, timeout = 1000 } = negotiate(new Map(options), size, defaultLimits)
      expect(blksize >= 8 && blksize <= 65464 && windowsize >= 1 && windowsize <= 64).toBe(true)
      expect(timeout >= 1000 && timeout <= 255_000).toBe(true)
    }),
  )
})
