import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { liveProfile } from '../lab/site.ts'
import { answerOf, openStage, pxelinux } from './stage.ts'

const roles = ['king', 'thane', 'porter', 'witch']

labTest('four machines at once: each gets its own answer', ['lan', 'machine', 'pxelinux'], async () => {
  const machines = roles.map((role, index) => ({
    name: role,
    mac: `52:54:00:77:00:0${index + 1}`,
    ip: `10.77.0.1${index + 1}`,
    profile: 'probe',
    vars: { role },
  }))
  await using stage = await openStage({ ...pxelinux, fleet: { machines, profiles: [liveProfile('probe')] } })
  const running = await Promise.all(machines.map(({ mac }) => stage.boot({ mac, memory: 384 })))
  const answers = await Promise.all(running.map((machine) => answerOf(machine)))
  const expected = machines.map(
    ({ name, mac, ip }) => `I am ${name} with ${mac} at ${ip}, the ${name}.\nServed by 10.77.0.1.`,
  )
  expect(answers).toEqual(expected)
  for (const machine of running) await machine.ends()
})
