import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openStage, type Stage } from '../e2e/stage.ts'
import { labTest } from '../lab/needs.ts'
import type { Namespace } from '../lab/network.ts'
import { duncan } from '../lab/site.ts'

interface Scene extends AsyncDisposable {
  readonly stage: Stage
  readonly tree: string
  /** What a machine has, at 10.77.0.11, and a host that may not have anything. */
  readonly machine: Namespace
  readonly stranger: Namespace
  /** A directory for what is pulled. */
  readonly to: string
  events(): Promise<readonly { type: string; detail?: Record<string, unknown> }[]>
  /** Pids of rsync daemons of this scene. */
  daemons(): Promise<string>
}

async function openScene(): Promise<Scene> {
  await using opening = new AsyncDisposableStack()
  const fleet = {
    machines: [{ ...duncan, profile: 'porter', groups: ['scots'] }],
    groups: [{ name: 'scots' }],
    profiles: [{ name: 'porter', kind: 'image', image: 'porter' }],
  }
  const server = { systemimager: { monitor: true, rsync: { allow: ['10.77.0.11/32'] } } }
  const files = {
    'overrides/scots/etc/motd': 'scots\n',
    'overrides/scots/etc/secret.hbs': '{{vars.secret}}\n',
    'post-install/50all.hello': '#!/bin/sh\n',
  }
  const stage = opening.use(await openStage({ fleet, server, files }))
  const place = join(stage.site.directory, '..')
  const [tree, to] = [join(place, 'tree'), join(place, 'pulled')]
  await mkdir(join(tree, 'etc'), { recursive: true })
  await mkdir(to)
  await writeFile(join(tree, 'etc/shadow'), 'root:x\n', { mode: 0o600 })
  await stage.server.command('image', 'capture', tree, '--as', 'porter')
  const machine = await stage.lan.client(duncan.mac)
  const stranger = await stage.lan.client()
  for (const [host, address] of [
    [machine, duncan.ip],
    [stranger, '10.77.0.66'],
  ] as const) {
    await host.run(`ip address add ${address}/24 dev eth0`)
    await host.run('ip link set lo up')
  }
  const moved = opening.move()
  return {
    stage,
    tree,
    machine,
    stranger,
    to,
    async events() {
      const text = await stage.lan.server.run('curl -fsS http://127.0.0.1/api/events?machine=duncan')
      const events: { type: string; detail?: Record<string, unknown> }[] = JSON.parse(text)
      return events.filter(({ type }) => type.startsWith('monitor.')).toReversed()
    },
    daemons: () => stage.lan.server.run(['sh', '-c', `pgrep -f '[r]sync --daemon.*${stage.site.data}' || :`]),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

labTest(
  'an rsync client of SystemImager pulls image, scripts and overrides, says that it is complete, and changes nothing by it; others are refused',
  ['lan', 'rsync', 'curl'],
  async () => {
    await using scene = await openScene()
    const { stage, machine, stranger, to, tree } = scene
    await stage.server.command('image', 'unpack', 'porter:1')
    await expect.poll(() => machine.run('rsync rsync://10.77.0.1/'), { timeout: 15_000 }).toMatch(/^porter/m)
    await machine.run(`rsync -aHS --numeric-ids rsync://10.77.0.1/porter/ ${to}/image/`)
    expect(await machine.run(`rsync -naHAX --itemize-changes --checksum --delete ${tree}/ ${to}/image/`)).toBe('')
    await machine.run(`rsync -a rsync://10.77.0.1/scripts/ ${to}/scripts/`)
    expect(await readFile(join(to, 'scripts/cluster.txt'), 'utf8')).toContain('duncan:scots:porter:scots\n')
    expect(await readFile(join(to, 'scripts/hosts'), 'utf8')).toContain('10.77.0.11\tduncan\n')
    expect((await stat(join(to, 'scripts/post-install/50all.hello'))).mode & 0o777).toBe(0o755)
    await machine.run(`rsync -a rsync://10.77.0.1/overrides/ ${to}/overrides/`)
    expect(await machine.run(`find ${to}/overrides -type f -printf %P`)).toBe('scots/etc/motd')

    const refused = /@ERROR: access denied|Connection reset/
    for (const what of ['porter/etc/shadow', 'scripts/', 'overrides/', 'scripts/imaging_complete_10.77.0.11'])
      await expect(stranger.run(`rsync rsync://10.77.0.1/${what} ${to}/`), what).rejects.toThrow(refused)
    await expect(machine.run(`rsync -a ${tree}/etc/shadow rsync://10.77.0.1/porter/etc/`)).rejects.toThrow(/read only/)
    expect(await scene.events()).toEqual([])

    // As SystemImager's clients do: the file need not be there.
    await machine.run(['sh', '-c', 'rsync rsync://10.77.0.1/scripts/imaging_complete_10.77.0.11 /nowhere || :'])
    await stage.server.says(/monitor\.complete/)
    expect(await scene.events()).toMatchObject([{ type: 'monitor.complete', detail: { from: '10.77.0.11' } }])
    const [{ state }] = JSON.parse(await stage.server.command('machine', 'list', '--json')) as [{ state: string }]
    expect(state).toBe('idle')
    expect((await stat(join(stage.site.data, 'systemimager/rsyncd.conf'))).mode & 0o777).toBe(0o600)

    expect(await scene.daemons()).not.toBe('')
    await stage.server.stop()
    expect(await scene.daemons()).toBe('')
  },
)

labTest(
  'a report of SystemImager’s monitor is told in the trace; the rsync daemon ends with a server that was killed',
  ['lan', 'rsync', 'curl'],
  async () => {
    await using scene = await openScene()
    const line = 'mac=52.54.00.77.00.01:ip=10.77.0.11:host=duncan:os=porter:status=100:speed=0'
    await scene.machine.run(['bash', '-c', `echo '${line}' > /dev/tcp/10.77.0.1/8181`])
    await scene.stage.server.says(/monitor\.state/)
    expect(await scene.events()).toMatchObject([
      { type: 'monitor.state', detail: { step: 'imaged', percent: 100, from: '10.77.0.11' } },
    ])
    expect(await scene.stage.server.command('trace', 'duncan')).toContain('monitor.state')
    // A daemon that ends by itself is started again.
    await scene.stage.lan.server.run(['kill', ...(await scene.daemons()).trim().split('\n')])
    await scene.stage.server.says(/rsync\.ended/)
    await expect.poll(() => scene.daemons(), { timeout: 10_000 }).not.toBe('')
    await scene.stage.server.crash()
    await expect.poll(() => scene.daemons(), { timeout: 5000 }).toBe('')
  },
)
