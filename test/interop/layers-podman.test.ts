import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseReference } from '../../src/image/reference.ts'
import { unpackImage } from '../../src/image/unpack.ts'
import { layAsImager } from '../image/lay.ts'
import { Layout } from '../image/layout.ts'
import { labTest } from '../lab/needs.ts'

/** Changes of kind, as somebody makes them while he builds an image: buildah writes no whiteout for them. */
const steps = [
  'mkdir -p lib/deep usr/share etc; echo a >lib/deep/a; echo b >usr/b; echo c >etc/c; ln -s usr/share short',
  'rm -r lib; ln -s usr lib; rm etc/c; mkdir etc/c; echo d >etc/c/d',
  'rm lib; mkdir lib; echo e >lib/e; rm -r etc; echo f >etc; rm short; mkdir -p short/x; echo g >short/x/g',
  'rm -r short; ln -s /nowhere short; rm etc; mkdir etc; echo h >etc/h; rm -r usr; ln -s lib usr',
]

labTest(
  'layers that buildah makes are laid on a server and on a machine as podman mounts them',
  ['root', 'podman', 'buildah', 'busybox'],
  async () => {
    using layout = new Layout()
    const place = mkdtempSync(join(tmpdir(), 'birnam-podman-'))
    const storage = ['--root', join(place, 'root'), '--runroot', join(place, 'run'), '--storage-driver', 'vfs']
    const run = (...words: string[]): string =>
      execFileSync(words[0]!, [...storage, ...words.slice(1)], { encoding: 'utf8', cwd: place }).trim()
    try {
      const container = run('buildah', 'from', 'scratch')
      for (const step of steps) {
        execFileSync('sh', ['-ec', step], { cwd: run('buildah', 'mount', container) })
        run('buildah', 'commit', '--quiet', container, 'case:1')
        // Another container of the result: each step is a layer of its own.
        run('buildah', 'rm', container)
        if (step !== steps.at(-1)) run('buildah', 'from', '--name', container, 'case:1')
      }
      run('podman', 'push', '--quiet', 'case:1', `oci:${layout.path()}:case:1`)
      const version = (await layout.store.find(parseReference('case:1')))!
      expect(version.manifest.layers.length).toBe(steps.length)
      await unpackImage(layout.store, version, join(place, 'server'))
      await layAsImager(layout.store, version, join(place, 'machine'))
      const mounted = listed(run('podman', 'image', 'mount', 'case:1'))
      expect(listed(join(place, 'server'))).toBe(mounted)
      expect(listed(join(place, 'machine'))).toBe(mounted)
      expect(mounted).toContain('usr -> lib')
    } finally {
      run('podman', 'image', 'umount', '--all', '--force')
      rmSync(place, { recursive: true, force: true })
    }
  },
)

function listed(directory: string): string {
  const shell = String.raw`find . -mindepth 1 -printf '%y %m %P -> %l\n' | sort; find . -type f -exec sha256sum {} + | sort`
  return execFileSync('sh', ['-c', shell], { cwd: directory, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
}
