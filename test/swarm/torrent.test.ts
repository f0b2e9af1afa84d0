import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { bencode } from '../../src/swarm/bencode.ts'
import { hashPieces, infoHash, metainfo, pieceLength } from '../../src/swarm/torrent.ts'

test('numbers, text, bytes, lists and dictionaries as BEP 3 writes them, keys sorted as bytes', () => {
  const value = { spam: ['a', 'é'], b: -3, 'a b': Buffer.from([0, 255]), z: {} }
  expect(bencode(value).toString('latin1')).toBe('d3:a b2:\0\xff1:bi-3e4:spaml1:a2:Ã©e1:zdee')
})

test('a blob has about a thousand pieces, whatever its size, and none larger than 16 MiB', () => {
  expect([1, 256 << 20, 10 * 2 ** 30, 2 ** 40].map((size) => pieceLength(size) >> 10)).toEqual([256, 256, 8192, 16_384])
})

test('pieces are the same however the bytes come in', async () => {
  const bytes = Buffer.alloc(3 * (256 << 10) + 17, 'wood')
  const whole = await hashPieces(chunks(bytes, bytes.length), bytes.length)
  const crumbs = await hashPieces(chunks(bytes, 9973), bytes.length)
  expect(crumbs.equals(whole)).toBe(true)
  expect(whole.length).toBe(4 * 20)
  const last = createHash('sha1')
    .update(bytes.subarray(3 * (256 << 10)))
    .digest()
  expect(whole.subarray(60).equals(last)).toBe(true)
  expect((await hashPieces(chunks(Buffer.alloc(0), 1), 0)).length).toBe(0)
})

test('a torrent is one thing whoever is told of it: neither tracker nor web seed is part of its name', () => {
  const torrent = { name: 'ab', size: 3, pieces: Buffer.alloc(20) }
  const [one, two] = [metainfo(torrent, 'http://a/', 'http://b/'), metainfo(torrent, 'http://c/', undefined)]
  const info = (bytes: Buffer): string => /4:infod.*7:privatei1ee/s.exec(bytes.toString('latin1'))![0].slice(6)
  expect(info(one)).toBe(info(two))
  expect(infoHash(torrent)).toBe(
    createHash('sha1')
      .update(Buffer.from(info(one), 'latin1'))
      .digest('hex'),
  )
  expect(two.toString('latin1')).not.toContain('url-list')
})

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  await Promise.resolve()
}
