import { expect, test } from 'vitest'
import { option, read, write } from '../../src/dhcp/options.ts'
import { decodePacket, encodePacket, headerSize, type Packet } from '../../src/dhcp/packet.ts'
import { codesOf, bytesOf, captured, decoded, message } from './packets.ts'

/** A message whose options are exactly these bytes. */
function raw(options: readonly number[], fields: { file?: readonly number[]; sname?: readonly number[] } = {}): Buffer {
  const head = encodePacket(message(1)).subarray(0, headerSize)
  const bytes = Buffer.concat([head, Buffer.from(options)])
  bytes.set(fields.file ?? [], 108)
  bytes.set(fields.sname ?? [], 44)
  return bytes
}

function optionsOf(bytes: Buffer): Record<number, string> {
  return Object.fromEntries([...decoded(bytes).options].map(([code, value]) => [code, value.toString('hex')]))
}

test.each(Object.keys(captured))('%s is the same packet after decode and encode', (name) => {
  const once = decoded(bytesOf(name))
  const again = decoded(encodePacket(once))
  expect({ ...again, options: [...again.options] }).toEqual({ ...once, options: [...once.options] })
})

test.each([0, 1, 43, 235, 236, 239])('%i bytes are no DHCP message', (size) => {
  expect(decodePacket(bytesOf('ovmf-pxe-discover').subarray(0, size))).toEqual({ malformed: 'short' })
})

test('a packet as long as UDP can carry is read', () => {
  const long = Buffer.concat([bytesOf('ovmf-pxe-discover'), Buffer.alloc(65_000, 0xab)])
  expect(decodePacket(long)).toMatchObject({ op: 1, htype: 1 })
})

test.each([
  ['swapped', [0x53, 0x63, 0x82, 0x63]],
  ['absent (plain BOOTP)', [0, 0, 0, 0]],
])('the cookie %s makes it no DHCP message', (_, cookie) => {
  const bytes = raw([53, 1, 1, 255])
  bytes.set(cookie, 236)
  expect(decodePacket(bytes)).toEqual({ malformed: 'no cookie' })
})

test.each([
  ['by one', [53, 1, 1, 12, 3, 65, 65]],
  ['by far', [53, 1, 1, 12, 255, 65]],
  ['with no length byte at all', [53, 1, 1, 12]],
])('an option that runs past the end %s spoils the packet', (_, options) => {
  expect(decodePacket(raw(options))).toEqual({ malformed: 'option past the end' })
})

test.each([
  ['no END', [53, 1, 1], { 53: '01' }],
  ['garbage behind END', [53, 1, 1, 255, 12, 200, 1], { 53: '01' }],
  ['300 pads before the first option', [...Array.from({ length: 300 }, () => 0), 53, 1, 1, 255], { 53: '01' }],
  ['pads only', [0, 0, 0, 0], {}],
  ['no options', [], {}],
])('%s: read as far as it goes', (_, options, expected) => {
  expect(optionsOf(raw(options))).toEqual(expected)
})

test('fragments of one option are joined (RFC 3396)', () => {
  const part = (length: number): number[] => [12, length, ...Array.from({ length }, () => 0x61)]
  const options = decoded(raw([...part(255), 53, 1, 1, ...part(255), ...part(10), 255])).options
  expect(options.get(12)?.toString()).toBe('a'.repeat(520))
})

test('forty fragments are one value, and more than 4 KiB of it are too many', () => {
  const forty = Array.from({ length: 40 }, () => [43, 2, 1, 2]).flat()
  expect(decoded(raw([...forty, 255])).options.get(43)?.length).toBe(80)
  const seventeen = Array.from({ length: 17 }, () => [43, 255, ...Array.from({ length: 255 }, () => 7)]).flat()
  expect(decodePacket(raw([...seventeen, 255]))).toEqual({ malformed: 'option too long' })
})

test('option 52 opens file and sname for options, in this order', () => {
  const bytes = raw([52, 1, 3, 12, 1, 0x61, 255], { file: [12, 1, 0x62, 255], sname: [12, 1, 0x63, 53, 1, 1, 255] })
  expect(optionsOf(bytes)).toEqual({ 52: '03', 12: '616263', 53: '01' })
  expect(decoded(bytes)).toMatchObject({ file: '', sname: '' })
})

test.each([0, 4, 255])('option 52 = %i opens nothing', (value) => {
  expect(optionsOf(raw([52, 1, value, 255], { file: [12, 1, 0x62, 255] }))[12]).toBeUndefined()
})

test('an overloaded file that overloads sname in turn is not followed', () => {
  const bytes = raw([52, 1, 1, 255], { file: [52, 1, 3, 12, 1, 0x62, 255], sname: [15, 1, 0x63, 255] })
  expect(optionsOf(bytes)).toEqual({ 52: '01', 12: '62' })
})

test('an option cut at the border of an overloaded field spoils the packet', () => {
  const file = [...Array.from({ length: 126 }, () => 0), 12, 4]
  expect(decodePacket(raw([52, 1, 1, 255], { file }))).toEqual({ malformed: 'option past the end' })
})

test('a file field without a NUL ends where the field ends', () => {
  const bytes = raw([53, 1, 1, 255], { file: Array.from({ length: 128 }, () => 0x66) })
  expect(decoded(bytes).file).toBe('f'.repeat(128))
})

test('a message has at least 300 bytes and always its END', () => {
  const bytes = encodePacket(message(1))
  expect(bytes.length).toBe(300)
  expect(bytes[headerSize + 3]).toBe(255)
})

test('a value of more than 255 bytes is written in parts', () => {
  const url = `http://10.77.0.1/${'x'.repeat(400)}`
  const packet = message(1, { more: [write(option.bootFile, url)] })
  const bytes = encodePacket(packet)
  expect(bytes.subarray(headerSize + 3, headerSize + 5)).toEqual(Buffer.from([67, 255]))
  expect(read(decoded(bytes).options, option.bootFile)).toBe(url)
})

test('the relay option is the last one', () => {
  const bytes = encodePacket(message(1, { more: [[82, Buffer.from([1, 1, 9])], write(option.hostName, 'duncan')] }))
  expect(codesOf(decoded(bytes).options)).toEqual([53, 12, 82])
})

test('what does not fit into a short message moves to unused header fields', () => {
  const packet = message(1, {
    more: [fill(43, 250), fill(67, 40), fill(15, 90), fill(12, 60), [82, Buffer.from([1, 1, 9])]],
  })
  const bytes = encodePacket(packet, 548)
  expect(bytes.length).toBeLessThanOrEqual(548)
  const { options } = decoded(bytes)
  for (const [code, value] of packet.options) expect(options.get(code)).toEqual(value)
  expect(options.get(52)).toEqual(Buffer.from([3]))
})

test('the last of the order are left out whole when no field has room', () => {
  const packet: Packet = {
    ...message(1, { more: [fill(67, 200), fill(15, 200), fill(12, 3)] }),
    file: 'pxelinux.0',
    sname: 'x',
  }
  const { options } = decoded(encodePacket(packet, 548))
  expect(codesOf(options)).toEqual([53, 67, 12])
})

test.each([548, 600, 1472])('nothing is ever written past a limit of %i bytes', (limit) => {
  for (let size = 0; size < 1400; size += 7) {
    const bytes = encodePacket(message(1, { more: [fill(43, size), fill(82, 200), fill(67, 100)] }), limit)
    expect(bytes.length).toBeLessThanOrEqual(limit)
    expect(decodePacket(bytes)).not.toHaveProperty('malformed')
  }
})

function fill(code: number, length: number): readonly [number, Buffer] {
  return [code, Buffer.alloc(length, code)]
}

test('a message of nothing but options, more than any firmware sends, is read as any other', () => {
  const bytes = Buffer.alloc(9000)
  bytes.writeUInt32BE(0x63825363, 236)
  let at = 240
  for (const round of [0, 1, 2])
    for (let code = 1; code < 255; code++) if (code !== 52) at += Buffer.from([code, 1, round]).copy(bytes, at)
  bytes[at] = 255
  const packet = decodePacket(bytes) as Packet
  expect([...packet.options].map(([code, value]) => [code, value.toString('hex')])).toEqual(
    Array.from({ length: 254 }, (_, code) => [code + 1, '000102']).filter(([code]) => code !== 52),
  )
  expect([packet.options.has(52), packet.options.get(254)?.length, packet.options.lengthOf(255)]).toEqual([
    false,
    3,
    undefined,
  ])
})
