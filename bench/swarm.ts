import { setTimeout as wait } from 'node:timers/promises'
import { imageBytes, openSwarm, type SwarmScene } from '../test/interop/swarm-scene.ts'
import { option } from './lib/rounds.ts'

/**
 * Machines that install themselves at once, by BitTorrent and by multicast: how many images leave the server (goal: two at most).
 * Its link is 100 Mbit/s for BitTorrent, so that receivers have time to give.
 *
 *   tools/with-node node bench/swarm.ts [--machines 16] [--transport torrent]
 */
const machines = Number(option('machines') ?? 16)
const goal = 2

const transports = option('transport')?.split(',') ?? ['multicast', 'torrent']

for (const transport of transports) await measure(transport)

async function measure(transport: string): Promise<void> {
  await using scene = await openSwarm(transport, machines, { multicast: { wait: '60s', rate: 200 } })
  if (transport === 'torrent')
    await scene.stage.lan.server.run('tc qdisc add dev lab-br root tbf rate 100mbit burst 64k latency 100ms')
  const before = await scene.sent()
  const started = performance.now()
  const helped = await installAll(scene)
  const seconds = (performance.now() - started) / 1000
  const ratio = ((await scene.sent()) - before) / imageBytes
  const met = ratio <= goal ? 'met' : 'NOT met'
  console.log(
    `${transport.padEnd(9)}  ${machines} machines in ${seconds.toFixed(0)} s: ${ratio.toFixed(2)} images left the server (goal ${goal}: ${met}); ${helped} pulled some of it by HTTP`,
  )
}

/** Returns how many machines fell back to the server. */
async function installAll(scene: SwarmScene): Promise<number> {
  const scripts = []
  for (const name of scene.names) {
    scripts.push(await scene.install(name))
    await wait(100)
  }
  for (const [n, script] of scripts.entries()) {
    const [said] = await script.sees(/all done|FAILED: .*\n/, 900)
    if (said !== 'all done') throw new Error(`${scene.names[n]}: ${script.text.slice(-2000)}`)
  }
  for (const name of scene.names)
    if ((await scene.differences(name)) !== '') throw new Error(`${name} is not as its image`)
  return scripts.filter(({ text }) => /from the server/.test(text)).length
}
