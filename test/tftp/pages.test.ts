import { expect, test } from 'vitest'
import { blocksOf } from '../../src/tftp/layout.ts'
import { pagesOf } from '../../src/tftp/pages.ts'

test.each([
  [0, 1],
  [1, 1],
  [511, 1],
  [512, 2],
  [513, 2],
  [1024, 3],
])('%i bytes in blocks of 512 are %i of them, and the last one is short or empty', (size, blocks) => {
  expect(blocksOf(size, 512)).toBe(blocks)
  const pages = pagesOf(Buffer.alloc(size, 7), 512)
  const last = pages.window(blocks, 1) as Buffer
  expect([pages.blocks, pages.size, last.length]).toEqual([blocks, size, 4 + (size % 512)])
})

test('a window is DATA packets end to end, and ends where the file does', () => {
  const pages = pagesOf(Buffer.from('abcdefghij'), 8)
  expect(pages.window(1, 64)).toEqual(Buffer.from('\0\x03\0\x01abcdefgh\0\x03\0\x02ij'))
  expect(pages.window(2, 1)).toEqual(Buffer.from('\0\x03\0\x02ij'))
})

test('after block 65,535 the number on the wire begins again at 0', () => {
  const pages = pagesOf(Buffer.alloc(8 * 65_540), 8)
  const window = pages.window(65_535, 3) as Buffer
  expect([0, 12, 24].map((at) => window.readUInt16BE(at + 2))).toEqual([65_535, 0, 1])
})
