import fc from 'fast-check'
import { expect, test } from 'vitest'
import { option, option6, u16, u32 } from '../../src/dhcp6/options.ts'
import type { DropReason6 } from '../../src/dhcp6/request.ts'
import { Lobby6 } from './lobby.ts'
import { association, everyReal, message, real, relayed, serverId, types } from './packets.ts'

const otherServer = Buffer.from('000300015254007700ff', 'hex')
const deep = (levels: number, hops?: number): Buffer => {
  let bytes = message(types.solicit)
  for (let level = 0; level < levels; level++) bytes = relayed(bytes, { link: 'fd77::2', hops: hops ?? level })
  return bytes
}

const dropped: readonly [what: string, bytes: Buffer, reason: DropReason6][] = [
  ['nothing', Buffer.alloc(0), 'short'],
  ['half a header', Buffer.from([1, 2, 3]), 'short'],
  ['half a relay header', Buffer.from([12, 0, 1, 2]), 'short'],
  ['an option longer than the packet', Buffer.from([1, 0, 0, 1, 0, 1, 0xff, 0xff, 0]), 'option past the end'],
  ['half an option', Buffer.from([1, 0, 0, 1, 0, 1, 0]), 'option past the end'],
  ['500 empty options', Buffer.concat([Buffer.from([1, 0, 0, 1]), Buffer.alloc(2000)]), 'option past the end'],
  [
    'a relay without a message',
    relayed(Buffer.alloc(0), { link: 'fd77::2' }).subarray(0, 34),
    'relay without a message',
  ],
  ['nine relays', deep(9, 0), 'too many hops'],
  ['32 hops', deep(1, 32), 'too many hops'],
  ['8 hops', deep(1, 8), 'too many hops'],
  ['an ADVERTISE', message(2), 'message type'],
  ['a REPLY', message(7), 'message type'],
  ['a RECONFIGURE', message(10), 'message type'],
  ['a RELAY-REPLY', Buffer.concat([Buffer.from([13, 0]), Buffer.alloc(34)]), 'message type'],
  ['message 0', message(0), 'message type'],
  ['message 255', message(255), 'message type'],
  ['no client id', message(types.solicit, { duid: null }), 'no client id'],
  ['an empty client id', message(types.solicit, { duid: Buffer.alloc(0) }), 'client id'],
  ['a client id of 131 bytes', message(types.solicit, { duid: Buffer.alloc(131, 1) }), 'client id'],
  ['a SOLICIT to one server', message(types.solicit, { server: serverId }), 'not for a server id'],
  ['a CONFIRM to one server', message(types.confirm, { server: serverId }), 'not for a server id'],
  ['a REBIND to one server', message(types.rebind, { server: serverId }), 'not for a server id'],
  ['a REQUEST to nobody', message(types.request), 'no server id'],
  ['a RENEW to nobody', message(types.renew), 'no server id'],
  ['a RELEASE to nobody', message(types.release), 'no server id'],
  ['a DECLINE to nobody', message(types.decline), 'no server id'],
  [
    'an association cut short',
    message(types.solicit, { addresses: [], more: [option(option6.iaNa, u32(1))] }),
    'association',
  ],
  [
    'an address cut short',
    message(types.solicit, { addresses: [], more: [option(option6.iaNa, u32(1), u32(0), u32(0), option(5, u32(1)))] }),
    'association',
  ],
  [
    'an association whose insides are longer than it',
    message(types.solicit, { addresses: [], more: [option(option6.iaNa, u32(1), u32(0), u32(0), u16(5), u16(999))] }),
    'association',
  ],
  [
    'a hundred associations',
    message(types.solicit, { addresses: [], more: Array.from({ length: 50 }, (_, at) => association(at, [])) }),
    'association',
  ],
  ['an INFORMATION-REQUEST for addresses', message(types.inform), 'unexpected association'],
]

test.each(dropped)('%s is counted, told once, and not answered', (_, bytes, reason) => {
  const lobby = new Lobby6()
  for (let n = 0; n < 100; n++) expect(lobby.take(bytes)).toBeUndefined()
  expect(lobby.desk.counters.dropped[reason]).toBe(100)
  expect(lobby.events).toEqual([{ type: 'dhcp6.dropped', interface: 'lan', why: reason, count: 1 }])
})

test.each([types.request, types.renew, types.release, types.decline, types.inform])(
  'message %i for another server is left to that one',
  (type) => {
    const lobby = new Lobby6()
    const addresses = type === types.inform ? [] : [[]]
    expect(lobby.take(message(type, { server: otherServer, addresses }))).toBeUndefined()
    expect(lobby.desk.counters.silent).toBe(1)
  },
)

test('what a client sends to our address alone is not heard: a REQUEST is told to ask everybody', () => {
  const lobby = new Lobby6()
  const unicast = { unicast: true, from: 'fd77::99' }
  expect(lobby.take(message(types.solicit), unicast)).toBeUndefined()
  expect(lobby.ask(message(types.request, { server: serverId }), unicast)).toMatchObject({ status: 5, given: [] })
  expect(lobby.book.size).toBe(0)
})

test('who asks everybody does so from a link-local address', () => {
  const lobby = new Lobby6()
  for (const from of ['fd77::99', '::', '::1', 'ff02::1', 'nonsense'])
    expect(lobby.take(message(types.solicit), { from })).toBeUndefined()
  expect(lobby.desk.counters.dropped['source address']).toBe(5)
})

test('eight relays are as many as there may be', () => {
  expect(new Lobby6().take(deep(8), { from: 'fd77::9', unicast: true })?.port).toBe(547)
})

test('a real SOLICIT that is cut at any place is dropped or answered, never fatal', () => {
  const lobby = new Lobby6()
  for (const bytes of everyReal) for (let end = 0; end <= bytes.length; end++) lobby.take(bytes.subarray(0, end))
  expect(lobby.desk.counters.dropped.internal).toBe(0)
})

test('no bytes are fatal: random ones, and real ones with some of them changed', () => {
  const lobby = new Lobby6()
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void lobby.take(Buffer.from(bytes))))
  const changes = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 })
  const seeds = [
    ...everyReal,
    deep(3),
    message(types.request, { server: serverId, addresses: [['fd77::5'], ['fd77::6']] }),
  ]
  fc.assert(
    fc.property(fc.constantFrom(...seeds), changes, (seed, list) => {
      const bytes = Buffer.from(seed)
      for (const [at, value] of list) bytes[at % bytes.length] = value
      lobby.take(bytes)
    }),
    { numRuns: 2000 },
  )
  expect(lobby.desk.counters.dropped.internal).toBe(0)
})

test('a flood of made-up cards fills neither memory nor the journal', () => {
  const lobby = new Lobby6()
  for (let n = 0; n < 2000; n++) {
    const duid = Buffer.concat([Buffer.from('00030001', 'hex'), Buffer.from([2, 0, 0, 0, n >> 8, n & 255])])
    lobby.take(message(types.solicit, { duid }), { from: 'fe80::1' })
  }
  expect(lobby.book.size).toBe(0)
})

test('a mistake of ours costs one packet', () => {
  const lobby = new Lobby6()
  lobby.desk.update({ interfaces: ['lan'], subnets: [undefined as never] })
  expect(lobby.take(real('ovmf-solicit'))).toBeUndefined()
  expect(lobby.desk.counters.dropped.internal).toBe(1)
})
