import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TarReader } from '../../src/image/tar-read.ts'
import { writeEnd, writeEntry, type OwnEntry } from '../../src/image/tar-write.ts'
import { openTreeCache } from '../../src/image/tree-cache.ts'
import { LayerTree, type Tree } from '../../src/image/tree.ts'
import { compare, choose } from '../../src/image/compare.ts'
import { openPlace } from '../lab/place.ts'

test('whiteouts and opaque directories take away what is below, never what comes with them', () => {
  const tree = laid([file('etc/a'), file('etc/b'), dir('srv'), file('srv/old'), dir('opt'), file('opt/x')])
  over(tree, [file('etc/.wh.a'), file('etc/a/new'), file('srv/new'), file('srv/.wh..wh..opq'), file('.wh.opt')])
  expect([...tree.keys()].toSorted()).toEqual(['etc/a/new', 'etc/b', 'srv', 'srv/new'])
})

test('a directory that a layer replaces by a file takes its content with it', () => {
  const tree = laid([dir('a'), file('a/b'), file('a/c/d')])
  over(tree, [file('a')])
  expect([...tree.keys()]).toEqual(['a'])
})

test('hard links share a group, within a layer and across', () => {
  const tree = laid([file('a'), { path: 'b', type: 'link', target: 'a' }])
  over(tree, [{ path: 'c', type: 'link', target: 'a' }])
  expect(['a', 'b', 'c'].map((path) => tree.get(path)!.group)).toEqual(['a', 'a', 'a'])
})

test('a tree comes back from its cache as it was; one changed byte, another key, or a missing end, and it does not', async () => {
  await using place = await openPlace()
  const tree = laid([dir(''), file('caf\xc3\xa9\xff\n"\\'), { path: 'l', type: 'symlink', target: 'caf\xe9' }])
  const cache = openTreeCache(place.path)
  await cache.save('sha256:aa', tree, 'ssh:pört 0:1')
  expect(await cache.load('sha256:aa')).toEqual({ tree, source: 'ssh:pört 0:1' })
  expect(await cache.load('sha256:bb')).toBeUndefined()
  const path = join(place.path, readdirSync(place.path)[0]!)
  const bytes = readFileSync(path)
  writeFileSync(join(place.path, 'sha256-bb.jsonl.zst'), bytes)
  expect(await cache.load('sha256:bb')).toBeUndefined()
  for (const spoilt of [bytes.subarray(0, bytes.length - 10), Buffer.alloc(0), flipped(bytes)]) {
    writeFileSync(path, spoilt)
    expect(await cache.load('sha256:aa')).toBeUndefined()
  }
})

test('a million files: read from a tar, compared, kept and loaded', { timeout: 300_000 }, async () => {
  await using place = await openPlace()
  const count = 1_000_000
  const reader = new TarReader()
  const layer = new LayerTree()
  const one = Buffer.from(writeEntry(file('d00000/f0000000')))
  for (let from = 0; from < count; from += 1000) {
    const chunk = Buffer.concat(Array.from({ length: 1000 }, () => one))
    for (let index = 0; index < 1000; index++) renamed(chunk, index * 512, from + index)
    for (const piece of reader.read(chunk)) if (piece.kind === 'entry') layer.add(piece.entry)
  }
  const tree: Tree = new Map()
  layer.layOver(tree)
  expect(tree.size).toBe(count)
  const nodes = new Map(tree)
  nodes.delete('d00500/f0500000')
  const listing = { nodes, source: '', xattrs: false, notes: [] }
  const delta = await compare({ tree, source: '' }, listing, choose(listing, {}))
  expect([delta.send, delta.whiteouts, delta.removed]).toEqual([[], ['d00500/f0500000'], 1])
  const cache = openTreeCache(place.path)
  await cache.save('sha256:aa', tree, '')
  expect((await cache.load('sha256:aa'))!.tree.size).toBe(count)
  expect(process.memoryUsage().rss).toBeLessThan(3e9)
})

function renamed(bytes: Buffer, at: number, index: number): void {
  bytes.write(`d${String(Math.floor(index / 1000)).padStart(5, '0')}/f${String(index).padStart(7, '0')}`, at)
  bytes.write('        ', at + 148)
  let sum = 0
  for (let place = at; place < at + 512; place++) sum += bytes[place]!
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148)
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[Math.floor(copy.length / 2)]! ^= 1
  return copy
}

function laid(entries: readonly OwnEntry[]): Tree {
  const tree: Tree = new Map()
  over(tree, entries)
  return tree
}

function over(tree: Tree, entries: readonly OwnEntry[]): void {
  const layer = new LayerTree()
  const bytes = Buffer.concat([...entries.map((entry) => writeEntry(entry)), writeEnd()])
  for (const piece of new TarReader().read(bytes)) if (piece.kind === 'entry') layer.add(piece.entry)
  layer.layOver(tree)
}

function file(path: string): OwnEntry {
  return { path, type: 'file' }
}

function dir(path: string): OwnEntry {
  return { path, type: 'directory' }
}
