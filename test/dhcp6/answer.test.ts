import { expect, test } from 'vitest'
import { parseCidr6 } from '../../src/net/ipv6.ts'
import { parseMac } from '../../src/net/mac.ts'
import type { Advice6 } from '../../src/dhcp6/advice.ts'
import { Lobby6, subnet6 } from './lobby.ts'
import { card, duidOf, everyReal, linkLocal, message, real, relayed, serverId, types } from './packets.ts'
import { option, option6, u16, u32 } from '../../src/dhcp6/options.ts'

const own = 'fd77::5254:77:2'
const url = 'tftp://[fd77::1]/shimx64.efi'

test('the firmware of a machine is offered an address made of its card, a name server and a boot URL', () => {
  const lobby = new Lobby6()
  expect(lobby.ask(real('ovmf-solicit'))).toMatchObject({
    type: 'advertise',
    url,
    dns: 'fd77::1',
    given: [{ id: 0xff4cf7f6, addresses: [[own, 3600]] }],
  })
  expect(lobby.clients).toEqual([{ door: 'dhcp', asker: 'firmware', mac: card, arch: 7 }])
})

test.each([
  ['ovmf-solicit', 'firmware', 7],
  ['aavmf-solicit', 'firmware', 11],
  ['grub-solicit', 'os', undefined],
] as const)('%s reads as what it is', (name, asker, arch) => {
  const lobby = new Lobby6()
  lobby.take(real(name))
  expect(lobby.clients[0]).toMatchObject({ asker, ...(arch !== undefined && { arch }) })
})

test('what was offered is given at the request, and told as events', () => {
  const lobby = new Lobby6({ known: { [card]: { machine: 'duncan', boot: { file: 's/1/shimx64.efi' } } } })
  expect(lobby.ask(message(types.solicit))).toMatchObject({ type: 'advertise', preference: 255 })
  const asked = message(types.request, { server: serverId, addresses: [[own]] })
  expect(lobby.ask(asked)).toMatchObject({ type: 'reply', given: [{ id: 1, addresses: [[own, 3600]] }] })
  expect(lobby.book.leaseOf(card as never, lobby.now)).toBe(own)
  expect(lobby.events.map(({ type, address, machine, file }) => [type, address, machine, file])).toEqual([
    ['dhcp6.solicit', undefined, undefined, undefined],
    ['dhcp6.advertise', own, 'duncan', undefined],
    ['dhcp6.request', undefined, undefined, undefined],
    ['dhcp6.reply', own, 'duncan', undefined],
  ])
})

test('a machine with an ip6 of its own gets that one, and nobody else does', () => {
  const lobby = new Lobby6({
    known: { [card]: { machine: 'duncan', address: 'fd77::11' } },
    subnets: [subnet6('fd77::/64', 'fd77::11-fd77::12')],
  })
  const other = '52:54:00:77:00:03'
  const wish = { duid: duidOf(other), addresses: [['fd77::11']] }
  expect(lobby.ask(message(types.solicit, wish), { from: 'fe80::5054:ff:fe77:3' })!.given[0]!.addresses).toContainEqual(
    ['fd77::12', 3600],
  )
  expect(lobby.ask(message(types.solicit))!.given[0]!.addresses).toEqual([['fd77::11', 3600]])
})

const cards = [card, '52:54:00:77:00:03'].map(parseMac)
const itsOwn = { machine: 'duncan', address: 'fd77::11', cards }

function asks(lobby: Lobby6, mac: string, type: number = types.request): readonly string[] {
  const wish = { duid: duidOf(mac), ...(type === types.solicit ? {} : { server: serverId }) }
  const from = `fe80::5054:ff:fe77:${Number.parseInt(mac.slice(-2), 16).toString(16)}`
  return lobby.ask(message(type, wish), { from })!.given[0]!.addresses.map(([address]) => address)
}

test('an ip6 belongs to the machine: whichever of its cards asks gets it, and leaves no record with the one before', () => {
  const lobby = new Lobby6({ known: Object.fromEntries(cards.map((mac) => [mac, itsOwn])) })
  for (const mac of [...cards, cards[0]!]) {
    expect(asks(lobby, mac, types.solicit)).toEqual(['fd77::11'])
    expect(asks(lobby, mac)).toEqual(['fd77::11'])
    expect(cards.filter((one) => lobby.book.leaseOf(one, lobby.now) !== undefined)).toEqual([mac])
    expect(lobby.book.holderOf('fd77::11', lobby.now)).toBe(mac)
  }
  lobby.ask(message(types.release, { duid: duidOf(cards[1]!), server: serverId, addresses: [['fd77::11']] }), {
    from: 'fe80::5054:ff:fe77:3',
  })
  expect(lobby.book.holderOf('fd77::11', lobby.now)).toBe(cards[0])
})

test('over IPv6 too a card that the machine has no more holds nothing, and neither a stranger nor who only says who it is is robbed or robs', () => {
  const [gone, foreign] = ['52:54:00:77:00:0f', '52:54:00:77:00:66']
  const known: Record<string, Advice6> = { [gone]: { ...itsOwn, cards: [parseMac(gone)] } }
  const lobby = new Lobby6({ known })
  expect(asks(lobby, gone)).toEqual(['fd77::11'])
  delete known[gone]
  Object.assign(known, { [card]: itsOwn, [foreign]: itsOwn })
  expect(asks(lobby, foreign)).not.toContain('fd77::11')
  expect(asks(lobby, card)).toEqual(['fd77::11'])
  expect(asks(lobby, foreign)).not.toContain('fd77::11')
  lobby.book.decline(card, 0xfd770000000000000000000000000011n, lobby.now + 1000)
  expect(asks(lobby, card)).not.toContain('fd77::11')
})

test('a range that is used up gives no address, and says so', () => {
  const lobby = new Lobby6({ subnets: [subnet6('fd77::/64', 'fd77::100-fd77::101')] })
  const answers = [3, 4, 5].map((n) => {
    const wish = { duid: duidOf(`52:54:00:77:00:0${n}`), server: serverId }
    return lobby.ask(message(types.request, wish), { from: `fe80::5054:ff:fe77:${n}` })!.given[0]!
  })
  const addresses = answers.flatMap((each) => each.addresses.map(([address]) => address))
  expect(addresses.toSorted()).toEqual(['fd77::100', 'fd77::101'])
  expect(answers[2]).toMatchObject({ addresses: [], status: 2 })
})

test('over IPv6 too, invented cards leave addresses of a range for the machines that the site names', () => {
  const known = { '52:54:00:77:00:01': { machine: 'duncan' }, '52:54:00:77:00:02': { machine: 'banquo' } }
  const lobby = new Lobby6({ subnets: [subnet6('fd77::/64', 'fd77::100-fd77::107')], known })
  const ask = (n: number) => {
    const pair = n.toString(16).padStart(2, '0')
    const wish = { duid: duidOf(`52:54:00:77:00:${pair}`), server: serverId }
    return lobby.ask(message(types.request, wish), { from: `fe80::5054:ff:fe77:${n.toString(16)}` })!.given[0]!
  }
  const invented = Array.from({ length: 20 }, (_, n) => ask(n + 16))
  expect(invented.filter(({ addresses }) => addresses.length > 0)).toHaveLength(6)
  expect(ask(16).addresses).toEqual(invented[0]!.addresses)
  for (const n of [1, 2]) expect(ask(n).addresses).toHaveLength(1)
})

test('the same card gets the same address from a server that was started again', () => {
  const give = (): unknown =>
    new Lobby6({ subnets: [subnet6('fd77::/64', 'fd77::1000-fd77::1fff')] }).ask(message(types.solicit))!.given
  expect(give()).toEqual(give())
})

test('one card has one address: a second association of it gets none', () => {
  const told = new Lobby6().ask(message(types.solicit, { addresses: [[], []] }))!
  expect(told.given).toEqual([
    { id: 1, addresses: [[own, 3600]] },
    { id: 2, addresses: [], status: 2 },
  ])
})

test('an address that is not the right one any more is taken back with a lifetime of 0', () => {
  const lobby = new Lobby6({ known: { [card]: { machine: 'duncan', address: 'fd77::11' } } })
  const renew = message(types.renew, { server: serverId, addresses: [['fd77::99']] })
  expect(lobby.ask(renew)!.given[0]!.addresses).toEqual([
    ['fd77::11', 3600],
    ['fd77::99', 0],
  ])
})

test('CONFIRM is about the link alone; without an address there is nothing to say', () => {
  const lobby = new Lobby6()
  expect(lobby.ask(message(types.confirm, { addresses: [['fd77::99']] }))).toMatchObject({ status: 0 })
  expect(lobby.ask(message(types.confirm, { addresses: [['fd78::99']] }))).toMatchObject({ status: 4 })
  expect(lobby.ask(message(types.confirm))).toBeUndefined()
})

test('a REQUEST for an address of another link is told so; a REBIND for one is not ours to answer', () => {
  const lobby = new Lobby6()
  const elsewhere = { addresses: [['fd78::99']] }
  expect(lobby.ask(message(types.request, { ...elsewhere, server: serverId }))!.given[0]).toMatchObject({ status: 4 })
  expect(lobby.ask(message(types.rebind, elsewhere))).toBeUndefined()
  expect(lobby.ask(message(types.rebind, { addresses: [['fd77::99']] }))).toMatchObject({ type: 'reply' })
})

test('RELEASE: the address stays known for a while, for EDK2 releases what its loader goes on with', () => {
  const lobby = new Lobby6()
  lobby.take(message(types.request, { server: serverId }))
  expect(lobby.ask(message(types.release, { server: serverId, addresses: [[own]] }))).toMatchObject({
    status: 0,
    given: [],
  })
  expect(lobby.book.holderOf(own, lobby.now)).toBe(card)
  expect(lobby.book.holderOf(own, lobby.now + 16 * 60_000)).toBeUndefined()
  expect(lobby.ask(message(types.release, { server: serverId, addresses: [['fd77::99']] }))!.given).toMatchObject([
    { status: 3 },
  ])
})

test('DECLINE: the next address is another one; who declines without an end is not heard', () => {
  const lobby = new Lobby6()
  const offered = new Set<string>()
  for (let n = 0; n < 6; n++) {
    const [address] = lobby.ask(message(types.request, { server: serverId }))?.given[0]?.addresses[0] ?? []
    if (address !== undefined) offered.add(address)
    lobby.take(message(types.decline, { server: serverId, addresses: [[address ?? own]] }))
  }
  expect(offered.size).toBe(4)
  const stranger = { duid: duidOf('52:54:00:77:00:03'), server: serverId, addresses: [['fd77::5254:77:2']] }
  lobby.take(message(types.decline, stranger), { from: 'fe80::5054:ff:fe77:3' })
  expect(lobby.desk.counters.decline).toBe(7)
})

test('INFORMATION-REQUEST gets configuration and a boot URL, no address, with or without a DUID', () => {
  const lobby = new Lobby6()
  for (const duid of [duidOf(card), null])
    expect(lobby.ask(message(types.inform, { duid, addresses: [] }))).toMatchObject({ type: 'reply', url, given: [] })
  expect(lobby.book.size).toBe(0)
})

test('an operating system is told of a boot URL only when it asks for one', () => {
  expect(new Lobby6().ask(real('grub-solicit'))).not.toHaveProperty('url')
  expect(new Lobby6().ask(message(types.solicit, { wants: [23] }))).not.toHaveProperty('url')
})

test('HTTP boot gets its class back, and the URL as it is', () => {
  const name = 'HTTPClient:Arch:00016:UNDI:003000'
  const vendor = option(option6.vendorClass, u32(343), u16(name.length), Buffer.from(name))
  const more = [vendor, option(option6.arch, u16(16))]
  const boot = { file: 'http://[fd77::1]/s/1/snponly.efi' }
  const lobby = new Lobby6({ known: { [card]: { machine: 'duncan', boot } } })
  const told = lobby.ask(message(types.solicit, { more }))!
  expect(told.url).toBe(boot.file)
  expect(told.codes).toContain(option6.vendorClass)
  expect(lobby.clients[0]).toMatchObject({ asker: 'firmware', arch: 16 })
})

test('iPXE is known by its user class and by the UUID in its DUID', () => {
  const uuid = '12345678123412341234525400770001'
  const more = [option(option6.userClass, u16(4), Buffer.from('iPXE'))]
  const lobby = new Lobby6()
  lobby.take(message(types.solicit, { duid: Buffer.from(`0004${uuid}`, 'hex'), more }))
  expect(lobby.clients[0]).toEqual({
    door: 'dhcp',
    asker: 'ipxe',
    mac: card,
    uuid: '12345678-1234-1234-1234-525400770001',
  })
})

test('who asks is told by the relay, else by its link-local address, else by its DUID', () => {
  const other = duidOf('52:54:00:77:00:99')
  const lobby = new Lobby6()
  const seen = Buffer.from('0001525400770077', 'hex')
  const inner = message(types.solicit, { duid: other })
  const global = { from: 'fd77::9' }
  lobby.take(relayed(inner, { link: 'fd77::2', more: [option(option6.linkLayer, seen)] }), global)
  lobby.take(relayed(inner, { link: 'fd77::2' }), global)
  lobby.take(inner)
  lobby.take(inner, { from: 'fe80::1234:5678:9abc:def0' })
  lobby.take(message(types.solicit, { duid: Buffer.from('0002000012340102', 'hex') }), { from: 'fe80::1' })
  expect(lobby.clients.map(({ mac }) => mac)).toEqual(['52:54:00:77:00:77', card, card, '52:54:00:77:00:99', undefined])
})

test('a client without a card gets an address of its own, too', () => {
  const lobby = new Lobby6()
  const wish = { duid: Buffer.from('0002000012340102', 'hex') }
  const [first] = lobby.ask(message(types.solicit, wish), { from: 'fe80::1' })!.given
  expect(first!.addresses).toHaveLength(1)
})

test('through two relays: the subnet of the nearest to the client, both wrapped again with their interface ids', () => {
  const lobby = new Lobby6({ subnets: [subnet6('fd77::/64'), subnet6('fd78::/64')] })
  const id = (text: string): Buffer => option(option6.interfaceId, Buffer.from(text))
  const near = relayed(message(types.solicit), { link: 'fd78::2', more: [id('port 7')] })
  const far = relayed(near, { link: '::', peer: 'fe80::9', hops: 1, more: [id('uplink')] })
  const reply = lobby.take(far, { from: 'fd77::9', unicast: true })!
  expect(reply.port).toBe(547)
  expect([reply.bytes[0], reply.bytes[1]]).toEqual([13, 1])
  expect(reply.bytes.toString('latin1')).toMatch(/uplink.*port 7/s)
  expect(reply.bytes.toString('hex')).toContain(`fd78${'0'.repeat(16)}525400770002`)
})

test('a link that no subnet knows is not answered', () => {
  const lobby = new Lobby6()
  expect(
    lobby.take(relayed(message(types.solicit), { link: 'fd99::2' }), { from: 'fd99::2', unicast: true }),
  ).toBeUndefined()
  expect(new Lobby6({ own: [] }).take(message(types.solicit))).toBeUndefined()
  expect(lobby.desk.counters.dropped['unknown network']).toBe(1)
})

test('a subnet of another interface is not of this one', () => {
  const lobby = new Lobby6({ subnets: [subnet6('fd77::/64', undefined, { interface: 'other' })] })
  expect(lobby.take(message(types.solicit))).toBeUndefined()
})

test('whom the site ignores is not answered, and that is told', () => {
  const lobby = new Lobby6({ known: { [card]: { ignore: 'nobody named this machine' } } })
  for (const bytes of everyReal) lobby.take(bytes, { from: linkLocal })
  expect(lobby.events.map(({ type }) => type)).toContain('dhcp6.silent')
})

test('subnets that share a link are one link: a reservation in any of them is given', () => {
  const shared = subnet6('fd78::/64', undefined, { with: parseCidr6('fd77::/64') })
  const lobby = new Lobby6({
    known: { [card]: { machine: 'duncan', address: 'fd78::11' } },
    subnets: [subnet6('fd77::/64'), shared],
  })
  expect(lobby.ask(message(types.solicit))).toMatchObject({ given: [{ addresses: [['fd78::11', 3600]] }] })
})
