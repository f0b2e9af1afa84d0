import { expect } from 'vitest'
import type { Child } from '../lab/child.ts'
import { labTest } from '../lab/needs.ts'
import { imageBytes, openSwarm, swarmNeeds, type SwarmScene } from './swarm-scene.ts'

const four = ({ names }: SwarmScene): readonly string[] => names.slice(0, 4)

async function fourInstalled(scene: SwarmScene): Promise<readonly Child[]> {
  const scripts: Child[] = []
  for (const name of four(scene)) scripts.push(await scene.install(name))
  for (const script of scripts)
    expect((await script.sees(/all done|FAILED: .*\n/, 150))[0], script.text).toBe('all done')
  for (const name of four(scene)) expect(await scene.differences(name)).toBe('')
  return scripts
}

labTest(
  'multicast: four machines that come together get one sending, and one that comes late pulls for itself',
  [...swarmNeeds, 'uftp'],
  async () => {
    await using scene = await openSwarm('multicast', 5, { multicast: { wait: '12s', rate: 200 } })
    const before = await scene.sent()
    const scripts = await fourInstalled(scene)
    for (const { text } of scripts) expect(text).toContain('the round of multicast is over: done')
    expect((await scene.sent()) - before).toBeLessThan(2 * imageBytes)
    await scene.stage.server.says(/multicast\.done/)

    const late = await scene.install('porter-5')
    await late.sees(/all done|FAILED: .*\n/, 150)
    expect(late.text).toContain('the round of multicast is over: alone')
    expect(await scene.differences('porter-5')).toBe('')
  },
)

labTest(
  'BitTorrent: four machines give each other what they have, and the server sends less than two images',
  [...swarmNeeds, 'aria2c', 'tc'],
  async () => {
    await using scene = await openSwarm('torrent', 4)
    await scene.stage.lan.server.run('tc qdisc add dev lab-br root tbf rate 100mbit burst 64k latency 100ms')
    const before = await scene.sent()
    const scripts = await fourInstalled(scene)
    for (const { text } of scripts) expect(text).not.toMatch(/from the server/)
    expect((await scene.sent()) - before).toBeLessThan(2 * imageBytes)
  },
)
