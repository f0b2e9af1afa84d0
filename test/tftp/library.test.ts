import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Library, type File } from '../../src/tftp/library.ts'
import type { Pages } from '../../src/tftp/pages.ts'

/** One file in a directory of its own. */
class Disk implements Disposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'birnam-library-'))
  readonly path: string = join(this.directory, 'file')

  constructor(bytes: Buffer) {
    writeFileSync(this.path, bytes)
  }

  get file(): File {
    const { size, mtimeMs, ino } = statSync(this.path)
    return { kind: 'file', path: this.path, size, mtimeMs, ino }
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true })
  }
}

/** All data of a file, read in windows of so many blocks. */
async function readAll(pages: Pages, blksize: number, windowsize: number): Promise<Buffer> {
  const found: Buffer[] = []
  for (let first = 1; first <= pages.blocks; first += windowsize) {
    const window = await pages.window(first, Math.min(windowsize, pages.blocks - first + 1))
    for (let at = 0; at < window.length; at += blksize + 4) {
      const block = (first + at / (blksize + 4)) & 0xffff
      if (window.readUInt16BE(at + 2) !== block) throw new Error(`this is not block ${block}`)
      found.push(window.subarray(at + 4, at + 4 + blksize))
    }
  }
  return Buffer.concat(found)
}

test.each([
  [0, 512, 1],
  [512, 512, 1],
  [5_000_000, 1468, 64],
  [5_000_000, 1468, 7],
  [300_000, 8, 64],
  [4_190_000, 65_464, 64],
])('%i bytes are read in pieces as they are, in blocks of %i and windows of %i', async (size, blksize, windowsize) => {
  const bytes = randomBytes(size)
  using disk = new Disk(bytes)
  const pages = await new Library(64 << 20).pages(disk.file, blksize, false)
  expect((await readAll(pages, blksize, windowsize)).equals(bytes)).toBe(true)
  pages.close()
})

test('with memory for less than a piece every transfer still has every byte', async () => {
  const bytes = randomBytes(5_000_000)
  using disk = new Disk(bytes)
  const library = new Library(1000)
  const readers = await Promise.all([1, 2, 3].map(() => library.pages(disk.file, 1468, false)))
  const read = await Promise.all(readers.map((pages, n) => readAll(pages, 1468, 16 * (n + 1))))
  expect(read.map((copy) => copy.equals(bytes))).toEqual([true, true, true])
  for (const pages of readers) pages.close()
})

test('what is in memory is there at once', async () => {
  using disk = new Disk(randomBytes(3000))
  const library = new Library(1 << 20)
  expect(library.pagesNow(disk.file, 512)).toBeUndefined()
  const pages = await library.pages(disk.file, 512, false)
  pages.close()
  expect(library.pagesNow(disk.file, 512)?.window(1, 1)).toBeInstanceOf(Buffer)
  expect(library.pagesNow(disk.file, 1468)).toBeUndefined()
})

test('a new file under the same name changes nothing for who reads the old one', async () => {
  const [old, young] = [randomBytes(5_000_000), randomBytes(5_000_000)]
  using disk = new Disk(old)
  const library = new Library(1000)
  const before = await library.pages(disk.file, 1468, false)
  writeFileSync(`${disk.path}.new`, young)
  renameSync(`${disk.path}.new`, disk.path)
  const after = await library.pages(disk.file, 1468, false)
  const [first, second] = await Promise.all([readAll(before, 1468, 64), readAll(after, 1468, 64)])
  expect([first.equals(old), second.equals(young)]).toEqual([true, true])
  before.close()
  after.close()
})

test.each([
  ['cut off', (path: string) => truncateSync(path, 10)],
  ['longer', (path: string) => appendFileSync(path, 'more')],
  ['written over', (path: string) => writeFileSync(path, randomBytes(5_000_000))],
])('a file that is %s under its reader ends with a word, and not with a mixture', async (_what, change) => {
  using disk = new Disk(randomBytes(5_000_000))
  const pages = await new Library(1000).pages(disk.file, 1468, false)
  change(disk.path)
  await expect(readAll(pages, 1468, 64)).rejects.toThrow('the file changed while it was sent')
  pages.close()
})

test('a file that was found and is gone is told', async () => {
  using disk = new Disk(randomBytes(3000))
  const { file } = disk
  rmSync(disk.path)
  await expect(new Library(1000).pages(file, 512, false)).rejects.toThrow(/ENOENT/)
})

test('no descriptor stays open', async () => {
  using disk = new Disk(randomBytes(5_000_000))
  const library = new Library(1000)
  const before = readdirSync('/proc/self/fd').length
  for (let n = 0; n < 20; n++) {
    const pages = await library.pages(disk.file, 1468, false)
    await pages.window(1, 64)
    pages.close()
    pages.close()
  }
  await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
})

test('netascii is cut into blocks after it was translated, so no pair is lost at an edge', async () => {
  using disk = new Disk(Buffer.from('1234567\n\r'.repeat(100)))
  const pages = await new Library(1 << 20).pages(disk.file, 8, true)
  const wire = Buffer.from('1234567\r\n\r\0'.repeat(100))
  expect([pages.size, pages.blocks]).toEqual([1100, 138])
  expect((await readAll(pages, 8, 5)).equals(wire)).toBe(true)
})

test('a text too large to be translated is refused before it is read', async () => {
  using disk = new Disk(Buffer.alloc(0))
  truncateSync(disk.path, 1 << 30)
  await expect(new Library(1000).pages(disk.file, 512, true)).rejects.toThrow(/too large for netascii/)
})
