import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { answerOf, duncansAnswer, openStage, pxelinux } from './stage.ts'

// dnsmasq does not get the kernel through in 300 s here: it ignores the ACKs that PXELINUX repeats.
labTest(
  '5 % loss in each direction: PXELINUX gets its kernel by TFTP, and the machine its answer',
  ['lan', 'machine', 'pxelinux'],
  async () => {
    await using stage = await openStage(pxelinux)
    await stage.lan.lose(5)
    const machine = await stage.boot()
    await machine.sees(/Linux version/, 300)
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
  },
)
