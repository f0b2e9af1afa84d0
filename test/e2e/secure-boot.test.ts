import { expect } from 'vitest'
import { openGuest } from '../lab/guest.ts'
import { labTest } from '../lab/needs.ts'
import { answerOf, duncansAnswer, openStage, story, type Stage } from './stage.ts'

const needs = ['lan', 'machine', 'grub', 'ipxe'] as const
const machine = { firmware: 'uefi', secureBoot: true } as const

labTest("Secure Boot: shim, signed GRUB, Debian's signed kernel, and its own answer", needs, async () => {
  await using stage = await openStage()
  const duncan = await stage.boot(machine)
  await duncan.sees(/integrity: Loaded X.509 cert 'Debian Secure Boot CA/)
  expect(await answerOf(duncan)).toBe(duncansAnswer)
  await duncan.ends()
  const trace = await stage.trace('duncan')
  expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
  expect(story(trace)).toEqual(expect.arrayContaining(['sent shimx64.efi', 'sent grubx64.efi', 'report.done']))
})

labTest('Secure Boot: a kernel with one byte altered is refused, and the trace says where to look', needs, async () => {
  const vmlinuz = Buffer.from((await openGuest()).vmlinuz)
  vmlinuz[vmlinuz.length >> 1]! ^= 1
  await using stage = await openStage({ files: { 'boot/vmlinuz': vmlinuz } })
  const duncan = await stage.boot(machine)
  await duncan.sees(/error: bad shim signature/)
  await stops(stage).toEqual({
    step: 'the initrd',
    cause: expect.stringMatching(/^GRUB has boot\/vmlinuz and asked for nothing more: with Secure Boot on/),
  })
  // It does not stand at a prompt: GRUB goes on to the disk.
  await duncan.sees(/Falling back to `Boot from the local disk'/)
})

labTest('Secure Boot: a loader that is not signed is not started, and the trace names it', needs, async () => {
  await using stage = await openStage({ server: { loader: 'ipxe' } })
  const duncan = await stage.boot(machine)
  await duncan.sees(/Access Denied/)
  await stops(stage).toEqual({
    step: 'the menu',
    cause: expect.stringMatching(/^the machine has snponly.efi and asked for nothing more: .* loader: shim/),
  })
})

/** A moment after its last word, for until then it may yet go on. */
function stops(stage: Stage): ReturnType<typeof expect.poll> {
  return expect.poll(async () => (await stage.trace('duncan')).missing, { timeout: 30_000, interval: 1000 })
}
