import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toNetascii } from '../../src/tftp/netascii.ts'

test.each([
  ['', ''],
  ['no line', 'no line'],
  ['one\ntwo\n', 'one\r\ntwo\r\n'],
  ['a\rb', 'a\r\0b'],
  ['dos\r\n', 'dos\r\0\r\n'],
  ['\n\n\r\r', '\r\n\r\n\r\0\r\0'],
  ['\0', '\0'],
])('%j goes over the wire as %j', (text, wire) => {
  expect(toNetascii(Buffer.from(text)).toString()).toBe(wire)
})

test('who reads it as RFC 764 says has the same bytes again, also those beyond ASCII', () => {
  const same = fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
    expect(fromNetascii(toNetascii(bytes))).toEqual([...bytes])
  })
  fc.assert(same)
})

function fromNetascii(wire: Uint8Array): number[] {
  const bytes: number[] = []
  for (let at = 0; at < wire.length; at++) {
    if (wire[at] !== 13) bytes.push(wire[at]!)
    else bytes.push(wire[++at] === 10 ? 10 : 13)
  }
  return bytes
}
