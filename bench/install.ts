import { openInstallerStage } from '../test/e2e/debian-installer.ts'
import { emptyDisk, isInstalled, openImageStage } from '../test/e2e/image.ts'
import type { Machine } from '../test/lab/machine.ts'
import type { Stage } from '../test/e2e/stage.ts'
import { option } from './lib/rounds.ts'

/**
 * One emulated machine with an empty disk, from power-on to its login: by a golden image, and by Debian's own installer with the preseed
 * that Birnam ships. Goal: 0.05 of the installer's time. The installer takes most of an hour; the seconds of either, seen before on the same
 * host, may be given.
 *
 *   tools/with-node node bench/install.ts [--installer SECONDS] [--image SECONDS]
 */
const goal = 0.05
const machine = { memory: 1024, reboots: true } as const

const image = Number(option('image') ?? (await byImage()))
console.log(`golden image        ${image.toFixed(0)} s from power-on to login`)
const installer = Number(option('installer') ?? (await byInstaller()))
console.log(`Debian's installer  ${installer.toFixed(0)} s`)
const ratio = image / installer
console.log(`ratio               ${ratio.toFixed(3)} (goal ${goal}: ${ratio <= goal ? 'met' : 'NOT met'})`)

async function byImage(): Promise<number> {
  await using stage = await openImageStage({}, { after: 'kexec' })
  return await untilLogin(stage, isInstalled)
}

async function byInstaller(): Promise<number> {
  await using stage = await openInstallerStage()
  return await untilLogin(stage, () => Promise.resolve())
}

async function untilLogin(stage: Stage, between: (booted: Machine) => Promise<unknown>): Promise<number> {
  const disk = await emptyDisk(stage)
  await stage.server.command('reinstall', 'duncan')
  const started = performance.now()
  const booted = await stage.boot({ disk, ...machine })
  await between(booted)
  await booted.sees(/duncan login:/, 6000)
  return (performance.now() - started) / 1000
}
