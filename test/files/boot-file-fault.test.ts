import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bootFileFault } from '../../src/files/boot-file-fault.ts'

const directory = mkdtempSync(join(tmpdir(), 'birnam-fault-'))
afterAll(() => rmSync(directory, { recursive: true }))

function fault(bytes: string | Buffer, as: 'kernel' | 'initrd' = 'kernel'): string | undefined {
  const path = join(directory, 'file')
  writeFileSync(path, bytes)
  const { size, mtimeMs, ino } = statSync(path)
  return bootFileFault('boot/vmlinuz', { kind: 'file', path, size, mtimeMs, ino }, as)
}

/** `paragraphs` of 16 bytes behind one sector of boot code and three of set-up. */
function bzImage(paragraphs: number, length: number): Buffer {
  const image = Buffer.alloc(length)
  image[0x1f1] = 3
  image.writeUInt32LE(paragraphs, 0x1f4)
  image.write('HdrS', 0x202)
  image.writeUInt16LE(0x20f, 0x206)
  return image
}

test.each([
  ['nothing', '', /is empty \(0 bytes\), not a kernel/],
  ['a page', '<!DOCTYPE html>\n<html>', /is an HTML page, not a kernel/],
  ['a page behind a byte order mark', '\ufeff\n <HTML><title>502', /is an HTML page/],
  ['a placeholder', 'version https://git-lfs.github.com/spec/v1\n', /placeholder of Git LFS/],
  ['half of a bzImage', bzImage(1000, 9000), /is cut short: it has 9000 bytes, and its own header says 18048/],
] as const)('%s is no kernel', (_, bytes, sentence) => {
  expect(fault(bytes)).toMatch(sentence)
})

test.each([
  ['a whole bzImage', bzImage(1000, 18_048)],
  ['one with a signature behind it', bzImage(1000, 20_000)],
  ['an EFI program', Buffer.from('MZ\x90')],
  ['something that nobody knows', Buffer.from('kernel')],
])('%s may be one', (_, bytes) => {
  expect(fault(bytes)).toBeUndefined()
})

test('an initrd is never measured as a kernel', () => {
  expect(fault(bzImage(1000, 9000), 'initrd')).toBeUndefined()
  expect(fault('<html>', 'initrd')).toMatch(/not an initrd/)
})
