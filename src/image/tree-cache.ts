import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import type { Tree, TreeNode } from './tree.ts'

/** Trees of versions that were read before, one file each, named by the digest of the manifest. Losing them costs time only. */
export interface TreeCache {
  /** Undefined when there is none, or when one byte of it is not as it was written. */
  load(key: string): Promise<CachedTree | undefined>
  save(key: string, tree: Tree, source: string): Promise<void>
}

export interface CachedTree {
  readonly tree: Tree
  /** Which machine's inodes it speaks of; empty when it was read from layers. */
  readonly source: string
}

const form = 'birnam-tree-1'

/** Zstd-compressed JSON lines: what it is, an array for each path, and a digest over all of it. */
export function openTreeCache(directory: string): TreeCache {
  const fileOf = (key: string): string => `${directory}/${key.replace(/[^a-z0-9]/g, '-')}.jsonl.zst`
  return {
    load: (key) => load(fileOf(key), key),
    save: (key, tree, source) => save(fileOf(key), key, tree, source),
  }
}

/** A cache for those who have no place to keep one. */
export const noCache: TreeCache = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() }

async function save(file: string, key: string, tree: Tree, source: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const half = `${file}.${process.pid}.${Date.now()}.half`
  try {
    await using handle = await open(half, 'w', 0o600)
    for await (const chunk of Readable.from(lines(key, tree, source)).pipe(createZstdCompress()))
      await handle.writeFile(chunk as Buffer)
    await handle.sync()
    await rename(half, file)
  } finally {
    await rm(half, { force: true })
  }
}

function* lines(key: string, tree: Tree, source: string): Generator<Buffer, void, void> {
  const hash = createHash('sha256')
  const told = (text: string): Buffer => {
    // Latin1 in and out: names are bytes, and JSON leaves characters up to U+00FF as they are.
    const bytes = Buffer.from(text, 'latin1')
    hash.update(bytes)
    return bytes
  }
  yield told(`${JSON.stringify([form, key, tree.size, Buffer.from(source).toString('base64')])}\n`)
  let batch = ''
  for (const [path, node] of tree) {
    batch += `${JSON.stringify(pack(path, node))}\n`
    if (batch.length < 262144) continue
    yield told(batch)
    batch = ''
  }
  yield told(batch)
  yield Buffer.from(`${JSON.stringify(hash.digest('hex'))}\n`)
}

type Row = [string, string, number, number, number, number, number, number, ...string[]]

function pack(path: string, node: TreeNode): Row {
  const { type, mode, uid, gid, size, mtime, nsec, target, device, xattrs, group, sha256, changed, inode } = node
  return [path, type, mode, uid, gid, size, mtime, nsec, target, device, xattrs, group, sha256, changed, inode]
}

function unpack(row: Row): [string, TreeNode] {
  const [path, type, mode, uid, gid, size, mtime, nsec, target, device, xattrs, group, sha256, changed, inode] = row
  const texts = {
    target: target!,
    device: device!,
    xattrs: xattrs!,
    group: group!,
    sha256: sha256!,
    changed: changed!,
    inode: inode!,
  }
  return [path, { type: type as TreeNode['type'], mode, uid, gid, size, mtime, nsec, ...texts }]
}

async function load(file: string, key: string): Promise<CachedTree | undefined> {
  try {
    const stream = createReadStream(file, { highWaterMark: 1 << 18 })
    return await parse(unzipped(stream), key)
  } catch {
    // Missing, cut short or damaged: the layers tell everything again.
    return undefined
  }
}

function unzipped(stream: Readable): Readable {
  const out = createZstdDecompress({ chunkSize: 1 << 18 })
  // Its failure is heard where it is read.
  pipeline(stream, out, () => undefined)
  return out
}

async function parse(stream: AsyncIterable<Buffer>, key: string): Promise<CachedTree | undefined> {
  const hash = createHash('sha256')
  const tree: Tree = new Map()
  let head: [string, string, number, string] | undefined
  let rest = ''
  let sum: string | undefined
  for await (const chunk of stream) {
    const rows = (rest + chunk.toString('latin1')).split('\n')
    rest = rows.pop()!
    for (const row of rows) {
      const value = JSON.parse(row) as unknown
      if (typeof value === 'string') sum = value
      else if (head) tree.set(...unpack(value as Row))
      else head = value as [string, string, number, string]
      if (sum === undefined) hash.update(`${row}\n`, 'latin1')
    }
  }
  const sound = head?.[0] === form && head[1] === key && head[2] === tree.size && sum === hash.digest('hex')
  return sound ? { tree, source: Buffer.from(head![3], 'base64').toString() } : undefined
}
