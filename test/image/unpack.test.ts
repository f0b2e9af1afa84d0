import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { capture } from '../../src/image/capture.ts'
import { openDirectory } from '../../src/image/capture-machine.ts'
import type { Digest } from '../../src/image/digest.ts'
import type { ImageVersion } from '../../src/image/store.ts'
import { writeEnd, writeEntry } from '../../src/image/tar-write.ts'
import { noCache, openTreeCache } from '../../src/image/tree-cache.ts'
import { unpackImage } from '../../src/image/unpack.ts'
import { removedBy, treeOf } from '../../src/image/version-tree.ts'
import { layAsImager } from './lay.ts'
import { MemoryStore } from './memory-store.ts'

const isRoot = process.getuid?.() === 0
const why = isRoot ? '' : ' (skipped: needs root)'

interface Place extends Disposable {
  readonly path: string
  readonly store: MemoryStore
  at(...names: string[]): string
}

function openPlace(): Place {
  const path = mkdtempSync(join(tmpdir(), 'birnam-unpack-'))
  return {
    path,
    store: new MemoryStore(),
    at: (...names) => join(path, ...names),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  }
}

/** A version of layers that the test writes by hand. */
function versionOf(store: MemoryStore, ...tars: readonly Uint8Array[]): ImageVersion {
  const layers = tars.map((tar) => {
    const bytes = zstdCompressSync(tar)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
    store.blobs.set(digest, bytes)
    return { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest, size: bytes.length }
  })
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: layers[0]!.digest, size: 1 }
  return {
    name: 'porter',
    tags: ['1'],
    digest: layers[0]!.digest,
    createdAt: 0,
    manifest: { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers },
  }
}

const tarOf = (...entries: readonly Parameters<typeof writeEntry>[0][]): Uint8Array =>
  Buffer.concat([...entries.map((entry) => writeEntry(entry)), writeEnd()])

test.skipIf(!isRoot)(
  `what was captured in two layers is unpacked as it was, whiteouts and strange names included${why}`,
  async () => {
    using place = openPlace()
    const [tree, to] = [place.at('tree'), place.at('made', 'porter')]
    mkdirSync(join(tree, 'gone/deep'), { recursive: true })
    writeFileSync(join(tree, 'gone/deep/file'), 'x')
    writeFileSync(join(tree, '-rf'), 'x')
    symlinkSync('/etc', join(tree, 'link'))
    const cache = openTreeCache(place.at('cache'))
    const once = async (): Promise<ImageVersion> => {
      await using source = openDirectory(tree)
      return (await capture(place.store, source, { as: 'porter', cache, keep: [], exclude: [] })).version!
    }
    await once()
    rmSync(join(tree, 'gone'), { recursive: true })
    rmSync(join(tree, '-rf'))
    rmSync(join(tree, 'link'))
    mkdirSync(join(tree, 'link'))
    writeFileSync(join(tree, 'link/file'), 'now a directory')
    await unpackImage(place.store, await once(), to)
    expect(execFileSync('diff', ['-r', tree, to]).toString()).toBe('')
    expect(readdirSync(place.at('made'))).toEqual(['porter'])
    await expect(unpackImage(place.store, await third(place, cache, tree), to)).rejects.toThrow(/is not empty/)
  },
)

async function third(place: Place, cache: ReturnType<typeof openTreeCache>, tree: string): Promise<ImageVersion> {
  writeFileSync(join(tree, 'more'), 'more')
  await using source = openDirectory(tree)
  return (await capture(place.store, source, { as: 'porter', cache, keep: [], exclude: [] })).version!
}

/** What an entry of an upper layer finds in its place, and what stands there afterwards, as podman mounts it. */
const places: readonly [what: string, lower: Entries, upper: Entries, after: string][] = [
  ['a link where a directory was', [dir('lib'), file('lib/a'), dir('usr')], [link('lib', 'usr')], 'lib -> usr\nusr/\n'],
  ['a file where a directory was', [dir('x'), dir('x/y'), file('x/y/z')], [file('x')], 'x\n'],
  ['a device where a directory was', [dir('x'), file('x/y')], [{ path: 'x', type: 'fifo', mode: 0o644 }], 'x|\n'],
  ['a hard link where a directory was', [dir('x'), file('x/y'), file('z')], [hard('x', 'z')], 'x\nz\n'],
  ['a directory where a file was', [file('x')], [dir('x'), file('x/y')], 'x/\nx/y\n'],
  [
    'a directory where a link was',
    [dir('usr'), file('usr/a'), link('lib', 'usr')],
    [dir('lib'), file('lib/b')],
    'lib/\nlib/b\nusr/\nusr/a\n',
  ],
  ['an entry below what was a file', [file('x')], [file('x/y/z')], 'x/\nx/y/\nx/y/z\n'],
  [
    'a whiteout below a directory that was a link',
    [dir('usr'), file('usr/a'), link('lib', 'usr')],
    [dir('lib'), file('lib/.wh.a')],
    'lib/\nusr/\nusr/a\n',
  ],
  [
    'an emptied directory that was a link',
    [dir('usr'), file('usr/a'), link('lib', 'usr')],
    [dir('lib'), file('lib/.wh..wh..opq'), file('lib/b')],
    'lib/\nlib/b\nusr/\nusr/a\n',
  ],
  [
    'an emptied directory that nobody had',
    [dir('a')],
    [dir('new'), file('new/.wh..wh..opq'), file('new/b')],
    'a/\nnew/\nnew/b\n',
  ],
  [
    'names that a shell could take for words',
    [dir('$(x) *'), dir('-rf'), file('-rf/a')],
    [link('-rf', '$(x) *'), file('$(x) *')],
    '$(x) *\n-rf -> $(x) *\n',
  ],
]

test.skipIf(!isRoot).each(places)(
  `%s takes its place, on a server as on a machine${why}`,
  async (_, lower, upper, after) => {
    using place = openPlace()
    const version = versionOf(place.store, tarOf(...lower), tarOf(...upper))
    await unpackImage(place.store, version, place.at('server'))
    await layAsImager(place.store, version, place.at('machine'))
    expect([listed(place.at('server')), listed(place.at('machine'))]).toEqual([after, after])
  },
)

test.each(places)('%s is what the tree of the version says', async (_, lower, upper, after) => {
  const store = new MemoryStore()
  const { tree } = await treeOf(store, versionOf(store, tarOf(...lower), tarOf(...upper)), { cache: noCache })
  const marks = { directory: '/', fifo: '|', symlink: '' } as const
  const lines = [...tree]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([path, { type, target }]) =>
        `${path}${type === 'symlink' ? ` -> ${target}` : (marks[type as keyof typeof marks] ?? '')}\n`,
    )
  // Directories that no layer lists are made by whoever unpacks.
  const isListed = (line: string): boolean =>
    [...lower, ...upper].some(({ path, type }) => type === 'directory' && line === `${path}/\n`)
  expect(lines).toEqual(after.match(/.*\n/g)!.filter((line) => !line.endsWith('/\n') || isListed(line)))
})

test.each(['.wh.', 'a/.wh..', '.wh...'])('the whiteout %s names no file, so the layer is refused', async (path) => {
  const store = new MemoryStore()
  const version = versionOf(store, tarOf(dir('a')), tarOf(file(path)))
  await expect(removedBy(store, version.manifest.layers[1]!.digest)).rejects.toThrow(/names no file/)
})

type Entries = readonly Parameters<typeof writeEntry>[0][]

function dir(path: string): Entries[number] {
  return { path, type: 'directory', mode: 0o755 }
}

function file(path: string): Entries[number] {
  return { path, type: 'file', mode: 0o644 }
}

function link(path: string, target: string): Entries[number] {
  return { path, type: 'symlink', mode: 0o777, target }
}

function hard(path: string, target: string): Entries[number] {
  return { path, type: 'link', mode: 0o644, target }
}

function listed(directory: string): string {
  const shell = String.raw`find . -mindepth 1 \( -type d -printf '%P/\n' -o -type l -printf '%P -> %l\n' -o -type p -printf '%P|\n' -o -printf '%P\n' \) | LC_ALL=C sort`
  return execFileSync('sh', ['-c', shell], { cwd: directory, encoding: 'utf8' })
}

test.skipIf(!isRoot)(`a layer with another digest leaves nothing behind${why}`, async () => {
  using place = openPlace()
  const version = versionOf(place.store, tarOf({ path: 'a', type: 'directory', mode: 0o755 }))
  const { digest } = version.manifest.layers[0]!
  place.store.blobs.set(digest, zstdCompressSync(tarOf({ path: 'b', type: 'directory', mode: 0o755 })))
  mkdirSync(place.at('made'))
  await expect(unpackImage(place.store, version, place.at('made', 'porter'))).rejects.toThrow(/layer sha256/)
  expect(readdirSync(place.at('made'))).toEqual([])
})

test.skipIf(!isRoot).each([
  ['a file', { path: 'a/evil', type: 'file', mode: 0o644 }],
  ['a hard link', { path: 'mine', type: 'link', mode: 0o644, target: 'a/secret' }],
  ['a removal', { path: 'a/.wh.secret', type: 'file', mode: 0 }],
  ['an emptied directory', { path: 'a/.wh..wh..opq', type: 'file', mode: 0 }],
  ['an emptied directory below it', { path: 'a/b/.wh..wh..opq', type: 'file', mode: 0 }],
] as const)(
  `%s that goes through a link of a lower layer is refused, and nothing outside is touched${why}`,
  async (_, entry) => {
    using place = openPlace()
    const outside = place.at('outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'secret'), 'secret')
    const link = tarOf({ path: 'a', type: 'symlink', mode: 0o777, target: outside })
    const version = versionOf(place.store, link, tarOf(entry, { path: 'a', type: 'directory', mode: 0o755 }))
    await expect(unpackImage(place.store, version, place.at('porter'))).rejects.toThrow(/goes through a link/)
    expect([
      readdirSync(outside),
      readFileSync(join(outside, 'secret'), 'utf8'),
      existsSync(place.at('porter')),
    ]).toEqual([['secret'], 'secret', false])
  },
)

test.skipIf(!isRoot)(`stopped in the middle, nothing is left${why}`, async () => {
  using place = openPlace()
  const stop = new AbortController()
  const version = versionOf(place.store, tarOf({ path: 'a', type: 'directory', mode: 0o755 }))
  const unpacking = unpackImage(place.store, version, place.at('made', 'porter'), {
    signal: stop.signal,
    onBytes: () => stop.abort(),
  })
  await expect(unpacking).rejects.toThrow()
  expect(readdirSync(place.at('made'))).toEqual([])
})
