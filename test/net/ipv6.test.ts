import fc from 'fast-check'
import { isIPv6 } from 'node:net'
import { expect, test } from 'vitest'
import { contains6, formatIpv6, ipv6At, ipv6Bytes, macOfEui64, parseCidr6, readIpv6 } from '../../src/net/ipv6.ts'

test.each([
  ['fd77::1', 'fd77::1'],
  ['FD77:0:0:0:0:5254:77:1', 'fd77::5254:77:1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['::ffff:10.77.0.1', '::ffff:a4d:1'],
  ['10:0:0:0:0:0:0:0', '10::'],
])('%s is %s (RFC 5952)', (text, wanted) => {
  expect(formatIpv6(readIpv6(text)!)).toBe(wanted)
})

test.each(['', 'fe80::1%eth0', '1::2::3', '12345::', '10.77.0.1', 'g::', '1:2:3:4:5:6:7:8:9', ' ::1'])(
  '%j is no address',
  (text) => {
    expect(readIpv6(text)).toBeUndefined()
  },
)

test('every address reads back from its text and from its bytes', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (value) => {
      const text = formatIpv6(value)
      expect(isIPv6(text)).toBe(true)
      expect(readIpv6(text)).toBe(value)
      expect(ipv6At(ipv6Bytes(value), 0)).toBe(value)
    }),
  )
})

test('a network holds its addresses, and has no host bits', () => {
  const network = parseCidr6('fd77::/64')
  expect(contains6(network, readIpv6('fd77::ffff:1')!)).toBe(true)
  expect(contains6(network, readIpv6('fd77:0:0:1::1')!)).toBe(false)
  expect(contains6(parseCidr6('::/0'), readIpv6('fd77::1')!)).toBe(true)
  for (const text of ['fd77::1/64', 'fd77::', 'fd77::/129', '/64', 'x/64', 'fd77::/64/1'])
    expect(() => parseCidr6(text)).toThrow(/IPv6 network|host bits/)
})

test('a card is read out of a link-local address that is made of it, and of no other', () => {
  expect(macOfEui64(readIpv6('fe80::5054:ff:fe77:2')!)).toBe('52:54:00:77:00:02')
  for (const text of ['fe80::1', 'fd77::5054:ff:fe77:2', 'fe80::1234:5678:9abc:def0'])
    expect(macOfEui64(readIpv6(text)!)).toBeUndefined()
})
