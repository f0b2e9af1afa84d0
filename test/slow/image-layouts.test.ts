import { expect } from 'vitest'
import { emptyDisk, imageNeeds, isInstalled, openImageStage } from '../e2e/image.ts'
import { openKey, openLogin, type Login } from '../e2e/living.ts'
import type { Stage } from '../e2e/stage.ts'
import { labTest } from '../lab/needs.ts'

const needs = [...imageNeeds, 'ssh'] as const

async function open(
  layout: string,
  more: object = {},
): Promise<{ readonly stage: Stage; readonly login: () => Promise<Login> }> {
  const { files, key } = await openKey()
  const stage = await openImageStage(files, { layout: `layouts/${layout}.yaml`, ...more }, 'stacked')
  return { stage, login: () => openLogin(stage, key) }
}

labTest('a machine with the layout mirror boots from its RAID, and from each disk alone', needs, async () => {
  const { stage, login } = await open('mirror')
  await using _stage = stage
  const [disk, other] = [await emptyDisk(stage, 5120, 'one'), await emptyDisk(stage, 5120, 'two')]
  await stage.server.command('reinstall', 'duncan')
  const machine = await stage.boot({ disk, other, memory: 1024, reboots: true })
  expect(await isInstalled(machine)).toBe('porter:1')
  await machine.sees(/duncan login:/, 600)
  const duncan = await login()
  expect(await duncan.run('findmnt -no SOURCE /; cat /proc/mdstat')).toMatch(/^\/dev\/md\S+\n[^]*raid1[^]*\[2\/[12]\]/)
  await duncan.run('sync; systemctl poweroff --no-block')
  await machine.ends(200)
  const alone = await stage.boot({ disk: other, memory: 1024, reboots: true })
  await alone.sees(/duncan login:/, 900)
  expect(await duncan.run('cat /proc/mdstat')).toMatch(/\[2\/1\]/)
})

labTest(
  'a machine with the layout lvm switches itself off when it is installed, and boots from its volumes',
  needs,
  async () => {
    const { stage, login } = await open('lvm', { after: 'poweroff' })
    await using _stage = stage
    const disk = await emptyDisk(stage, 9216)
    await stage.server.command('reinstall', 'duncan')
    const machine = await stage.boot({ disk, memory: 1024, reboots: true })
    expect(await isInstalled(machine)).toBe('porter:1')
    await machine.ends(200)
    const on = await stage.boot({ disk, memory: 1024 })
    await on.sees(/duncan login:/, 600)
    const duncan = await login()
    expect(await duncan.run('findmnt -no SOURCE /; findmnt -no SOURCE /var; swapon --noheadings --show=NAME')).toMatch(
      /^\/dev\/mapper\/system--vg-root\n\/dev\/mapper\/system--vg-var\n\/dev\/dm-\d+\n$/,
    )
  },
)
