import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { capture, type Captured, type CaptureOptions } from '../../src/image/capture.ts'
import { openDirectory } from '../../src/image/capture-machine.ts'
import { digestOf } from '../../src/image/digest.ts'
import { extractWords } from '../../src/image/extract-words.ts'
import { media } from '../../src/image/oci.ts'
import type { ImageVersion } from '../../src/image/store.ts'
import { noCache, openTreeCache, type TreeCache } from '../../src/image/tree-cache.ts'
import { removedBy, treeOf } from '../../src/image/version-tree.ts'
import { openPlace } from '../lab/place.ts'
import { MemoryStore } from './memory-store.ts'

test('the first capture is one layer with everything but what the rules take out', async () => {
  await using scene = await openScene()
  const { version, added, leftOut, unsteady } = await scene.capture()
  expect(version!.manifest.layers).toHaveLength(1)
  expect(unsteady).toEqual([])
  expect(leftOut).toMatchObject({ 'ssh-host-keys': 1, tmp: 1, logs: 1 })
  expect(scene.names(version!, 0)).toEqual(
    expect.arrayContaining(['etc/machine-id', './', 'etc/', 'etc/hostname', 'tmp/', 'usr/bin/tool', 'var/log/']),
  )
  expect(scene.names(version!, 0)).not.toContain('tmp/junk')
  expect(added).toBe((await treeOf(scene.store, version!, { cache: noCache })).tree.size)
})

test('captured again without a change, no version is made, though programs wrote to /tmp and the logs', async () => {
  await using scene = await openScene()
  await scene.capture()
  writeFileSync(join(scene.tree, 'tmp/more'), 'x')
  writeFileSync(join(scene.tree, 'var/log/syslog'), 'more')
  const again = await scene.capture()
  expect([again.version, scene.store.versions.length]).toEqual([undefined, 1])
})

test.each(['with what was remembered', 'by reading the layers'])(
  'captured again, the next layer holds what changed, whiteouts for what vanished, and the directories around (%s)',
  async (how) => {
    await using scene = await openScene(how === 'by reading the layers' ? noCache : undefined)
    await scene.capture()
    writeFileSync(join(scene.tree, 'etc/hostname'), 'other\n')
    rmSync(join(scene.tree, 'usr/bin/tool'))
    rmSync(join(scene.tree, 'usr/share'), { recursive: true })
    const { version, added, changed, removed } = await scene.capture()
    expect(scene.names(version!, 1).toSorted()).toEqual(
      ['etc/', 'etc/hostname', 'usr/', 'usr/.wh.share', 'usr/bin/', 'usr/bin/.wh.tool'].toSorted(),
    )
    expect([added, changed, removed]).toEqual([0, 3, 4])
    await scene.expectSame(version!)
  },
)

test('all names of a changed file come along, so that they stay one file', async () => {
  await using scene = await openScene()
  linkSync(join(scene.tree, 'usr/bin/tool'), join(scene.tree, 'usr/bin/zool'))
  await scene.capture()
  writeFileSync(join(scene.tree, 'usr/bin/zool'), 'changed')
  linkSync(join(scene.tree, 'usr/bin/tool'), join(scene.tree, 'usr/bin/aool'))
  const { version } = await scene.capture()
  expect(scene.names(version!, 1)).toEqual(['usr/bin/', 'usr/bin/aool', 'usr/bin/tool', 'usr/bin/zool'])
  await scene.expectSame(version!)
})

test('a layer tells that none of its entries has an ACL; with one that has, ACLs are unpacked', async () => {
  await using scene = await openScene()
  const plain = (await scene.capture()).version!
  expect(extractWords('/', plain.manifest.layers)).not.toContain('--acls')
  execFileSync('setfacl', ['-m', 'u:99:r', join(scene.tree, 'etc/hostname')])
  utimesSync(join(scene.tree, 'etc/hostname'), 1, 1)
  const { version } = await scene.capture()
  expect(extractWords('/', version!.manifest.layers)).toContain('--acls')
  await scene.expectSame(version!)
})

test('layers that others made may have ACLs', () => {
  expect(extractWords('/')).toContain('--acls')
  expect(extractWords('/', [{ mediaType: media.layerGzip, digest: digestOf('0'.repeat(64)), size: 1 }])).toContain(
    '--acls',
  )
})

test('a directory that became a file, and a file that became a directory', async () => {
  await using scene = await openScene()
  await scene.capture()
  rmSync(join(scene.tree, 'usr/share'), { recursive: true })
  writeFileSync(join(scene.tree, 'usr/share'), 'now a file')
  rmSync(join(scene.tree, 'etc/hostname'))
  mkdirSync(join(scene.tree, 'etc/hostname'))
  writeFileSync(join(scene.tree, 'etc/hostname/x'), 'x')
  const { version } = await scene.capture()
  expect(scene.names(version!, 1)).toContain('usr/.wh.share')
  await scene.expectSame(version!)
})

test('changed attributes and modes alone are noticed', async () => {
  await using scene = await openScene()
  await scene.capture()
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'new', join(scene.tree, 'etc/hostname')])
  chmodSync(join(scene.tree, 'usr/bin/tool'), 0o4755)
  const { version } = await scene.capture()
  expect(scene.names(version!, 1).filter((name) => !name.endsWith('/'))).toEqual(['etc/hostname', 'usr/bin/tool'])
  await scene.expectSame(version!)
})

test('a content that changed under the same size and time is found by --checksum, and only so', async () => {
  await using scene = await openScene(noCache)
  const path = join(scene.tree, 'etc/hostname')
  utimesSync(path, 1_000_000_000, 1_000_000_000)
  await scene.capture()
  writeFileSync(path, 'rosto\n')
  utimesSync(path, 1_000_000_000, 1_000_000_000)
  expect((await scene.capture()).version).toBeUndefined()
  const { version } = await scene.capture({ checksum: true })
  expect(scene.names(version!, 1)).toEqual(['etc/', 'etc/hostname'])
})

test('--keep, --exclude and the rules of a site', async () => {
  await using scene = await openScene()
  const site = { scratch: { why: 'big', in: ['usr/share'] } }
  const { version, leftOut } = await scene.capture({
    keep: ['tmp', 'machine-id'],
    exclude: ['*.bin', '/usr/bin/to*'],
    site,
  })
  expect(scene.names(version!, 0)).toEqual(expect.arrayContaining(['tmp/junk', 'usr/share/']))
  expect(scene.names(version!, 0)).not.toContain('usr/bin/tool')
  expect(leftOut).toMatchObject({ scratch: 2, '--exclude': 1 })
  await expect(scene.capture({ keep: ['nothing'] })).rejects.toMatchObject({ code: 'request-invalid' })
})

test('a full disk leaves the earlier version as it was, and nothing else', async () => {
  await using scene = await openScene()
  await scene.capture()
  const blobs = scene.store.blobs.size
  execFileSync('dd', ['if=/dev/urandom', `of=${join(scene.tree, 'usr/big')}`, 'bs=1M', 'count=8', 'status=none'])
  scene.store.room = 1_000_000
  await expect(scene.capture()).rejects.toThrow('ENOSPC')
  expect([scene.store.versions.length, scene.store.blobs.size]).toEqual([1, blobs])
  scene.store.room = Number.POSITIVE_INFINITY
  await scene.expectSame((await scene.capture()).version!)
})

test('a capture that is stopped in the middle leaves nothing', async () => {
  await using scene = await openScene()
  execFileSync('dd', ['if=/dev/urandom', `of=${join(scene.tree, 'usr/big')}`, 'bs=1M', 'count=64', 'status=none'])
  const stop = new AbortController()
  const onProgress: CaptureOptions['onProgress'] = ({ packed }) => packed > 1_000_000 && stop.abort()
  await expect(scene.capture({ signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' })
  expect([scene.store.versions.length, scene.store.committed]).toEqual([0, 0])
})

test('two captures at once make two whole versions', async () => {
  await using scene = await openScene()
  const both = await Promise.all([scene.capture(), scene.capture()])
  expect(new Set(both.map(({ version }) => version!.tags[0]))).toEqual(new Set(['1', '2']))
  for (const { version } of both) await scene.expectSame(version!)
})

test('a file that grows while it is read is named, and read again the next time', async () => {
  await using scene = await openScene()
  const path = join(scene.tree, 'etc/hostname')
  const onProgress: CaptureOptions['onProgress'] = ({ step }) =>
    step === 'compare' && writeFileSync(path, 'longer than before\n')
  const { version, unsteady } = await scene.capture({ onProgress })
  expect([version!.tags, unsteady]).toEqual([['1'], ['etc/hostname']])
  expect(scene.names((await scene.capture()).version!, 1)).toContain('etc/hostname')
})

test('a file that vanishes before its turn is named, and the image is whole without it', async () => {
  await using scene = await openScene()
  const onProgress: CaptureOptions['onProgress'] = ({ step }) =>
    step === 'compare' && rmSync(join(scene.tree, 'etc/hostname'), { force: true })
  const { version, vanished } = await scene.capture({ onProgress })
  expect(vanished).toEqual(['etc/hostname'])
  await scene.expectSame(version!)
})

test('what is no directory is refused with a sentence', async () => {
  await using scene = await openScene()
  const from = openDirectory('/etc/hostname')
  await expect(capture(scene.store, from, { as: 'porter', cache: noCache })).rejects.toMatchObject({
    code: 'capture-failed',
  })
  await from[Symbol.asyncDispose]()
  expect(scene.store.committed).toBe(0)
})

interface Scene extends AsyncDisposable {
  readonly store: MemoryStore
  readonly tree: string
  capture(options?: Partial<CaptureOptions>): Promise<Captured>
  names(version: ImageVersion, layer: number): string[]
  expectSame(version: ImageVersion): Promise<void>
}

/** A small machine's tree, and a store to capture it to. */
async function openScene(cache?: TreeCache): Promise<Scene> {
  const place = await openPlace()
  const store = new MemoryStore()
  const tree = join(place.path, 'tree')
  const kept = cache ?? openTreeCache(join(place.path, 'cache'))
  for (const path of ['etc/ssh', 'usr/bin', 'usr/share/doc', 'tmp', 'var/log/app'])
    mkdirSync(join(tree, path), { recursive: true })
  const files = {
    'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
    'etc/hostname': 'other\n',
    'etc/ssh/ssh_host_rsa_key': 'secret',
    'usr/bin/tool': '#!/bin/sh\n',
    'usr/share/doc/readme': 'read me',
    'tmp/junk': 'junk',
    'var/log/syslog': 'log',
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(tree, path), text)
  writeFileSync(join(tree, 'etc/hostname'), 'porto\n')
  symlinkSync('bin/tool', join(tree, 'usr/tool'))
  let count = 0
  return {
    store,
    tree,
    async capture(options = {}) {
      await using source = openDirectory(tree, options.signal)
      return await capture(store, source, { as: 'porter', cache: kept, ...options })
    },
    names: (version, layer) => {
      const bytes = zstdDecompressSync(store.blobs.get(version.manifest.layers[layer]!.digest)!)
      return execFileSync('tar', ['-t', '--quoting-style=escape'], { input: bytes }).toString().trim().split('\n')
    },
    async expectSame(version) {
      const to = join(place.path, `to-${count++}`)
      mkdirSync(to)
      for (const { digest } of version.manifest.layers) {
        const bytes = zstdDecompressSync(store.blobs.get(digest)!)
        for (const path of (await removedBy(store, digest)).whiteouts) rmSync(join(to, path), { recursive: true })
        const [program, ...words] = extractWords(to, version.manifest.layers)
        execFileSync(program!, words, { input: bytes })
      }
      const words = [
        '-aHAXn',
        '--checksum',
        '--itemize-changes',
        '--delete',
        '--exclude=/tmp/*',
        '--exclude=/var/log/**',
        '--exclude=ssh_host_*',
        '--exclude=/etc/machine-id',
      ]
      const said = execFileSync('rsync', [...words, `${tree}/`, `${to}/`]).toString()
      expect(said.replace(/^\.d\.\.t\.{6} (?:etc|etc\/ssh|tmp|var\/log)\/\n/gm, '')).toBe('')
      expect(existsSync(join(to, 'etc/machine-id')) && readFileSync(join(to, 'etc/machine-id'), 'utf8')).toBe('')
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}
