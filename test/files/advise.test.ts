import { expect, test } from 'vitest'
import { advise } from '../../src/files/advise.ts'
import { files, mac, openHouse } from '../house.ts'

const rom = { door: 'dhcp', asker: 'firmware', arch: 0, mac } as const

test('the server of a boot is the one that the site names, where that is an address of the link', () => {
  using house = openHouse()
  house.house.reach = (client) => (client === '10.77.0.2' ? '10.77.0.1' : client!)
  expect(advise(house.house, rom, '10.77.0.2').boot?.server).toBe('10.77.0.1')
  expect(advise(house.house, { ...rom, asker: 'ipxe' }, '10.77.0.2').boot?.file).toMatch(/^http:\/\/10\.77\.0\.1\/s\//)
  expect(advise(house.house, rom, '10.88.0.2').boot?.server).toBe('10.88.0.2')
})

test('a forecast begins no boot', () => {
  using house = openHouse()
  const { sessions } = house.house
  const imagined = sessions.imagined(mac, house.now)
  house.ask(`a/${sessions.tokenOf(imagined)}`, { dry: true })
  advise(house.house, rom, '10.77.0.1', true)
  expect(house.house.sessions.current(mac)).toBeUndefined()
})

test('an iPXE ROM says its UUID as any other ROM does, and its menu knows it again', () => {
  const uuid = '4c4c4544-0042-3510-8052-b4c04f4e3732'
  const fleet = files['fleet.yaml']!.replace('mac: "52:54:00:77:00:01", ip: 10.77.0.11', `uuid: ${uuid}`)
  using house = openHouse({ 'fleet.yaml': fleet })
  const file = advise(house.house, { ...rom, asker: 'ipxe', uuid }, '10.77.0.1').boot!.file
  expect(house.text(new URL(file).pathname.slice(1))).toContain('Birnam for duncan')
})
