import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tell } from '../../src/api/trace/tell.ts'
import type { Trace } from '../../src/api/trace/trace.ts'
import { hear } from '../../src/app/heard.ts'
import type { Client } from '../../src/boot/client.ts'
import { loadSite } from '../../src/config/read.ts'
import type { DhcpEvent } from '../../src/dhcp/event.ts'
import { Fault } from '../../src/fault.ts'
import { parseMac, type Mac } from '../../src/net/mac.ts'
import { mac, openHouse, own, type TestHouse } from '../house.ts'

const fleet = (name: string): string => `
machines:
  - { name: ${name}, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: disk, uuid: 4c4c4544-0051-3010-8052-b4c04f4e3132, serial: SN-9 }
profiles:
  - { name: disk, kind: local }
`
const stranger = parseMac('52:54:00:77:00:10')

function trace(house: TestHouse, text: string): Trace {
  return tell({ house: house.house, shelf: house.shelf }, text, undefined)
}

function boot(house: TestHouse): string {
  const session = house.house.sessions.arriving(mac, house.now)
  house.ask(`s/${session.id}/pxelinux.cfg/default`)
  return session.id
}

function discover(house: TestHouse, card: Mac): void {
  const client: Client = {
    door: 'dhcp',
    asker: 'firmware',
    arch: 7,
    mac: card,
    uuid: 'f00dcafe-0051-3010-8052-b4c04f4e3132',
  }
  hear<DhcpEvent>(house.house, { type: 'dhcp.discover', interface: 'eth0', mac: card, client }, [])
  hear<DhcpEvent>(house.house, { type: 'dhcp.ack', interface: 'eth0', mac: card, client, address: '10.77.0.60' }, [])
}

test.each(['duncan', '52:54:00:77:00:01', '52-54-00-77-00-01', own, '4C4C4544-0051-3010-8052-B4C04F4E3132', 'SN-9'])(
  'a machine is traced as %s',
  (text) => {
    using house = openHouse({ 'fleet.yaml': fleet('duncan') })
    const session = boot(house)
    expect(trace(house, text)).toMatchObject({ machine: 'duncan', session, ended: true })
  },
)

test('a boot is found under the new name of its machine, and under the old one', async () => {
  using house = openHouse({ 'fleet.yaml': fleet('duncan') })
  const session = boot(house)
  writeFileSync(join(house.directory, 'fleet.yaml'), fleet('malcolm'))
  await house.replace(loadSite(house.directory))
  expect(trace(house, 'malcolm')).toMatchObject({ machine: 'malcolm', session, ended: true })
  expect(trace(house, 'duncan')).toMatchObject({ machine: 'duncan', session, ended: true })
})

test.each([stranger, '10.77.0.60', 'f00dcafe-0051-3010-8052-b4c04f4e3132'])(
  'a machine that nobody named is traced as %s, with the machine whose card is nearly the same',
  (text) => {
    using house = openHouse({ 'fleet.yaml': fleet('duncan') })
    discover(house, stranger)
    const { machine, session, events, notes } = trace(house, text)
    expect([machine, session, events.map(({ type }) => type)]).toEqual([
      stranger,
      undefined,
      ['dhcp.discover', 'dhcp.ack'],
    ])
    expect(notes).toEqual([
      expect.stringMatching(/No machine of the site has the card .* of duncan differs in two digits/),
    ])
  },
)

test('what nobody ever heard of is told as that', () => {
  using house = openHouse()
  expect(() => trace(house, '52:54:00:77:00:99')).toThrow(Fault)
  expect(() => trace(house, 'macbeth')).toThrow('no machine is named macbeth')
})
