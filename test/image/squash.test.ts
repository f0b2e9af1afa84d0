import { execFileSync } from 'node:child_process'
import { appendFileSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { capture, type Captured } from '../../src/image/capture.ts'
import { openDirectory } from '../../src/image/capture-machine.ts'
import { openTarball } from '../../src/image/capture-tarball.ts'
import { diffTrees } from '../../src/image/diff.ts'
import { diffPackages, packagesOf, readApk, readDpkg } from '../../src/image/packages.ts'
import { squash } from '../../src/image/squash.ts'
import { noCache } from '../../src/image/tree-cache.ts'
import { treeOf } from '../../src/image/version-tree.ts'
import { openPlace } from '../lab/place.ts'
import { MemoryStore } from './memory-store.ts'

test('three layers squashed have the same files, without what was replaced or taken away', async () => {
  await using place = await openPlace()
  const tree = join(place.path, 'tree')
  const store = new MemoryStore()
  mkdirSync(join(tree, 'a/b'), { recursive: true })
  writeFileSync(join(tree, 'a/b/secret'), 'taken away later')
  writeFileSync(join(tree, 'one'), '1')
  linkSync(join(tree, 'one'), join(tree, 'uno'))
  await captured(store, tree)
  rmSync(join(tree, 'a'), { recursive: true })
  writeFileSync(join(tree, 'one'), '11')
  await captured(store, tree)
  mkdirSync(join(tree, 'a'))
  rmSync(join(tree, 'uno'))
  const { version } = await captured(store, tree)
  const made = await squash(store, version!, {})
  const [before, after] = [
    await treeOf(store, version!, { cache: noCache, sums: true }),
    await treeOf(store, made, { cache: noCache, sums: true }),
  ]
  expect(diffTrees(before.tree, after.tree)).toEqual([])
  const tar = zstdDecompressSync(store.blobs.get(made.manifest.layers[0]!.digest)!)
  expect([made.manifest.layers.length, tar.includes('taken away later')]).toEqual([1, false])
  expect(execFileSync('tar', ['-t'], { input: tar }).toString().trim().split('\n').toSorted()).toEqual([
    './',
    'a/',
    'one',
  ])
  await expect(squash(store, made, {})).rejects.toMatchObject({ code: 'request-invalid' })
})

test.each(['plain', 'gz', 'zstd', 'xz'])('a tarball (%s) is captured, and again as what changed', async (how) => {
  await using place = await openPlace()
  const tree = join(place.path, 'tree')
  const store = new MemoryStore()
  mkdirSync(join(tree, 'etc/ssh'), { recursive: true })
  writeFileSync(join(tree, 'etc/ssh/ssh_host_rsa_key'), 'secret')
  writeFileSync(join(tree, 'etc/a'), 'a')
  linkSync(join(tree, 'etc/a'), join(tree, 'etc/b'))
  const pack = (): string => {
    const file = join(place.path, 'image.tar')
    const words = { plain: [], gz: ['-z'], zstd: ['--zstd'], xz: ['-J'] }[how]!
    execFileSync('tar', ['-c', ...words, '-f', file, '--format=pax', '--sort=name', '-C', tree, '.'])
    return file
  }
  const first = await capture(store, openTarball(pack()), { as: 'porter', cache: noCache })
  expect([first.added, first.leftOut]).toEqual([5, { 'ssh-host-keys': 1 }])
  expect((await capture(store, openTarball(pack()), { as: 'porter', cache: noCache })).version).toBeUndefined()
  appendFileSync(join(tree, 'etc/b'), 'more')
  const second = await capture(store, openTarball(pack()), { as: 'porter', cache: noCache, checksum: true })
  const tar = zstdDecompressSync(store.blobs.get(second.version!.manifest.layers[1]!.digest)!)
  expect(execFileSync('tar', ['-t'], { input: tar }).toString()).toBe('./etc/\n./etc/a\n./etc/b\n')
})

test('a tarball that writes through its own symlink, one cut short, and one that is none', async () => {
  await using place = await openPlace()
  const store = new MemoryStore()
  const tree = join(place.path, 'tree')
  mkdirSync(join(tree, 'lib'), { recursive: true })
  writeFileSync(join(tree, 'lib/passwd'), 'x')
  const file = join(place.path, 'x.tar')
  execFileSync('sh', [
    '-c',
    `ln -s /etc ${place.path}/lib; tar -cf ${file} -C ${place.path} lib; tar -rf ${file} -C ${tree} lib/passwd`,
  ])
  const from = (): Promise<Captured> => capture(store, openTarball(file), { as: 'porter', cache: noCache })
  await expect(from()).rejects.toMatchObject({
    code: 'image-invalid',
    message: expect.stringContaining('below lib, which is no directory'),
  })
  const whole = gzipSync(execFileSync('tar', ['-c', '-C', '/etc', 'passwd', 'hosts', 'services']))
  writeFileSync(file, whole.subarray(0, whole.length - 2000))
  await expect(from()).rejects.toMatchObject({
    code: 'image-invalid',
    message: expect.stringMatching(/does not unpack|ends in the middle/),
  })
  writeFileSync(file, 'no tar at all'.repeat(1000))
  await expect(from()).rejects.toMatchObject({ code: 'image-invalid' })
  expect([store.committed, store.versions.length]).toEqual([0, 0])
})

test('diff tells files and packages', async () => {
  await using place = await openPlace()
  const tree = join(place.path, 'tree')
  const store = new MemoryStore()
  const status = (packages: Record<string, string>): void =>
    writeFileSync(
      join(tree, 'var/lib/dpkg/status'),
      Object.entries(packages)
        .map(([name, version]) => `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n`)
        .join('\n'),
    )
  mkdirSync(join(tree, 'var/lib/dpkg'), { recursive: true })
  status({ bash: '5.2', vim: '9.0', curl: '7.88' })
  writeFileSync(join(tree, 'gone'), 'x')
  const first = (await captured(store, tree)).version!
  status({ bash: '5.3', vim: '9.0', jq: '1.6' })
  rmSync(join(tree, 'gone'))
  writeFileSync(join(tree, 'new'), 'four')
  const second = (await captured(store, tree)).version!
  const [a, b] = [await packagesOf(store, first), await packagesOf(store, second)]
  expect(diffPackages(a!, b!)).toEqual([
    { name: 'bash', from: '5.2', to: '5.3' },
    { name: 'curl', from: '7.88', to: undefined },
    { name: 'jq', from: undefined, to: '1.6' },
  ])
  const [from, to] = [await treeOf(store, first, { cache: noCache }), await treeOf(store, second, { cache: noCache })]
  const changes = diffTrees(from.tree, to.tree)
  expect(changes.map(({ path, what }) => `${what} ${path}`)).toEqual([
    'changed ',
    'removed gone',
    'added new',
    'changed var/lib/dpkg/status',
  ])
})

test('package databases: what is removed does not count, two architectures do', () => {
  const text =
    'Package: a\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n\nPackage: b\nStatus: install ok installed\nArchitecture: i386\nVersion: 2\n'
  expect([...readDpkg(text)]).toEqual([
    ['b', '2'],
    ['b:i386', '2'],
  ])
  expect([...readApk('P:musl\nV:1.2\n\nP:busybox\nV:1.36\n')]).toEqual([
    ['musl', '1.2'],
    ['busybox', '1.36'],
  ])
})

async function captured(store: MemoryStore, tree: string): Promise<Captured> {
  await using source = openDirectory(tree)
  return await capture(store, source, { as: 'porter', cache: noCache })
}
