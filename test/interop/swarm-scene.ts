import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openStage, type Stage } from '../e2e/stage.ts'
import { run, type Child } from '../lab/child.ts'
import { openImager } from '../lab/imager.ts'
import { parts, startScript, unpackImager } from './puller.ts'

export const swarmNeeds = ['lan', 'kernel', 'imager', 'rsync', 'curl'] as const

const mib = 1 << 20
/** Of the image that they all pull, which does not compress. */
export const imageBytes: number = 48 * mib

/** Machines without disks that pull one image of two layers in namespaces of their own, by the imager's own script. */
export interface SwarmScene extends AsyncDisposable {
  readonly stage: Stage
  readonly names: readonly string[]
  /** A machine boots, and its script runs. */
  install(name: string): Promise<Child>
  /** What differs between the tree and what the machine has; nothing, if all is well. */
  differences(name: string): Promise<string>
  /** Bytes that the server has sent so far. */
  sent(): Promise<number>
}

export async function openSwarm(transport: string, machineCount: number, images: object = {}): Promise<SwarmScene> {
  await using opening = new AsyncDisposableStack()
  const machines = Array.from({ length: machineCount }, (_, n) => ({
    name: `porter-${n + 1}`,
    mac: `52:54:00:77:00:${(n + 1).toString(16).padStart(2, '0')}`,
    ip: `10.77.0.${11 + n}`,
    profile: 'porter',
  }))
  const names = machines.map(({ name }) => name)
  const profiles = [{ name: 'porter', kind: 'image', image: 'porter', transport }]
  const site = { server: { loader: 'pxelinux', images }, fleet: { machines, profiles }, files: parts }
  const stage = opening.use(await openStage(site, ({ data }) => openImager(data)))
  const place = join(stage.site.directory, '..')
  const tree = join(place, 'tree')
  await mkdir(tree)
  for (const name of ['one', 'two']) {
    await writeFile(join(tree, name), randomBytes(imageBytes / 2))
    await stage.server.command('image', 'capture', tree, '--as', 'porter')
  }
  await stage.server.command('reinstall', ...names)
  const moved = opening.move()
  return {
    stage,
    names,
    async install(name) {
      const root = join(place, name)
      await unpackImager(stage.site, root)
      const client = await stage.lan.client(machines[names.indexOf(name)]!.mac)
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
