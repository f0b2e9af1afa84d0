import { expect, test } from 'vitest'
import { reinstall } from '../../src/api/desk.ts'
import { advise } from '../../src/files/advise.ts'
import { parseMac } from '../../src/net/mac.ts'
import { files, openHouse, own } from '../house.ts'

const secret = '$6$salt$secret'
const uuid = '4c4c4544-0042-3510-8052-b4c04f4e3732'
const fleet = files['fleet.yaml']!.replace('serial: SN-7', `serial: SN-7, uuid: ${uuid}`)
const probe = '10.77.0.12'
const asks = (query: string, from = probe) => ({ query: new URLSearchParams(query), from })

test.each([
  'mac=52-54-00-77-00-02',
  'mac=52:54:00:77:00:02&hostname=x&domain=y',
  `uuid=${uuid}`,
  `uuid=${uuid.toUpperCase()}`,
  'serial=SN-7',
  'mac=&uuid=&serial=SN-7',
])('%s selects the machine', (query) => {
  using house = openHouse({ 'fleet.yaml': fleet })
  expect(house.text('ipxe', asks(query))).toMatch(/^#!ipxe\n# Birnam for macduff: live/)
  expect(house.text('grub', asks(query))).toContain('Birnam for macduff: live')
  for (const name of ['ignition', 'generic']) expect(house.text(name, asks(query))).toBe('I am macduff\n')
  expect(house.text('metadata', asks(query))).toBe(
    `NAME=macduff\nHOSTNAME=macduff\nMAC=52:54:00:77:00:02\nIP=${probe}\nUUID=${uuid}\nSERIAL=SN-7\nPROFILE=probe\n`,
  )
})

test('UUID and serial number are told to the machine itself, and to nobody who only asks for it', () => {
  using house = openHouse({ 'fleet.yaml': fleet })
  for (const query of ['mac=52-54-00-77-00-02', `uuid=${uuid}`, 'serial=SN-7'])
    for (const from of [own, '10.77.0.66', '127.0.0.1', 'fd77::66']) {
      const text = house.text('metadata', asks(query, from))
      expect(text).toContain('NAME=macduff\n')
      expect(text).not.toMatch(/UUID|SERIAL|4c4c4544|SN-7/)
    }
})

test('a foreign card that says the UUID of a machine is not told its serial number', () => {
  using house = openHouse({ 'fleet.yaml': fleet })
  const foreign = parseMac('02:66:66:66:66:77')
  house.leases.set(foreign, '10.77.0.66')
  advise(house.house, { door: 'dhcp', asker: 'firmware', arch: 0, mac: foreign, uuid }, '10.77.0.1')
  expect(house.text('metadata', asks(`mac=${foreign}`, '10.77.0.66'))).not.toContain('SN-7')
})

test('a machine that may be installed boots its disk at these names, and its answer needs its boot', async () => {
  using house = openHouse()
  await reinstall(house.house, 'duncan', { by: 'a test' })
  for (const from of [own, '10.77.0.66']) {
    const asked = asks('mac=52:54:00:77:00:01', from)
    expect(house.text('ipxe', asked)).toContain('Birnam for duncan: local')
    expect(house.text('grub', asked)).toContain('Birnam for duncan: local')
    for (const name of ['ipxe', 'grub', 'ignition', 'generic', 'metadata'])
      expect(house.text(name, asked)).not.toContain(secret)
    expect(house.ask('ignition', asked)).toMatchObject({ kind: 'refused', status: 403 })
  }
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
})

test.each([
  'mac=52:54:00:77:00:99',
  'mac=frob',
  'mac=..%2f..%2fetc',
  'mac=%00',
  'uuid=__proto__',
  'serial=constructor',
  `mac=${'5'.repeat(10_000)}`,
  'mac=frob&mac=52:54:00:77:00:02',
  'serial=%ff%fe',
])('%s selects nobody of ours', (query) => {
  using house = openHouse({ 'fleet.yaml': fleet })
  expect(house.ask('metadata', asks(query))).toMatchObject({ kind: 'refused', status: 404 })
  expect(house.text('ignition', asks(query))).not.toContain('I am')
})

test('without a query that selects, and by TFTP, these are names like any other', () => {
  using house = openHouse({ 'files/ipxe': 'a file of the site', 'files/grub': 'another' })
  for (const asked of [{}, asks(''), asks('x=1'), { ...asks('serial=SN-7'), carrier: 'tftp' as const }])
    expect(house.ask('ipxe', asked)).toMatchObject({ kind: 'file' })
  expect(house.ask('metadata', {})).toBeUndefined()
})
