import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Buffers } from '../../src/http/buffers.ts'
import { FileCache, type FileContent, type Held } from '../../src/http/file-cache.ts'

test('a second look at a file within a second is answered at once, from the same bytes', async () => {
  await using shop = await Shop.open(1000)
  const content = await shop.put('kernel', 'k'.repeat(100))
  const first = await shop.hold(content, 0)
  const again = shop.cache.hold(content, 999)
  expect(again).not.toBeInstanceOf(Promise)
  expect(again).toMatchObject({ bytes: first!.bytes, version: first!.version })
})

test('ten machines that ask for the same new kernel read it once', async () => {
  await using shop = await Shop.open(1000)
  const content = await shop.put('kernel', 'k'.repeat(600))
  const held = await Promise.all(Array.from({ length: 10 }, () => shop.hold(content, 0)))
  expect(new Set(held.map((one) => one?.bytes)).size).toBe(1)
  expect(shop.cache.bytes).toBe(600)
})

test('what was not asked for longest makes room', async () => {
  await using shop = await Shop.open(1000)
  const [a, b, c] = [
    await shop.put('a', 'a'.repeat(400)),
    await shop.put('b', 'b'.repeat(400)),
    await shop.put('c', 'c'.repeat(400)),
  ]
  for (const content of [a, b, a, c]) (await shop.hold(content, 0))!.release()
  expect(shop.cache.bytes).toBe(800)
  expect(shop.cache.hold(a, 0)).not.toBeInstanceOf(Promise)
  expect(shop.cache.hold(b, 0)).toBeInstanceOf(Promise)
})

test('bytes that are still being sent are not thrown out, so a newcomer goes out from disk', async () => {
  await using shop = await Shop.open(1000)
  const [a, b] = [await shop.put('a', 'a'.repeat(700)), await shop.put('b', 'b'.repeat(700))]
  const held = await shop.hold(a, 0)
  expect(await shop.hold(b, 0)).toBeUndefined()
  held!.release()
  expect(await shop.hold(b, 0)).toBeDefined()
  expect(shop.cache.bytes).toBe(700)
})

test('a file that was replaced counts until its last reader is done', async () => {
  await using shop = await Shop.open(2000)
  const old = await shop.hold(await shop.put('a', 'a'.repeat(700)), 0)
  const fresh = await shop.hold(await shop.put('a', 'b'.repeat(800)), 0)
  expect([String(old!.bytes[0]), shop.cache.bytes]).toEqual([String('a'.charCodeAt(0)), 1500])
  old!.release()
  old!.release()
  expect([fresh!.version.size, shop.cache.bytes]).toEqual([800, 800])
})

test('a file larger than one file may be is never read into memory', async () => {
  await using shop = await Shop.open(1000)
  expect(shop.cache.hold({ kind: 'file', path: '/nowhere', size: 1001, mtimeMs: 0, ino: 0 }, 0)).toBeUndefined()
})

test('a file keeps its tag when it leaves the memory', async () => {
  await using shop = await Shop.open(1000)
  const content = await shop.put('a', 'a'.repeat(700))
  const held = await shop.hold(content, 0)
  const { OpenFile } = await import('../../src/http/open-file.ts')
  await using file = await OpenFile.open(content.path)
  expect(shop.cache.tagOf(file.identity)).toBe(held!.version.tag)
})

test('when the big buffers are out, small ones are lent, and a buffer comes back once', () => {
  const lent = new Buffers({ big: 2, bigSize: 100, smallSize: 10 })
  const [one, two, three] = [lent.take(), lent.take(), lent.take()]
  expect([one, two, three].map(({ buffer }) => buffer.length)).toEqual([100, 100, 10])
  expect(lent.plenty).toBe(false)
  one.release()
  one.release()
  expect([lent.take(), lent.take()].map(({ buffer }) => buffer.length)).toEqual([100, 10])
})

class Shop implements AsyncDisposable {
  readonly directory: string
  readonly cache: FileCache

  private constructor(directory: string, memory: number) {
    this.directory = directory
    this.cache = new FileCache({ memory, memoryPerFile: 1000 })
  }

  static async open(memory: number): Promise<Shop> {
    return new Shop(await mkdtemp(join(tmpdir(), 'birnam-memory-')), memory)
  }

  async put(name: string, text: string): Promise<FileContent> {
    const path = join(this.directory, name)
    await writeFile(path, text)
    const { size, mtimeMs, ino } = await stat(path)
    return { kind: 'file', path, size, mtimeMs, ino }
  }

  async hold(content: FileContent, now: number): Promise<Held | undefined> {
    return this.cache.hold(content, now)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.directory, { recursive: true })
  }
}
