import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openStage, type Stage } from '../e2e/stage.ts'
import { run, type Child } from '../lab/child.ts'
import { openImager } from '../lab/imager.ts'
import { labTest } from '../lab/needs.ts'
import { parts, startScript, unpackImager } from './puller.ts'

const needs = ['lan', 'kernel', 'imager', 'rsync', 'curl'] as const
const names = ['duncan', 'malcolm', 'macbeth', 'banquo', 'fleance'] as const
const mib = 1 << 20

interface Scene extends AsyncDisposable {
  readonly stage: Stage
  readonly tree: string
  /** Each machine boots, and its script runs. */
  install(name: (typeof names)[number]): Promise<Child>
  /** What differs between the tree and what the machine has; nothing, if all is well. */
  differences(name: string): Promise<string>
  /** Bytes that the server has sent so far. */
  sent(): Promise<number>
}

async function openScene(transport: string, images: object = {}): Promise<Scene> {
  await using opening = new AsyncDisposableStack()
  const machines = names.map((name, n) => ({
    name,
    mac: `52:54:00:77:00:0${n + 1}`,
    ip: `10.77.0.${11 + n}`,
    profile: 'porter',
  }))
  const profiles = [{ name: 'porter', kind: 'image', image: 'porter', transport }]
  const site = { server: { loader: 'pxelinux', images }, fleet: { machines, profiles }, files: parts }
  const stage = opening.use(await openStage(site, ({ data }) => openImager(data)))
  const place = join(stage.site.directory, '..')
  const tree = join(place, 'tree')
  await mkdir(tree)
  for (const name of ['one', 'two']) {
    await writeFile(join(tree, name), randomBytes(24 * mib))
    await stage.server.command('image', 'capture', tree, '--as', 'porter')
  }
  await stage.server.command('reinstall', ...names)
  const moved = opening.move()
  return {
    stage,
    tree,
    async install(name) {
      const root = join(place, name)
      await unpackImager(stage.site, root)
      const client = await stage.lan.client(machines.find((machine) => machine.name === name)!.mac)
      return moved.use(await startScript(stage, client, root))
    },
    differences: (name) =>
      run(['rsync', '-naHAXi', '--checksum', '--delete', `${tree}/`, `${join(place, name, 'sysroot')}/`]),
    sent: async () => {
      const text = await stage.lan.server.run('ip -s -j link show dev lab-br')
      const [link]: { stats64: { tx: { bytes: number } } }[] = JSON.parse(text)
      return link!.stats64.tx.bytes
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

const four = names.slice(0, 4)

async function fourInstalled(scene: Scene): Promise<readonly Child[]> {
  const scripts: Child[] = []
  for (const name of four) scripts.push(await scene.install(name))
  for (const script of scripts)
    expect((await script.sees(/all done|FAILED: .*\n/, 150))[0], script.text).toBe('all done')
  for (const name of four) expect(await scene.differences(name)).toBe('')
  return scripts
}

labTest(
  'multicast: four machines that come together get one sending, and one that comes late pulls for itself',
  [...needs, 'uftp'],
  async () => {
    await using scene = await openScene('multicast', { multicast: { wait: '12s', rate: 200 } })
    const before = await scene.sent()
    const scripts = await fourInstalled(scene)
    for (const { text } of scripts) expect(text).toContain('the round of multicast is over: done')
    expect((await scene.sent()) - before).toBeLessThan(2 * 48 * mib)
    await scene.stage.server.says(/multicast\.done/)

    const late = await scene.install('fleance')
    await late.sees(/all done|FAILED: .*\n/, 150)
    expect(late.text).toContain('the round of multicast is over: alone')
    expect(await scene.differences('fleance')).toBe('')
  },
)

labTest(
  'BitTorrent: four machines give each other what they have, and the server sends less than two images',
  [...needs, 'aria2c', 'tc'],
  async () => {
    await using scene = await openScene('torrent')
    await scene.stage.lan.server.run('tc qdisc add dev lab-br root tbf rate 100mbit burst 64k latency 100ms')
    const before = await scene.sent()
    const scripts = await fourInstalled(scene)
    for (const { text } of scripts) expect(text).not.toMatch(/from the server/)
    expect((await scene.sent()) - before).toBeLessThan(2 * 48 * mib)
  },
)
