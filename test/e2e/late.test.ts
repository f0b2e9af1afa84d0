import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { serve } from '../lab/server.ts'
import { answerOf, duncansAnswer, openStage } from './stage.ts'
import { watchDhcp } from './wire.ts'

// An iPXE ROM asks four times within twelve seconds, with the same xid, and then gives up.
labTest(
  'a ROM that asked before there was a server is answered when it asks again',
  ['lan', 'machine', 'tcpdump'],
  async () => {
    await using stage = await openStage()
    await stage.server.stop()
    const packets = await watchDhcp(stage.lan)
    const machine = await stage.boot()
    for (let left = 600; packets().length === 0 && left > 0; left--) await wait(100)
    await using late = await serve(stage.lan, stage.site)
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    const xids = packets().map((packet) => / xid (0x[0-9a-f]+)/.exec(packet)?.[1])
    expect(packets()[1]).toContain('Discover')
    expect(xids[1]).toBe(xids[0])
    await late.stop()
  },
)
