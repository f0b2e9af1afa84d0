import { execa } from 'execa'
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openLayoutStore } from '../../src/image/layout-store.ts'
import { parseReference } from '../../src/image/reference.ts'
import { imageOf } from '../image/layout.ts'
import { Served } from '../image/registry.ts'
import { labTest } from '../lab/needs.ts'

const creds = 'anybody:operator'

labTest(
  'skopeo reads the layout on the disk, and copies an image in and out over /v2/',
  ['skopeo', 'busybox'],
  async () => {
    await using served = await Served.open()
    using place = new Place()
    const { store } = served.layout
    await place.pushBy(served)
    const seen = await place.run('skopeo', 'inspect', `oci:${served.layout.path()}:porter:1`)
    expect(JSON.parse(seen)).toMatchObject({ Architecture: 'amd64', Os: 'linux' })
    const remote = await place.run(
      'skopeo',
      'inspect',
      '--tls-verify=false',
      '--creds',
      creds,
      `docker://${served.host}/porter:1`,
    )
    expect(JSON.parse(remote)).toMatchObject({ Name: `${served.host}/porter`, RepoTags: ['1'] })

    const back = `oci:${place.path('back')}:porter:1`
    await place.run(
      'skopeo',
      'copy',
      '--src-tls-verify=false',
      '--src-creds',
      creds,
      `docker://${served.host}/porter:1`,
      back,
    )
    await place.run(
      'skopeo',
      'copy',
      '--dest-tls-verify=false',
      '--dest-creds',
      creds,
      '--format',
      'v2s2',
      back,
      `docker://${served.host}/porter:2`,
    )
    await place.run('skopeo', 'copy', back, `oci:${served.layout.path()}:porter:3`)
    const tags = await place.run(
      'skopeo',
      'list-tags',
      '--tls-verify=false',
      '--creds',
      creds,
      `docker://${served.host}/porter`,
    )
    expect(JSON.parse(tags)).toMatchObject({ Tags: ['1', '2', '3'] })
    const [second, third] = [await store.find(parseReference('porter:2')), await store.find(parseReference('porter'))]
    expect(second!.manifest.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json')
    expect(third).toMatchObject({ tags: ['1', '3'] })
    expect((await store.verify()).broken).toEqual([])

    await place.run('skopeo', 'delete', '--tls-verify=false', '--creds', creds, `docker://${served.host}/porter:2`)
    expect(await store.find(parseReference('porter:2'))).toBeUndefined()
  },
)

labTest('skopeo without a token, or with another image’s, gets nothing', ['skopeo', 'busybox'], async () => {
  await using served = await Served.open()
  using place = new Place()
  await place.pushBy(served)
  for (const [args, name] of [
    [['--no-creds'], 'porter'],
    [['--creds', 'x:wrong'], 'porter'],
    [['--creds', 'x:machine'], 'duncan'],
  ] as const)
    await expect(
      place.run('skopeo', 'inspect', '--tls-verify=false', ...args, `docker://${served.host}/${name}:1`),
    ).rejects.toThrow(/unauthorized|denied/i)
  await place.run('skopeo', 'inspect', '--tls-verify=false', '--creds', 'x:machine', `docker://${served.host}/porter:1`)
})

labTest('podman builds, pushes, pulls and runs an image', ['root', 'podman', 'runc', 'busybox'], async () => {
  await using served = await Served.open()
  using place = new Place()
  const podman = (...args: string[]): Promise<string> => place.run('podman', ...place.storage, ...args)
  const name = `${served.host}/porter:1`
  place.root()
  await podman('build', '--isolation', 'chroot', '-t', name, place.path())
  await podman('push', '--tls-verify=false', '--creds', creds, name)
  await podman('rmi', '-a', '-f')
  await podman('pull', '--tls-verify=false', '--creds', creds, name)
  // runc: crun refuses hosts whose cgroups are of both versions. The limits: podman's own are above what a container's host may give.
  const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024', '--network=none', '--log-driver=none']
  const said = await podman('--runtime', 'runc', '--cgroup-manager', 'cgroupfs', 'run', '--rm', ...limits, name)
  expect(said).toContain('hello from birnam')
})

labTest('buildah builds FROM an image that is kept here', ['root', 'buildah', 'busybox', 'skopeo'], async () => {
  await using served = await Served.open()
  using place = new Place()
  await place.pushBy(served)
  writeFileSync(place.path('Containerfile'), `FROM ${served.host}/porter:1\nRUN echo built > /made\n`)
  const buildah = (...args: string[]): Promise<string> => place.run('buildah', ...place.storage, ...args)
  await buildah('bud', '--tls-verify=false', '--creds', creds, '--isolation', 'chroot', '-t', 'grown', place.path())
  await buildah('push', '--tls-verify=false', '--creds', creds, 'grown', `docker://${served.host}/porter:2`)
  const version = await served.layout.store.find(parseReference('porter'))
  expect(version).toMatchObject({ tags: ['2'], manifest: { layers: [{}, {}] } })
})

/** A directory with a small root file system and the tools' own storage; everything is gone after it. */
class Place implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'birnam-clients-'))
  readonly storage = ['--root', this.path('store'), '--runroot', this.path('run'), '--storage-driver', 'vfs']

  constructor() {
    writeFileSync(this.path('auth.json'), '{}')
  }

  path(...parts: string[]): string {
    return join(this.#directory, ...parts)
  }

  async run(program: string, ...args: readonly string[]): Promise<string> {
    const env = { REGISTRY_AUTH_FILE: this.path('auth.json') }
    const { stdout } = await execa(program, args, { env, cwd: this.#directory, stdin: 'ignore' })
    return stdout
  }

  /** A busybox that says hello, and its Containerfile. */
  root(): void {
    mkdirSync(this.path('root', 'bin'), { recursive: true })
    copyFileSync('/bin/busybox', this.path('root', 'bin', 'busybox'))
    symlinkSync('busybox', this.path('root', 'bin', 'sh'))
    symlinkSync('busybox', this.path('root', 'bin', 'echo'))
    writeFileSync(this.path('root', 'noise'), randomBytes(3_000_000))
    writeFileSync(
      this.path('Containerfile'),
      'FROM scratch\nADD root /\nENV FOREST=birnam\nCMD ["/bin/sh", "-c", "echo hello from $FOREST"]\n',
    )
  }

  /** Puts that root into the registry as porter:1, by skopeo from a layout that is made by hand. */
  async pushBy(served: Served): Promise<void> {
    this.root()
    await execa('tar', ['-C', this.path('root'), '-cf', this.path('root.tar'), '.'])
    const made = openLayoutStore(this.path('made'))
    await made.put('porter', '1', await imageOf(made, readFileSync(this.path('root.tar'))))
    const [from, to] = [`oci:${this.path('made')}:porter:1`, `docker://${served.host}/porter:1`]
    await this.run('skopeo', 'copy', '--dest-tls-verify=false', '--dest-creds', creds, from, to)
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
