import { expect, test } from 'vitest'
import { option, read, write } from '../../src/dhcp/options.ts'
import { optionTable4, optionTable6 } from '../../src/net/dhcp-option-table.ts'
import { readOption, type OptionTable, type SiteOption } from '../../src/net/dhcp-option.ts'
import { Registry } from '../../src/machine/registry.ts'
import { aMachine, aSite } from '../site.ts'
import { Lobby6, subnet6 } from '../dhcp6/lobby.ts'
import { card, message as message6, types } from '../dhcp6/packets.ts'
import { find, option6, readOptions } from '../../src/dhcp6/options.ts'
import { message } from './packets.ts'
import { Fleet, Lobby, subnet } from './site.ts'

const duncan = '52:54:00:77:00:01'

function written(key: string, value: unknown, table: OptionTable = optionTable4): SiteOption {
  const read = readOption(table, key, value)
  if ('message' in read) throw new Error(read.message)
  return read
}

function sent(lobby: Lobby, code: number, more: readonly (readonly [number, Buffer])[] = []): string | undefined {
  return lobby
    .reply(message(1, { mac: duncan, more }))
    ?.options.get(code)
    ?.toString('hex')
}

test.each([
  ['mtu', '9000', 26, '2328'],
  ['26', { u16: '1500' }, 26, '05dc'],
  ['routes', ['10.0.0.0/8 via 10.77.0.1', 'default via 10.77.0.2'], 121, '080a0a4d0001000a4d0002'],
  ['domain-search', ['a.example', 'b.example.'], 119, '0161076578616d706c65000162076578616d706c6500'],
  ['150', ['10.77.0.5', '10.77.0.6'], 150, '0a4d00050a4d0006'],
  ['242', { text: 'MCIPADD=10.77.0.5' }, 242, Buffer.from('MCIPADD=10.77.0.5').toString('hex')],
  ['vendor', '01:02 a0ff', 43, '0102a0ff'],
  ['ip-forwarding', 'true', 19, '01'],
  ['224', { u32: 4294967295 }, 224, 'ffffffff'],
])('%s: %j is option %i', (key, value, code, hex) => {
  expect(written(key, value)).toMatchObject({ code, hex })
})

test.each([
  ['dns', ['fd77::53'], 23, 'fd770000000000000000000000000053'],
  ['domain-search', 'a.example', 24, '0161076578616d706c6500'],
  ['1000', { u8: 7 }, 1000, '07'],
])('over IPv6 %s: %j is option %i', (key, value, code, hex) => {
  expect(written(key, value, optionTable6)).toMatchObject({ code, hex })
})

test('the machine’s options go before those of its groups, of its subnet and of the site', () => {
  const site = [written('mtu', '1400'), written('wpad', 'site'), written('100', 'site'), written('timezone', 'site')]
  const own = [written('mtu', '9000')]
  const lobby = new Lobby({
    options: site,
    subnets: [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199', { options: [written('wpad', 'subnet')] })],
    fleet: new Fleet({ [duncan]: { machine: 'duncan', options: own } }),
  })
  expect([sent(lobby, 26), sent(lobby, 252), sent(lobby, 100)]).toEqual([
    '2328',
    Buffer.from('subnet').toString('hex'),
    Buffer.from('site').toString('hex'),
  ])
})

test('of its groups, the strongest goes first, and its own before all of them', () => {
  const leaf = aMachine('leaf', { options: [written('mtu', '9000')] })
  const strong = {
    vars: {},
    origin: leaf.origin,
    name: 'strong',
    machines: ['leaf'],
    priority: 1,
    options: [written('mtu', '1'), written('ttl', '1')],
  }
  const weak = {
    vars: {},
    origin: leaf.origin,
    name: 'weak',
    machines: ['le*'],
    priority: 9,
    options: [written('ttl', '9'), written('wpad', 'weak')],
  }
  const registry = new Registry(aSite({ machines: [leaf], groups: [strong, weak] }))
  const options = registry.optionsOf(leaf, 'options')
  expect(Object.fromEntries(options.map(({ code, hex }) => [code, hex]))).toEqual({
    23: '01',
    26: '2328',
    252: Buffer.from('weak').toString('hex'),
  })
})

test('a name server of the site replaces ours, one of the subnet that of the site, one of the machine both', () => {
  const options = [written('dns', '10.1.1.1')]
  const own = new Fleet({ [duncan]: { machine: 'duncan', options: [written('dns', '10.3.3.3')] } })
  const range = '10.77.0.100-10.77.0.199'
  const plain = [subnet('10.77.0.0/24', range)]
  const named = [subnet('10.77.0.0/24', range, { dns: ['10.2.2.2'] })]
  expect(sent(new Lobby({ subnets: plain, options }), 6)).toBe('0a010101')
  expect(sent(new Lobby({ subnets: named, options }), 6)).toBe('0a020202')
  expect(sent(new Lobby({ subnets: named, options, fleet: own }), 6)).toBe('0a030303')
})

test('what a phone reads in 43 and 66 is not told to a machine that boots from here, and goes before our name where gear has its own file', () => {
  const options = [written('vendor', '0102'), written('tftp-server', 'https://phones.test')]
  const lobby = (boot?: { readonly file: string; readonly isOwn?: true }): Lobby =>
    new Lobby({ options, fleet: new Fleet({ [duncan]: { machine: 'duncan', ...(boot && { boot }) } }) })
  const phones = Buffer.from('https://phones.test').toString('hex')
  expect([sent(lobby(), 43), sent(lobby(), 66)]).toEqual(['0102', phones])
  const rom = [write(option.arch, [0])]
  const reply = lobby({ file: 'x' }).reply(message(1, { mac: duncan, more: rom }))!
  expect([reply.options.has(43), read(reply.options, option.serverName)]).toEqual([false, '10.77.0.1'])
  expect([sent(lobby({ file: 'x', isOwn: true }), 43), sent(lobby({ file: 'x', isOwn: true }), 66)]).toEqual([
    '0102',
    phones,
  ])
})

test('the answer to INFORM has them, a NAK has none', () => {
  const lobby = new Lobby({ options: [written('mtu', '9000')] })
  expect(lobby.reply(message(8, { ciaddr: '10.77.0.20' }))!.options.has(26)).toBe(true)
  expect(lobby.reply(message(3, { requested: '192.168.1.1' }))!.options.has(26)).toBe(false)
})

test('over IPv6, too: of the site, the subnet and the machine', () => {
  const lobby = new Lobby6({
    options: [written('dns', 'fd77::53', optionTable6), written('timezone', 'UTC', optionTable6)],
    subnets: [subnet6('fd77::/64', undefined, { options: [written('timezone', 'CET', optionTable6)] })],
    known: { [card]: { machine: 'duncan', options: [written('1000', { u8: '7' }, optionTable6)] } },
  })
  const options = readOptions(lobby.take(message6(types.solicit))!.bytes.subarray(4))!
  const hex = (code: number): string | undefined => find(options, code)?.toString('hex')
  expect([hex(option6.dns), find(options, 41)?.toString(), hex(1000)]).toEqual([
    'fd770000000000000000000000000053',
    'CET',
    '07',
  ])
  expect(options.filter(({ code }) => code === option6.dns)).toHaveLength(1)
})
