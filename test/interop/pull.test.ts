import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { permitOf } from '../e2e/install.ts'
import { openStage, type Stage } from '../e2e/stage.ts'
import { run, type Child } from '../lab/child.ts'
import { openImager } from '../lab/imager.ts'
import { labTest } from '../lab/needs.ts'
import { serve } from '../lab/server.ts'
import { duncan } from '../lab/site.ts'
import { parts, startScript, unpackImager } from './puller.ts'

const needs = ['lan', 'kernel', 'imager', 'rsync', 'curl'] as const

interface Scene extends AsyncDisposable {
  readonly stage: Stage
  /** What is captured. */
  readonly tree: string
  /** What the script unpacks into. */
  readonly target: string
  capture(): Promise<string>
  /** Allows it, boots to the menu, and starts the script. */
  install(): Promise<Child>
}

async function openScene(files: Readonly<Record<string, string>> = {}): Promise<Scene> {
  await using opening = new AsyncDisposableStack()
  const stage = opening.use(
    await openStage(
      {
        server: { loader: 'pxelinux' },
        fleet: {
          machines: [{ ...duncan, profile: 'porter' }],
          profiles: [{ name: 'porter', kind: 'image', image: 'porter' }],
        },
        files: { ...parts, ...files },
      },
      ({ data }) => openImager(data),
    ),
  )
  const place = join(stage.site.directory, '..')
  const root = join(place, 'imager-root')
  await unpackImager(stage.site, root)
  const tree = join(place, 'tree')
  await mkdir(join(tree, 'etc'), { recursive: true })
  await writeFile(join(tree, 'big'), randomBytes(24 << 20))
  await writeFile(join(tree, 'etc/hosts'), 'localhost\n')
  const moved = opening.move()
  return {
    stage,
    tree,
    target: join(root, 'sysroot'),
    capture: () => stage.server.command('image', 'capture', tree, '--as', 'porter'),
    async install() {
      await stage.server.command('reinstall', 'duncan', '--again')
      const client = await stage.lan.client(duncan.mac)
      return moved.use(await startScript(stage, client, root))
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

/** By rsync's eyes: nothing to do, contents compared. */
async function differences({ tree, target }: Scene): Promise<string> {
  return run(['rsync', '-naHAXi', '--checksum', '--delete', '--numeric-ids', `${tree}/`, `${target}/`])
}

labTest(
  'two layers are laid over each other as the machine was: what vanished is gone, what changed its kind has its new one',
  needs,
  async () => {
    await using scene = await openScene()
    const { tree } = scene
    await mkdir(join(tree, 'var/cache'), { recursive: true })
    await writeFile(join(tree, 'var/cache/one'), '1')
    await writeFile(join(tree, "etc/a 'quoted'\nname"), 'odd')
    await mkdir(join(tree, 'etc/becomes'))
    await writeFile(join(tree, 'etc/becomes/file'), 'x')
    await symlink('nowhere', join(tree, 'etc/link'))
    await scene.capture()
    await rm(join(tree, "etc/a 'quoted'\nname"))
    await rm(join(tree, 'etc/becomes'), { recursive: true })
    await writeFile(join(tree, 'etc/becomes'), 'a file now')
    await rm(join(tree, 'var/cache'), { recursive: true })
    await rm(join(tree, 'etc/link'))
    await mkdir(join(tree, 'etc/link'))
    await scene.capture()
    const script = await scene.install()
    await script.sees(/all done|FAILED/, 120)
    expect(script.text).not.toContain('FAILED')
    expect(await differences(scene)).toBe('')
    expect(await permitOf(scene.stage)).toMatchObject({ state: 'used', image: expect.stringMatching(/^porter:2@/) })
  },
)

labTest(
  'a transfer that is cut in the middle goes on where it was, when the server is there again',
  [...needs, 'tc'],
  async () => {
    await using scene = await openScene()
    const { stage } = scene
    await scene.capture()
    await stage.lan.server.run('tc qdisc add dev lab-br root tbf rate 60mbit burst 64k latency 100ms')
    const script = await scene.install()
    await script.sees(/pulling sha256/, 60)
    await sleep(1500)
    await stage.server.crash()
    await script.sees(/cut after (\d+) of/, 60)
    await using _again = await serve(stage.lan, stage.site)
    await script.sees(/all done|FAILED/, 120)
    expect(script.text).toMatch(/cut after [1-9]\d{5,} of \d+ bytes/)
    expect(await differences(scene)).toBe('')
  },
)

labTest(
  'a layer with one wrong byte does not count: the install fails, says which, and is not done',
  needs,
  async () => {
    await using scene = await openScene()
    const { stage } = scene
    await scene.capture()
    const [layer] = layersOf(await stage.server.command('image', 'show', 'porter', '--json'))
    await turnByte(join(stage.site.data, 'images/blobs/sha256', layer!.digest.slice(7)), layer!.size >> 1)
    const script = await scene.install()
    await script.sees(/all done|FAILED: .*\n/, 120)
    expect(script.text).toMatch(new RegExp(`FAILED: layer ${layer!.digest} (arrived as sha256:|could not be unpacked)`))
    await script.ended
    expect(await permitOf(stage)).toMatchObject({ state: 'failed', why: expect.stringContaining(layer!.digest) })
    const trace: unknown = JSON.parse(await stage.server.command('trace', 'duncan', '--json'))
    expect(JSON.stringify(trace)).toContain(`it reported: layer ${layer!.digest}`)
  },
)

labTest(
  'overrides and post-install scripts come last, and a script that fails stops the install with its name',
  needs,
  async () => {
    await using scene = await openScene({
      'overrides/all/etc/hosts.hbs': '{{machine.ip}} {{machine.name}}\n',
      'post-install/10all.first':
        '#!/bin/sh\n. /tmp/post-install/variables.txt\necho "$HOSTNAME $IMAGENAME" >/etc/written\n',
      'post-install/20duncan.second': 'cat /etc/written\nexit 7\n',
    })
    const { tree } = scene
    for (const name of ['bin/sh', 'bin/cat', 'usr/bin/env']) await busyboxAs(tree, name)
    await scene.capture()
    const script = await scene.install()
    await script.sees(/all done|FAILED: .*\n/, 120)
    expect(script.text).toMatch(
      /running 10all\.first[^]*running 20duncan\.second[^]*duncan porter:1[^]*FAILED: post-install script 20duncan\.second ended with 7/,
    )
    expect(await readFile(join(scene.target, 'etc/hosts'), 'utf8')).toBe('10.77.0.11 duncan\n')
  },
)

interface LayerShown {
  readonly digest: string
  readonly size: number
}

function layersOf(text: string): readonly LayerShown[] {
  const { layers }: { layers: readonly LayerShown[] } = JSON.parse(text)
  return layers
}

async function turnByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  const one = Buffer.alloc(1)
  await file.read(one, 0, 1, at)
  one[0]! ^= 1
  await file.write(one, 0, 1, at)
  await file.close()
}

async function busyboxAs(tree: string, name: string): Promise<void> {
  const path = join(tree, name)
  await run(['sh', '-c', 'mkdir -p "${1%/*}" && cp /bin/busybox "$1"', 'sh', path])
}
