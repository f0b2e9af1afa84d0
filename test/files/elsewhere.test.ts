import { expect, test } from 'vitest'
import { pathOf } from '../../src/boot/session.ts'
import { explain } from '../../src/api/explain.ts'
import { reinstall } from '../../src/api/desk.ts'
import type { Elsewhere, Said } from '../../src/files/house.ts'
import { readPixiecoreReply } from '../../src/menu/pixiecore-reply.ts'
import { mac, openHouse, type TestHouse } from '../house.ts'

const api = 'http://inventory:8080'
const fleet = `
machines: [{ name: duncan, mac: "${mac}", ip: 10.77.0.11, profile: away }]
profiles:
  - { name: away, kind: live, pixiecore: "${api}/", args: "me={{machine.name}}" }
`
const install = fleet.replace('kind: live', 'kind: install, answer: answers/web.hbs')
const reply = readPixiecoreReply('{"kernel": "/k", "initrd": ["/i"], "cmdline": "quiet", "message": "hello"}', api)

function open(said: Said, yaml = fleet): TestHouse {
  const house = openHouse({ 'fleet.yaml': yaml })
  const elsewhere: Elsewhere = { ask: () => said, learn: () => Promise.resolve(said) }
  Object.assign(house.house, { elsewhere })
  return house
}

function menuOf(house: TestHouse): string {
  return house.text(`${pathOf(house.house.sessions.arriving(mac, house.now))}boot.ipxe`)
}

test('what the API names is booted, with the arguments of the profile after its own', () => {
  using house = open({ state: 'boot', ...reply })
  const menu = menuOf(house)
  expect(menu).toContain(`kernel ${api}/k initrd=initrd0 quiet me=duncan ||`)
  expect(menu).toContain(`initrd --name initrd0 ${api}/i ||`)
  expect(menu).toContain(`# ${api} says: hello`)
  expect(house.events()).toMatchObject([{ type: 'menu.given', detail: { plan: 'live', files: 0 } }])
})

test('while it is asked, the machine comes again', () => {
  using house = open({ state: 'asking' })
  expect(menuOf(house)).toMatch(/:away\nsleep 1\nchain --replace http:\/\/10\.77\.0\.1\/s\/[^/]+\/boot\.ipxe /)
})

test('what it refuses boots its disk, and the trace says why', () => {
  using house = open({ state: 'refused', why: `${api}/v1/boot/${mac}: it says 404` })
  expect(menuOf(house)).toContain('goto local')
  expect(house.events()).toMatchObject([
    { type: 'menu.given', detail: { plan: 'local', why: `${api}/v1/boot/${mac}: it says 404` } },
  ])
})

test('an install by an API needs its permit, which is claimed when the API has spoken', async () => {
  const said = { state: 'asking' } as Said
  using house = open(said, install)
  expect(menuOf(house)).toContain('goto local')
  await reinstall(house.house, 'duncan', { by: 'a test' })
  expect(menuOf(house)).toContain('chain --replace')
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
  Object.assign(said, { state: 'refused', why: 'it says 404' })
  expect(menuOf(house)).toContain('goto local')
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
  Object.assign(said, { state: 'boot', ...reply })
  expect(menuOf(house)).toContain(`kernel ${api}/k `)
  expect(house.house.permits.of('duncan')?.state).toBe('claimed')
})

test('a forecast of an install without a permit asks nobody, and says that it has none', async () => {
  using house = open({ state: 'refused', why: 'it says 404' }, install)
  const duncan = house.house.registry.named('duncan')!
  const { plan } = await explain(house.house, house.shelf, () => [], duncan, 'bios')
  expect(plan).toEqual({ do: 'local', why: 'duncan has no permit to be installed' })
})

test('a forecast waits for the API, and shows what it says', async () => {
  using house = open({ state: 'boot', ...reply })
  const forecast = await explain(house.house, house.shelf, () => [], house.house.registry.named('duncan')!, 'bios')
  expect(forecast).toMatchObject({ problems: [], plan: { do: 'live' }, kernel: `${api}/k quiet me=duncan` })
  expect(forecast.names.map(({ name }) => name.split('/').at(-1))).toEqual(['undionly.kpxe', 'boot.ipxe'])
})
