import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { serve } from '../lab/server.ts'
import { answerOf, duncansAnswer, openStage, pxelinux, story } from './stage.ts'

labTest(
  'a server that was killed during a boot knows that boot again after its restart',
  ['lan', 'machine', 'pxelinux'],
  async () => {
    await using stage = await openStage(pxelinux)
    const machine = await stage.boot()
    await machine.sees(/Linux version/)
    await stage.server.crash()
    await using again = await serve(stage.lan, stage.site)
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    await again.says(/report\.done/)
    const trace = await stage.trace('duncan')
    expect(story(trace)).toEqual(
      expect.arrayContaining(['sent pxelinux.0', 'menu.given', 'answer.given', 'report.done']),
    )
    await again.stop()
  },
)
