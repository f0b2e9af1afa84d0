import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { capture } from '../../src/image/capture.ts'
import { openDirectory } from '../../src/image/capture-machine.ts'
import { openTarball } from '../../src/image/capture-tarball.ts'
import { writeEnd, writeEntry } from '../../src/image/tar-write.ts'
import { noCache } from '../../src/image/tree-cache.ts'
import { MemoryStore } from './memory-store.ts'

const options = { as: 'x', cache: noCache, keep: [], exclude: [] }

function openPlace(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'birnam-kind-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

async function captureFile(bytes: Uint8Array): Promise<string> {
  using place = openPlace()
  writeFileSync(join(place.path, 'given'), bytes)
  return await told(openTarball(join(place.path, 'given')))
}

async function told(source: ReturnType<typeof openTarball>): Promise<string> {
  const store = new MemoryStore()
  await using from = source
  try {
    await capture(store, from, options)
    return 'taken'
  } catch (error) {
    expect(store.versions).toEqual([])
    return String(error)
  }
}

function withMagic(at: number, magic: string): Buffer {
  const bytes = Buffer.alloc(128 * 1024)
  bytes.write(magic, at, 'latin1')
  return bytes
}

const tarOf = (...paths: string[]): Buffer =>
  Buffer.concat([
    ...paths.map((path) =>
      path.endsWith('/')
        ? writeEntry({ path: path.slice(0, -1), type: 'directory', mode: 0o755 })
        : writeEntry({ path, type: 'file', mode: 0o644 }),
    ),
    writeEnd(),
  ])

test.each([
  [1080, '\x53\xef', /is an ext2, ext3 or ext4 file system, no tar .*mount it/],
  [32769, 'CD001', /is an ISO image/],
  [512, 'EFI PART', /is a disk with a GPT/],
  [510, '\x55\xaa', /is a disk with an MBR/],
  [0, 'XFSB', /is an XFS file system/],
  [65600, '_BHRfS_M', /is a Btrfs file system/],
  [0, 'hsqs', /is a squashfs file system/],
  [0, 'QFI\xfb', /is a qcow2 disk.*qemu-nbd/],
  [0, 'KDMV', /is a VMDK disk/],
  [0, 'LUKS\xba\xbe', /is a LUKS volume/],
  [0, '070701', /is a cpio archive.*unpack it/],
  [0, 'PK\x03\x04', /is a zip archive/],
  [0, '!<arch>\n', /is an ar archive/],
])(
  'what has %i: %j is refused as what it is, with the way that leads on, and no version is made',
  async (at, magic, said) => {
    const bytes = withMagic(at, magic)
    expect(await captureFile(bytes)).toMatch(said)
    expect(await captureFile(gzipSync(bytes))).toMatch(said)
    expect(await captureFile(zstdCompressSync(bytes))).toMatch(said)
  },
)

test.each([
  ['no byte', Buffer.alloc(0), /is empty/],
  ['zeros', Buffer.alloc(5 << 20), /begins with zeros: there is nothing in it/],
  ['a tar of nothing', Buffer.from(writeEnd()), /begins with zeros/],
  ['a tar of directories', tarOf('etc/', 'usr/'), /holds no file/],
  ['damaged gzip', gzipSync(Buffer.alloc(1000)).subarray(0, 20), /does not unpack/],
  [
    'docker save',
    tarOf('abc/', 'abc/layer.tar', 'abc.json', 'manifest.json'),
    /an archive of images.*skopeo copy docker-archive:given/,
  ],
  ['podman save', tarOf(`${'a'.repeat(64)}.tar`, 'manifest.json', 'repositories'), /an archive of images/],
  ['docker save of today', tarOf('blobs/', 'blobs/sha256/', 'manifest.json', 'x'), /an archive of images/],
  ['an OCI archive', tarOf('blobs/', 'oci-layout', 'index.json'), /an OCI layout.*skopeo copy oci-archive:given/],
])('%s is no version', async (_, bytes, said) => {
  expect(await captureFile(bytes)).toMatch(said)
})

test('a root file system with files of such names is one', async () => {
  expect(await captureFile(tarOf('etc/', 'etc/passwd', 'manifest.json', 'oci-layout', 'index.json'))).toBe('taken')
  expect(await captureFile(tarOf('srv/', 'srv/manifest.json'))).toBe('taken')
})

test.each([
  [['oci-layout', 'index.json', 'blobs/sha256/x'], /an OCI layout.*skopeo copy oci:/],
  [[], /holds no file/],
])('a directory is judged like a tarball: %j', async (files, said) => {
  using place = openPlace()
  for (const file of files) {
    mkdirSync(dirname(join(place.path, file)), { recursive: true })
    writeFileSync(join(place.path, file), 'x')
  }
  expect(await told(openDirectory(place.path))).toMatch(said)
})
