import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { answerOf, duncansAnswer, openStage } from './stage.ts'
import { namesOf, watchRequests } from './wire.ts'

const needs = ['lan', 'machine', 'pxelinux', 'lpxelinux.0', 'tcpdump'] as const

labTest('lpxelinux.0 comes by TFTP, and everything after it by HTTP, in its boot session', needs, async () => {
  await using stage = await openStage({ server: { loader: 'lpxelinux' } })
  const requests = await watchRequests(stage.lan)
  const machine = await stage.boot()
  expect(await answerOf(machine)).toBe(duncansAnswer)
  await machine.ends()
  expect(namesOf(requests())).toEqual(['lpxelinux.0'])
  const trace = await stage.trace('duncan')
  expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
  const carried = trace.events.filter(({ type }) => type === 'file.sent').map(({ detail }) => detail!)
  expect(carried.map(({ name, carrier }) => `${String(carrier)} ${String(name)}`)).toEqual(
    expect.arrayContaining([
      'tftp lpxelinux.0',
      'http ldlinux.c32',
      'http pxelinux.cfg/01-52-54-00-77-00-01',
      'http boot/vmlinuz',
      'http boot/initrd.gz',
    ]),
  )
})
