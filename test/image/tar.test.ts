import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync, symlinkSync, linkSync, utimesSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { TarEntry } from '../../src/image/tar-entry.ts'
import { TarReader } from '../../src/image/tar-read.ts'
import { SparseContent } from '../../src/image/tar-sparse.ts'
import { writeEnd, writeEntry } from '../../src/image/tar-write.ts'
import { writePax } from '../../src/image/tar-pax.ts'
import { openPlace } from '../lab/place.ts'

const formats = ['v7', 'oldgnu', 'gnu', 'ustar', 'posix']

test.each(formats)('GNU tar --format=%s: names, kinds, sizes and times as they were packed', async (format) => {
  await using place = await openPlace()
  const tree = join(place.path, 'tree')
  const long = format === 'v7' ? 'n'.repeat(80) : 'n'.repeat(90)
  mkdirSync(join(tree, 'd'), { recursive: true })
  writeFileSync(join(tree, 'd', long), 'content')
  symlinkSync('t'.repeat(format === 'gnu' || format === 'posix' ? 300 : 60), join(tree, 'link'))
  linkSync(join(tree, 'd', long), join(tree, 'again'))
  utimesSync(join(tree, 'd', long), 1_000_000_000, 1_000_000_000)
  const bytes = execFileSync('tar', ['-c', `--format=${format}`, '--sort=name', '-C', tree, '.'])
  const entries = all(bytes)
  const file = entries.find(({ type }) => type === 'file')!
  const link = entries.find(({ type }) => type === 'link')!
  expect(entries.map(({ type }) => type)).toEqual(['directory', 'file', 'directory', 'link', 'symlink'])
  expect([file.path, link.path, link.target, file.size]).toEqual(['again', `d/${long}`, 'again', 7])
  expect([file.mtime, file.nsec]).toEqual([1_000_000_000, 0])
})

test.each(['gnu', 'posix --sparse-version=0.0', 'posix --sparse-version=0.1', 'posix --sparse-version=1.0'])(
  'a sparse file packed as %s has its real size and its own bytes',
  async (how) => {
    await using place = await openPlace()
    const path = join(place.path, 'holes')
    writeFileSync(path, '')
    for (let index = 0; index < 40; index++)
      execFileSync('dd', [
        'if=/dev/urandom',
        `of=${path}`,
        'bs=4096',
        'count=1',
        `seek=${index * 7}`,
        'conv=notrunc',
        'status=none',
      ])
    truncateSync(path, 2_000_001)
    const bytes = execFileSync('tar', ['-c', '--sparse', ...`--format=${how}`.split(' '), '-C', place.path, 'holes'])
    const hash = createHash('sha256')
    let content: SparseContent | undefined
    for (const chunk of pieces(bytes, 777)) {
      for (const piece of reading.read(chunk)) {
        if (piece.kind === 'entry') {
          expect([piece.entry.path, piece.entry.size]).toEqual(['holes', 2_000_001])
          content = new SparseContent(piece.entry.sparse!, piece.entry.size)
        } else if (piece.kind === 'data') for (const part of content!.read(piece.bytes)) hash.update(part)
      }
    }
    for (const part of content!.finish()) hash.update(part)
    expect(hash.digest('hex')).toBe(execFileSync('sha256sum', [path]).toString().slice(0, 64))
    reading = new TarReader()
  },
)

let reading = new TarReader()

test('head, data and pad in their order are the tar itself, whatever the chunks', () => {
  const bytes = execFileSync('tar', ['-c', '--format=pax', '-C', '/etc', 'passwd', 'hosts', 'alternatives'])
  for (const size of [1, 511, 512, 4096, 1 << 20]) {
    const reader = new TarReader()
    const parts: Uint8Array[] = []
    for (const chunk of pieces(bytes, size))
      for (const piece of reader.read(chunk))
        if (piece.kind !== 'end') parts.push(piece.kind === 'entry' ? piece.head : piece.bytes)
    reader.finish()
    const copied = Buffer.concat(parts)
    expect(copied.equals(bytes.subarray(0, copied.length))).toBe(true)
  }
})

test('what we write ourselves, GNU tar reads', () => {
  const name = `long/${'x'.repeat(200)}`
  const bytes = Buffer.concat([
    writeEntry({ path: 'etc', type: 'directory', mode: 0o755 }),
    writeEntry({ path: 'etc/.wh.gone', type: 'file' }),
    writeEntry({ path: name, type: 'file', mode: 0o600, uid: 4_000_000_000, gid: 7 }),
    writeEnd(),
  ])
  const text = execFileSync('tar', ['-tv', '--numeric-owner'], { input: bytes }).toString()
  expect(text).toMatch(/drwxr-xr-x 0\/0 .* etc\/\n/)
  expect(text).toContain('etc/.wh.gone')
  expect(text).toMatch(new RegExp(`-rw------- 4000000000/7 .* ${name}`))
  expect(all(bytes).map(({ path }) => path)).toEqual(['etc', 'etc/.wh.gone', name])
})

test('global PAX headers count until they are changed', () => {
  const global = extension('g', writePax([['uid', '77']]))
  const bytes = Buffer.concat([
    global,
    writeEntry({ path: 'a', type: 'file' }),
    extension('g', writePax([['uid', '']])),
    writeEntry({ path: 'b', type: 'file' }),
    writeEnd(),
  ])
  expect(all(bytes).map(({ uid }) => uid)).toEqual([77, 0])
})

const one = Buffer.from(writeEntry({ path: 'a', type: 'file' }))

const hostile: readonly (readonly [string, () => Buffer, RegExp])[] = [
  ['cut in the middle of an entry', () => sized('a', 1000).subarray(0, 900), /ends in the middle, after 900 bytes/],
  ['without an end', () => one, /ends in the middle/],
  ['nothing at all', () => Buffer.alloc(0), /ends in the middle, after 0 bytes/],
  ['no tar', () => Buffer.alloc(1024, 'x'), /no tar header at byte 0/],
  [
    'a flipped bit in a header',
    () => flip(Buffer.concat([one, Buffer.from(writeEnd())]), 3),
    /no tar header at byte 0/,
  ],
  ['a negative size', () => forged((bytes) => bytes.fill(0xff, 124, 136)), /negative size at byte 0/],
  [
    'a size beyond all measure',
    () => forged((bytes) => void bytes.fill(0x7f, 125, 136).writeUInt8(0x80, 124)),
    /size beyond all measure/,
  ],
  ['a size that is no number', () => forged((bytes) => bytes.write('0000000z000', 124)), /size that is no number/],
  ['..', () => forged((bytes) => bytes.write('a/../../b', 0)), /a\/\.\.\/\.\.\/b leads out of the tree/],
  ['an absolute name', () => forged((bytes) => bytes.write('/etc/shadow', 0)), /\/etc\/shadow is an absolute name/],
  [
    'a hard link out',
    () => forged((bytes) => void (bytes.write('1', 156), bytes.write('../../etc/shadow', 157))),
    /leads out of the tree/,
  ],
  ['a link to nothing', () => forged((bytes) => bytes.write('2', 156)), /links to nothing/],
  ['an unknown type', () => forged((bytes) => bytes.write('Q', 156)), /unknown type "Q"/],
  [
    'a PAX header of 1 GiB',
    () => forged((bytes) => void (bytes.write('x', 156), bytes.write('10000000000', 124))),
    /header of 1073741824 bytes/,
  ],
  [
    'PAX headers without end',
    () => Buffer.concat(Array.from({ length: 9000 }, () => extension('x', writePax([['comment', 'y'.repeat(300)]])))),
    /bytes of headers for one entry/,
  ],
  ['a PAX length that lies', () => Buffer.concat([extension('x', '99 path=a\n'), one]), /broken PAX header/],
  ['a PAX length of zero', () => Buffer.concat([extension('x', '0 path=a\n'), one]), /broken PAX header/],
  [
    'a PAX size that is no number',
    () => Buffer.concat([extension('x', writePax([['size', '-5']])), one]),
    /PAX number that is none/,
  ],
  ['a zero byte in a name', () => Buffer.concat([extension('x', writePax([['path', 'a\0b']])), one]), /zero byte/],
  [
    'a part of 256 bytes',
    () => Buffer.concat([extension('x', writePax([['path', 'y'.repeat(256)]])), one]),
    /part of 256 bytes/,
  ],
  [
    'the end after a PAX header',
    () => Buffer.concat([extension('x', writePax([['path', 'a']])), Buffer.from(writeEnd())]),
    /without its entry/,
  ],
]

test.each(hostile)('a hostile tar is refused with one sentence: %s', (_name, make, sentence) => {
  const bytes = make()
  for (const size of [bytes.length || 1, 100]) {
    const read = (): unknown => {
      const reader = new TarReader()
      for (const chunk of pieces(bytes, size)) for (const _piece of reader.read(chunk)) continue
      return reader.finish()
    }
    expect(read).toThrow(expect.objectContaining({ code: 'image-invalid', message: expect.stringMatching(sentence) }))
  }
})

test('more entries than the limit are refused', () => {
  const reader = new TarReader({ entries: 10 })
  const bytes = Buffer.concat(Array.from({ length: 11 }, () => one))
  expect(() => [...reader.read(bytes)]).toThrow(/more than 10 entries/)
})

test('random bytes over a sound tar are refused or read, never anything else', () => {
  const sound = execFileSync('tar', ['-c', '--format=pax', '-C', '/etc', 'hosts', 'passwd'])
  let seed = 7
  const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.from(sound)
    for (let count = 0; count < 5; count++) bytes[random(2048)] = random(256)
    try {
      all(bytes)
    } catch (error) {
      expect(error).toMatchObject({ code: 'image-invalid' })
    }
  }
})

function all(bytes: Buffer): TarEntry[] {
  const reader = new TarReader()
  const entries: TarEntry[] = []
  for (const chunk of pieces(bytes, 1000))
    for (const piece of reader.read(chunk)) if (piece.kind === 'entry') entries.push(piece.entry)
  reader.finish()
  return entries
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function forged(change: (bytes: Buffer) => unknown): Buffer {
  const bytes = Buffer.from(one)
  change(bytes)
  return Buffer.concat([summed(bytes), Buffer.from(writeEnd())])
}

function summed(bytes: Buffer): Buffer {
  bytes.write('        ', 148)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

function sized(path: string, size: number): Buffer {
  const bytes = Buffer.from(writeEntry({ path, type: 'file' }))
  bytes.write(size.toString(8).padStart(11, '0'), 124)
  return Buffer.concat([summed(bytes), Buffer.alloc(Math.ceil(size / 512) * 512)])
}

function extension(type: string, text: string): Buffer {
  const body = Buffer.alloc(Math.ceil(text.length / 512) * 512)
  body.write(text, 'latin1')
  const bytes = Buffer.from(writeEntry({ path: 'x', type: 'file' }))
  bytes.write(type, 156)
  bytes.write(text.length.toString(8).padStart(11, '0'), 124)
  return Buffer.concat([summed(bytes), body])
}

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at]! ^= 4
  return bytes
}

test.each([2 ** 33 - 1, 2 ** 33, 2 ** 40])('a file of %i bytes says how many it has', (size) => {
  const [piece] = new TarReader().read(writeEntry({ path: 'layer', type: 'file', size }))
  expect(piece).toMatchObject({ kind: 'entry', entry: { path: 'layer', stored: size } })
})
