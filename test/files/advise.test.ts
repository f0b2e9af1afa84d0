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

test('UEFI HTTP boot begins by TLS when the site says so, under the name of its certificate; nothing else does', () => {
  const tls = 'address: 10.77.0.1\nhttps: { certificate: a.pem, key: a.key, boot: true'
  using plain = openHouse({ 'birnam.yaml': 'address: 10.77.0.1\nhttps: { certificate: a.pem, key: a.key }\n' })
  using own = openHouse({ 'birnam.yaml': `${tls} }\n` })
  using named = openHouse({ 'birnam.yaml': `${tls}, port: 8443, name: boot.forres.test }\n` })
  const first = (house: typeof own, arch: number, asker: 'firmware' | 'ipxe' = 'firmware'): string =>
    advise(house.house, { ...rom, asker, arch }, '10.77.0.1').boot!.file
  expect(first(plain, 16)).toMatch(/^http:\/\/10\.77\.0\.1\/s\//)
  expect(first(own, 16)).toMatch(/^https:\/\/10\.77\.0\.1\/s\//)
  expect(first(named, 16)).toMatch(/^https:\/\/boot\.forres\.test:8443\/s\//)
  expect(first(own, 16, 'ipxe')).toMatch(/^http:/)
  expect(first(own, 7)).toMatch(/^s\//)
})
