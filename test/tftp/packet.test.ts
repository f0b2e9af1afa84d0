import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeReply, decodeRequest, encodeError, encodeOack } from '../../src/tftp/packet.ts'
import { rrq } from './raw.ts'

const refused = (code: number, why: string): object => ({ kind: 'refused', code, why })

describe('a request', () => {
  test('has a name, a mode and options, whose names are of any case', () => {
    expect(decodeRequest(rrq('pxelinux.0', 'OcTeT', ['BlkSize', '1408', 'tsize', '0']))).toEqual({
      kind: 'read',
      read: {
        name: 'pxelinux.0',
        mode: 'octet',
        options: new Map([
          ['blksize', '1408'],
          ['tsize', '0'],
        ]),
      },
    })
  })

  test('may hold any letters that are UTF-8, spaces and a path of any shape', () => {
    for (const name of [
      'Wald von Birnam/Zweig é',
      '../../etc/passwd',
      'C:\\x',
      '%2e%2e/',
      '/tftproot2/x',
      'CON',
      ' x. ',
    ]) {
      expect(decodeRequest(rrq(name, 'octet'))).toMatchObject({ kind: 'read', read: { name } })
    }
  })

  test('an option that was asked for twice counts once, as it came first', () => {
    const request = decodeRequest(rrq('x', 'octet', ['blksize', '512', 'BLKSIZE', '1024']))
    expect(request).toMatchObject({ read: { options: new Map([['blksize', '512']]) } })
  })

  test('of two hundred options only the first sixteen are seen, and one without a value is none', () => {
    const many = Array.from({ length: 200 }, (_, n) => [`o${n}`, '1']).flat()
    const request = decodeRequest(rrq('x', 'octet', many))
    expect(request?.kind === 'read' && request.read.options.size).toBe(16)
    expect(decodeRequest(rrq('x', 'octet', ['tsize']))).toMatchObject({ read: { options: new Map() } })
  })

  test('padding after the last string is no harm', () => {
    const padded = Buffer.concat([rrq('x', 'octet', ['tsize', '0']), Buffer.alloc(100)])
    expect(decodeRequest(padded)).toMatchObject({ kind: 'read', read: { name: 'x' } })
    const without = Buffer.concat([rrq('x', 'octet'), Buffer.from('no end')])
    expect(decodeRequest(without)).toMatchObject({ kind: 'read', read: { options: new Map() } })
  })

  test('cut anywhere it is refused or dropped', () => {
    const whole = rrq('pxelinux.0', 'octet')
    for (let length = 0; length < whole.length; length++) {
      const request = decodeRequest(whole.subarray(0, length))
      expect(request).toEqual(length < 4 ? undefined : refused(4, 'the request has no end'))
    }
  })

  test.each([
    ['nothing', ''],
    ['a NUL alone', '\0'],
    ['three bytes', '\0\x01x'],
    ['DATA', '\0\x03\0\x01x'],
    ['an ACK', '\0\x04\0\x01'],
    ['an ERROR', '\0\x05\0\x01x\0'],
    ['an OACK', '\0\x06tsize\x000\0'],
    ['an opcode nobody knows', '\0\x07x\0octet\0'],
    ['an opcode in the other byte order', '\x01\0x\0octet\0'],
  ])('%s is none and gets no answer', (_what, text) => {
    expect(decodeRequest(Buffer.from(text, 'latin1'))).toBeUndefined()
  })

  test('to write is refused as access violation, however it goes on', () => {
    for (const rest of ['x\0octet\0', 'no end', '\0\0']) {
      expect(decodeRequest(Buffer.from(`\0\x02${rest}`))).toEqual(refused(2, 'this server takes no uploads'))
    }
  })

  test.each(['mail', 'binary', '', 'octet ', 'o'.repeat(300)])('in mode "%s" is refused', (mode) => {
    expect(decodeRequest(rrq('x', mode))).toEqual(refused(4, 'the mode must be octet or netascii'))
  })

  test.each([
    ['nothing', ''],
    ['an escape sequence', '\x1b[2Jx'],
    ['a mark that turns the direction', 'a\u202etxt.exe'],
    ['a line separator', 'a\u2028b'],
    ['a byte order mark', '\ufeffx'],
  ])('for a name of %s is refused', (_what, name) => {
    expect(decodeRequest(rrq(name, 'octet'))).toEqual(refused(4, 'that is not a file name'))
  })

  test.each([
    ['the next DHCP option and its length', [1, 4, 255, 255, 255]],
    ['the end of the options', [255]],
    ['a line feed', [10]],
  ])('for a name with %s behind it asks for what stands before (option 67 without a NUL)', (_what, bytes) => {
    const request = Buffer.concat([Buffer.from('\0\x01pxelinux.0'), Buffer.from(bytes), Buffer.from('\0octet\0')])
    expect(decodeRequest(request)).toMatchObject({ kind: 'read', read: { name: 'pxelinux.0', mode: 'octet' } })
  })

  test.each([
    ['Latin-1', [0xe9]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['half a letter', [0xe2, 0x82]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('for a name that is not UTF-8 is refused: %s', (_what, bytes) => {
    const request = Buffer.concat([Buffer.from([0, 1]), Buffer.from(bytes), Buffer.from('\0octet\0')])
    expect(decodeRequest(request)).toEqual(refused(4, 'that is not a file name'))
  })

  test('of more bytes than a frame is refused, up to the largest datagram', () => {
    for (const length of [1600, 10_000, 65_000]) {
      expect(decodeRequest(rrq('x'.repeat(length), 'octet'))).toEqual(refused(4, 'the request is too long'))
    }
  })
})

describe('a reply', () => {
  test('is an ACK with its number, or an ERROR with its words', () => {
    expect(decodeReply(Buffer.from([0, 4, 0xff, 0xfe]))).toEqual({ kind: 'ack', block: 0xfffe })
    expect(decodeReply(Buffer.from('\0\x05\0\x08enough\0rest'))).toEqual({ kind: 'error', code: 8, message: 'enough' })
    expect(decodeReply(Buffer.from([0, 5, 1, 2]))).toEqual({ kind: 'error', code: 258, message: '' })
  })

  test('with padding is still one', () => {
    expect(decodeReply(Buffer.concat([Buffer.from([0, 4, 0, 1]), Buffer.alloc(60)]))).toEqual({ kind: 'ack', block: 1 })
  })

  test('an ERROR with control characters and no end is made harmless and short', () => {
    const reply = decodeReply(Buffer.from(`\0\x05\0\0\x1b[31m\n${'x'.repeat(5000)}`))
    expect(reply).toEqual({ kind: 'error', code: 0, message: expect.stringMatching(/^\?\[31m\?x{194}$/) })
  })

  test.each(['', '\0', '\0\x04\0', '\0\x03\0\x01x', '\0\x01x\0octet\0', '\0\x06x', '\x04\0\0\x01'])(
    '%j is none',
    (text) => expect(decodeReply(Buffer.from(text, 'latin1'))).toBeUndefined(),
  )
})

test('what is no request and no reply is found out without an error, whatever bytes they are', () => {
  const start = fc.constantFrom([0, 1], [0, 2], [0, 4], [0, 5], [])
  const packets = fc.tuple(start, fc.uint8Array({ maxLength: 2000 }))
  fc.assert(
    fc.property(packets, ([opcode, rest]) => {
      const bytes = Uint8Array.from([...opcode, ...rest])
      const request = decodeRequest(bytes)
      decodeReply(bytes)
      // eslint-disable-next-line no-control-regex
      if (request?.kind === 'read') expect(request.read.name).toMatch(/^[^\0-\x1f\x7f]+$/)
    }),
    { numRuns: 2000 },
  )
})

test('an ERROR is one line with an end, also when a path or its letters are strange', () => {
  expect(encodeError(1, 'there is no such file')).toEqual(Buffer.from('\0\x05\0\x01there is no such file\0'))
  const strange = encodeError(0, `a\0b\nc${'x'.repeat(5000)}`)
  expect(strange.subarray(4, 9).toString()).toBe('a b c')
  expect(strange.length).toBeLessThanOrEqual(512)
  expect(strange.indexOf(0, 4)).toBe(strange.length - 1)
})

test('an OACK repeats names and values', () => {
  const oack = encodeOack([
    ['blksize', '1408'],
    ['tsize', '42000'],
  ])
  expect(oack).toEqual(Buffer.from('\0\x06blksize\x001408\0tsize\x0042000\0'))
})
