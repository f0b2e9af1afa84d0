import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { answerOf, duncansAnswer, openStage, pxelinux, type Stage } from './stage.ts'

const needs = ['lan', 'machine', 'pxelinux'] as const

// dnsmasq does not get the kernel through in 300 s here: it ignores the ACKs that PXELINUX repeats.
labTest('5 % loss in each direction: PXELINUX gets its kernel by TFTP, and the machine its answer', needs, async () => {
  await using stage = await openStage(pxelinux)
  await bootsInSpiteOfLoss(stage)
})

labTest(
  '5 % loss in each direction: iPXE gets its script and its kernel by HTTP, and the machine its answer',
  needs,
  async () => {
    await using stage = await openStage()
    await bootsInSpiteOfLoss(stage)
  },
)

async function bootsInSpiteOfLoss(stage: Stage): Promise<void> {
  await stage.lan.lose(5)
  const machine = await stage.boot()
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
}
