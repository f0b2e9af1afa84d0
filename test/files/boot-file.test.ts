import { expect, test } from 'vitest'
import { advisor6 } from '../../src/app/forecast.ts'
import { Desk, replyTo } from '../../src/dhcp/desk.ts'
import { LeaseBook } from '../../src/dhcp/lease.ts'
import { option, read, write } from '../../src/dhcp/options.ts'
import type { Packet } from '../../src/dhcp/packet.ts'
import { readRequest } from '../../src/dhcp/request.ts'
import { advise } from '../../src/files/advise.ts'
import { formatIpv4 } from '../../src/net/ipv4.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'
import { message, real } from '../dhcp/packets.ts'
import { settings, subnet } from '../dhcp/site.ts'
import { Lobby6 } from '../dhcp6/lobby.ts'
import { message as message6, real as real6, types } from '../dhcp6/packets.ts'
import { files, mac, openHouse, type TestHouse } from '../house.ts'

/** What a house says to a DISCOVER: next server, header file, options 66 and 67. */
function told(house: TestHouse, packet: Packet): readonly (string | undefined)[] {
  const desk = new Desk(
    settings([subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199')]),
    {
      advisor: {
        advise: (client, server) => advise(house.house, client, server),
        isReserved: (address) => house.house.registry.at(address) !== undefined,
      },
      leases: new LeaseBook(new MemoryLeases()),
      serverAddressFor: () => '10.77.0.1',
    },
    house.now,
  )
  const request = readRequest(packet)
  const decision = typeof request === 'string' ? request : desk.decide(request, 'eth0', house.now)
  const reply = typeof decision === 'string' ? undefined : replyTo(decision)
  if (!reply) return []
  const { siaddr, file, options } = reply
  return [formatIpv4(siaddr), file, read(options, option.serverName), read(options, option.bootFile)]
}

test.each([
  'arista-ztp-discover',
  'juniper-ztp-discover',
  'cisco-poap-discover',
  'windows-discover',
  'udhcpc-discover',
])('%s: who does not say that he boots gets the next server and no boot file', (name) => {
  using house = openHouse()
  expect(told(house, real(name))).toEqual(['10.77.0.1', '', undefined, undefined])
})

test('the system of a machine that the site names gets none, either', () => {
  using house = openHouse()
  expect(told(house, message(1, { mac }))).toEqual(['10.77.0.1', '', undefined, undefined])
})

test.each([
  ['a class', write(option.vendorClass, 'PXEClient:Arch:00000:UNDI:002001')],
  ['the class of HTTP boot', write(option.vendorClass, 'HTTPClient:Arch:00016:UNDI:003016')],
  ['an architecture', write(option.arch, [0])],
  ['iPXE', write(option.userClass, Buffer.from('iPXE'))],
])('who says so by %s gets one', (_, said) => {
  using house = openHouse()
  const [server, file, name, again] = told(house, message(1, { mac, more: [said] }))
  expect([server, name, again]).toEqual(['10.77.0.1', '10.77.0.1', file])
  expect(file).toMatch(/s\/[^/]+\/./)
})

test('over IPv6 option 59 is for those who boot, and for the loader of a boot under way', () => {
  using house = openHouse()
  const urls = (bytes: Buffer): string | undefined => new Lobby6({ advisor: advisor6(house.house) }).ask(bytes)?.url
  const asks59 = message6(types.solicit)
  expect(urls(asks59)).toBeUndefined()
  expect(urls(real6('ovmf-solicit'))).toMatch(/^tftp:/)
  expect(urls(asks59)).toMatch(/^tftp:/)
  house.now += 16 * 60_000
  expect(urls(asks59)).toBeUndefined()
})

const gear = (file: string): TestHouse =>
  openHouse({
    'fleet.yaml': `machines:
  - { name: leaf-1, mac: 52:54:00:77:10:20, file: "${file}", groups: [all] }
  - { name: leaf-2, mac: 52:54:00:77:00:02, file: "${file}" }
groups:
  - { name: all, profile: probe }
${files['fleet.yaml']!.slice(files['fleet.yaml']!.indexOf('profiles:'))}`,
  })

test('gear that has a file of its own is told of that, whatever it says of itself', () => {
  using house = gear('http://10.77.0.1/ztp/leaf.sh')
  const url = 'http://10.77.0.1/ztp/leaf.sh'
  expect(told(house, real('arista-ztp-discover'))).toEqual(['10.77.0.1', url, '10.77.0.1', url])
  const rom = message(1, { mac: '52:54:00:77:10:20', more: [write(option.arch, [0])] })
  expect(told(house, rom)).toEqual(['10.77.0.1', url, '10.77.0.1', url])
  const solicit = new Lobby6({ advisor: advisor6(house.house) }).ask(message6(types.solicit))
  expect(solicit).toMatchObject({ url })
})

test('it has no profile, begins no boot, and no permit of a group reaches it', () => {
  using house = gear('ztp/leaf.sh')
  const rom = { door: 'dhcp', asker: 'firmware', arch: 0, mac: house.house.registry.named('leaf-1')!.macs[0]! } as const
  expect(advise(house.house, rom, '10.77.0.1').boot?.file).toBe('ztp/leaf.sh')
  expect(house.house.sessions.current(rom.mac)).toBeUndefined()
  expect(house.house.registry.profileOf(house.house.registry.named('leaf-1')!)).toBeUndefined()
})
