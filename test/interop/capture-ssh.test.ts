import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { expect } from 'vitest'
import { capture, type Captured, type CaptureOptions } from '../../src/image/capture.ts'
import { openSsh } from '../../src/image/capture-machine.ts'
import { openTreeCache } from '../../src/image/tree-cache.ts'
import type { ImageVersion } from '../../src/image/store.ts'
import { extractWords } from '../../src/image/extract-words.ts'
import { MemoryStore } from '../image/memory-store.ts'
import type { Child } from '../lab/child.ts'
import { labTest } from '../lab/needs.ts'
import { Namespace } from '../lab/network.ts'
import { openPlace } from '../lab/place.ts'

const needs = ['lan', 'sshd', 'ssh', 'rsync'] as const

labTest(
  'a machine is captured over ssh, and again as one layer of what changed; rsync finds no difference',
  needs,
  async () => {
    await using far = await openFar()
    const first = await far.capture()
    expect([first.version!.tags, first.unsteady, first.vanished]).toEqual([['1'], [], []])
    expect(first.leftOut).toMatchObject({ 'ssh-host-keys': 1 })
    far.expectSame(first.version!)
    expect((await far.capture()).version).toBeUndefined()

    appendFileSync(join(far.tree, 'etc/motd'), 'more\n')
    rmSync(join(far.tree, 'usr/lib/deep'), { recursive: true })
    const second = await far.capture()
    expect([second.changed, second.removed, second.version!.manifest.layers.length]).toEqual([2, 2, 2])
    expect((await far.capture({ checksum: true })).version).toBeUndefined()
  },
)

labTest('ssh cut in the middle: one sentence, no version, and the next capture is whole', needs, async () => {
  await using far = await openFar()
  execFileSync('dd', ['if=/dev/urandom', `of=${join(far.tree, 'usr/big')}`, 'bs=1M', 'count=120', 'status=none'])
  let cut = false
  const onProgress: CaptureOptions['onProgress'] = ({ step, packed }) => {
    if (step !== 'pack' || packed === 0 || cut) return
    cut = true
    far.cut()
  }
  await expect(far.capture({ onProgress })).rejects.toMatchObject({
    code: expect.stringMatching(/^(capture-failed|image-invalid)$/),
  })
  expect([cut, far.store.versions.length, far.store.committed]).toEqual([true, 0, 0])
  await far.serve()
  far.expectSame((await far.capture()).version!)
})

labTest('no key, no such host, and a host that is an option: one sentence each', needs, async () => {
  await using far = await openFar()
  await expect(far.capture({}, { identity: '/dev/null' })).rejects.toMatchObject({
    code: 'capture-failed',
    message: expect.stringContaining('Permission denied'),
  })
  await expect(far.capture({}, { port: 1 })).rejects.toMatchObject({
    code: 'capture-failed',
    message: expect.stringContaining('refused'),
  })
  expect(() => openSsh({ host: '-oProxyCommand=id' })).toThrow(/is no host/)
})

interface Far extends AsyncDisposable {
  readonly tree: string
  readonly store: MemoryStore
  capture(options?: Partial<CaptureOptions>, ssh?: { identity?: string; port?: number }): Promise<Captured>
  serve(): Promise<void>
  cut(): void
  expectSame(version: ImageVersion): void
}

/** A machine in a network namespace with a real sshd, and a tree on it. ssh runs in its namespace too. */
async function openFar(): Promise<Far> {
  await using owned = new AsyncDisposableStack()
  const place = owned.use(await openPlace())
  const network = owned.use(await Namespace.open())
  const at = (name: string): string => join(place.path, name)
  mkdirSync(at('keys'), { mode: 0o700 })
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(`keys/${name}`)])
  execFileSync('cp', [at('keys/user.pub'), at('keys/authorized')])
  writeFileSync(at('sshd.conf'), configuration(place.path))
  mkdirSync('/run/sshd', { recursive: true })
  const tree = at('tree')
  plant(tree)
  let server: Child | undefined
  owned.defer(async () => void (await server?.stop('SIGKILL')))
  const store = new MemoryStore()
  const cache = openTreeCache(at('cache'))
  const far: Omit<Far, keyof AsyncDisposable> = {
    tree,
    store,
    async capture(options = {}, { identity = at('keys/user'), port = 2222 } = {}) {
      const known = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes', 'LogLevel=ERROR']
      await using source = openSsh(
        { host: 'root@127.0.0.1', port, identity, options: known, root: tree, command: network.enter(['ssh']) },
        options.signal,
      )
      return await capture(store, source, { as: 'porter', cache, ...options })
    },
    async serve() {
      server = network.start(['/usr/sbin/sshd', '-D', '-e', '-f', at('sshd.conf')])
      await server.sees(/Server listening/)
    },
    cut: () => {
      // The sshd that serves the session is a child of its own; without its network nothing reaches it.
      const pids = execFileSync('sh', [
        '-c',
        `pgrep -f 'sshd: root@notty' -P ${server!.pid} || pgrep -P ${server!.pid}`,
      ])
        .toString()
        .trim()
        .split('\n')
      for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
      server!.kill('SIGKILL')
    },
    expectSame(version) {
      const to = at(`to-${store.versions.length}`)
      mkdirSync(to)
      for (const { digest } of version.manifest.layers)
        execFileSync('tar', extractWords(to).slice(1), { input: zstdDecompressSync(store.blobs.get(digest)!) })
      const words = [
        '-aHAXn',
        '--checksum',
        '--itemize-changes',
        '--delete',
        '--exclude=ssh_host_*',
        '--exclude=machine-id',
      ]
      const said = execFileSync('rsync', [...words, `${tree}/`, `${to}/`]).toString()
      expect(said).toBe('')
    },
  }
  await far.serve()
  const kept = owned.move()
  return { ...far, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function configuration(path: string): string {
  return [
    'Port 2222',
    'ListenAddress 127.0.0.1',
    `HostKey ${path}/keys/host`,
    `AuthorizedKeysFile ${path}/keys/authorized`,
    `PidFile ${path}/sshd.pid`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'UsePAM no',
    'StrictModes no',
    '',
  ].join('\n')
}

function plant(tree: string): void {
  for (const path of ['etc/ssh', 'usr/lib/deep', 'tmp', 'proc']) mkdirSync(join(tree, path), { recursive: true })
  writeFileSync(join(tree, 'etc/machine-id'), 'x'.repeat(32))
  writeFileSync(join(tree, 'etc/ssh/ssh_host_rsa_key'), 'secret')
  writeFileSync(join(tree, 'etc/motd'), 'welcome\n')
  writeFileSync(join(tree, 'usr/lib/deep/file'), 'deep')
  symlinkSync('usr/lib', join(tree, 'lib'))
  for (let index = 0; index < 3000; index++)
    writeFileSync(join(tree, `usr/lib/f${index}`), `${index}`.repeat(index % 400))
}
