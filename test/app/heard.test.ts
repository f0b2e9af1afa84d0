import { expect, test } from 'vitest'
import { hear } from '../../src/app/heard.ts'
import type { Client } from '../../src/boot/client.ts'
import type { DhcpEvent } from '../../src/dhcp/event.ts'
import { parseMac, type Mac } from '../../src/net/mac.ts'
import { mac, openHouse, type TestHouse } from '../house.ts'

const stranger = parseMac('52:54:00:77:00:10')
const rom = (card: Mac): Client => ({ door: 'dhcp', asker: 'firmware', arch: 7, mac: card })
const even = ['dhcp.dropped' as const]

function discover(house: TestHouse, card: Mac, client: Client = rom(card)): void {
  hear<DhcpEvent>(house.house, { type: 'dhcp.discover', interface: 'eth0', mac: card, client }, even)
}

function recorded(house: TestHouse): readonly string[] {
  return house.logged.map(({ type }) => type)
}

test('an event tells what kind of client it was, in words and numbers', () => {
  using house = openHouse()
  discover(house, mac)
  expect(house.events().at(-1)?.detail).toMatchObject({ interface: 'eth0', asker: 'firmware', arch: 7 })
  expect(JSON.stringify(house.events())).not.toContain('"client"')
})

test('a message of a named machine that is thrown away is told with its relay, each time', () => {
  using house = openHouse()
  const drop = { type: 'dhcp.dropped', interface: 'eth0', mac, relay: '10.9.7.1', why: 'unknown network' } as const
  hear<DhcpEvent>(house.house, drop, even)
  house.now += 2000
  hear<DhcpEvent>(house.house, drop, even)
  expect(house.events().map(({ type, detail }) => [type, detail?.['relay'], detail?.['why']])).toEqual([
    ['dhcp.dropped', '10.9.7.1', 'unknown network'],
    ['dhcp.dropped', '10.9.7.1', 'unknown network'],
  ])
})

test('of a card that nobody named it is told once a minute for each relay and reason', () => {
  using house = openHouse()
  for (let second = 0; second < 61; second++) {
    for (const relay of ['10.9.7.1', '10.9.8.1'])
      hear<DhcpEvent>(
        house.house,
        { type: 'dhcp.dropped', interface: 'eth0', mac: stranger, relay, why: 'unknown network' },
        even,
      )
    house.now += 1000
  }
  expect(house.logged.map(({ detail }) => [detail?.['relay'], detail?.['count']])).toEqual([
    ['10.9.7.1', undefined],
    ['10.9.8.1', undefined],
    ['10.9.7.1', 60],
    ['10.9.8.1', 60],
  ])
})

test('a machine that nobody named is told when it comes to boot, with the machine whose card is nearly the same', () => {
  using house = openHouse()
  discover(house, stranger)
  house.now += 1000
  discover(house, stranger)
  expect(house.logged).toMatchObject([
    { type: 'machine.unknown', mac: stranger, detail: { near: 'duncan', nearMac: mac, arch: 7 } },
  ])
  expect(house.house.unknown.list()).toMatchObject([{ mac: stranger, arch: 7, events: [{}, {}] }])
})

test('one that only wants an address is none of them', () => {
  using house = openHouse()
  discover(house, stranger, { door: 'dhcp', asker: 'os', mac: stranger })
  expect([recorded(house), house.house.unknown.list()]).toEqual([[], []])
})

test('a flood of invented cards is remembered by its last hundred, and a hundred of them are told in an hour', () => {
  using house = openHouse()
  for (let at = 0; at < 5000; at++) discover(house, parseMac(`02:00:00:00:${hex(at >> 8)}:${hex(at & 255)}`))
  expect(recorded(house)).toHaveLength(100)
  expect(house.house.unknown.list()).toHaveLength(100)
})

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
