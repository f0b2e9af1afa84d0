import { expect, test } from 'vitest'
import { mac, openHouse } from '../house.ts'

const other = '52-54-00-77-00-02'

test.each([
  ['a menu at a name that can be guessed', `pxelinux.cfg/01-${other}`, {}, 'menu.given'],
  ['an answer without a token', `a/${other}`, {}, 'answer.given'],
  ['an answer that is refused', 'a/52-54-00-77-00-01', {}, 'answer.refused'],
  ['a menu that cannot be rendered', `pxelinux.cfg/01-${other}`, { args: 'x={{vars.none}}' }, 'menu.failed'],
  ['an answer that cannot be rendered', `a/${other}`, { answer: '{{vars.none}}' }, 'answer.failed'],
])('%s is told once in a second, however often it is asked for', (_, name, { args, answer }: Change, type) => {
  using house = openHouse({
    ...(answer !== undefined && { 'answers/probe.hbs': answer }),
    ...(args !== undefined && { 'fleet.yaml': fleet.replace('x=1', args) }),
  })
  for (let times = 0; times < 100; times++) house.ask(name, { from: '10.77.0.66' })
  house.now += 1000
  house.ask(name, { from: '10.77.0.66' })
  const told = house.events().filter((event) => event.type === type)
  expect(told.map(({ detail }) => detail?.['count'])).toEqual([100, undefined])
  expect(house.house.sessions.current(mac)).toBeUndefined()
})

interface Change {
  readonly args?: string
  readonly answer?: string
}

const fleet = `
machines: [{ name: macduff, mac: "52:54:00:77:00:02", ip: 10.77.0.12, profile: probe }]
profiles: [{ name: probe, kind: live, kernel: boot/vmlinuz, args: "x=1", answer: answers/probe.hbs }]
`
