import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { dgramUdp } from '../../src/net/udp-dgram.ts'
import { ffiUdp } from '../../src/net/udp-ffi.ts'
import { RawClient, rrq } from './raw.ts'
import { Served } from './served.ts'

const wood = randomBytes(3000)

describe.each([ffiUdp, dgramUdp])('over UDP by $kind', (udp) => {
  test('garbage is counted, told once and dropped', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const junk = [
      Buffer.alloc(0),
      Buffer.from([0]),
      Buffer.from([0, 1, 120]),
      Buffer.from('\0\x03\0\x01x'),
      Buffer.alloc(9000),
    ]
    for (let opcode = 7; opcode < 50; opcode++) junk.push(Buffer.from([opcode >> 4, opcode & 0xf, 0, 0, 0]))
    for (const bytes of junk) client.send(bytes, served.port)
    await expect.poll(() => served.counters.malformed).toBe(junk.length)
    expect([served.strange, client.heard]).toEqual([['a packet of 0 bytes from 127.0.0.1 is no request'], []])
    expect((await client.get('wood', served.port)).equals(wood)).toBe(true)
  })

  test('at a transfer’s port garbage is counted, told once and disturbs nothing', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const { port } = await client.ask(rrq('wood'), served.port)
    const junk = [Buffer.alloc(0), Buffer.from([0, 4, 0]), Buffer.from('\0\x03\0\x01x'), rrq('wood'), randomBytes(1400)]
    junk.at(-1)![0] = 0xff
    for (const bytes of junk) client.send(bytes, port)
    await expect.poll(() => served.counters.malformed).toBe(junk.length)
    expect([served.strange.length, served.ended]).toEqual([1, []])
    expect((await client.ask(Buffer.from([0, 4, 0, 1]), port)).bytes.readUInt16BE(2)).toBe(2)
  })

  test.each([
    ['../../etc/passwd', 1],
    ['..\\..\\windows', 1],
    ['/etc/passwd', 1],
    ['//wood', 1],
    ['./a/../wood', 1],
    ['%2e%2e/wood', 1],
    ['....//', 1],
    ['wood/', 1],
    ['wood.', 1],
    ['WOOD', 1],
    ['%s%n', 1],
    ['$(reboot)', 1],
    ['x'.repeat(1400), 1],
    ['x'.repeat(10_000), 4],
    ['x'.repeat(60_000), 4],
    ['', 4],
    ['wo\u202eod', 4],
    ['\x07wood', 4],
  ])('the name %j is looked up as it is or refused, and gets ERROR %i', async (name, code) => {
    await using served = await Served.open(udp, { wood, '': wood })
    await using client = await RawClient.open()
    const { bytes } = await client.ask(rrq(name), served.port)
    expect([bytes[1], bytes.readUInt16BE(2), served.asked]).toEqual([5, code, code === 1 ? [name] : []])
    expect(bytes.length).toBeLessThan(100)
  })

  test('a NUL ends a name: what stands behind it is the mode', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const { bytes } = await client.ask(rrq('wood\0.jpg'), served.port)
    expect([bytes[1], bytes[3], served.asked]).toEqual([5, 4, []])
  })

  test('thousands of made-up clients give way to each other, and a real one is served', async () => {
    await using served = await Served.open(udp, { wood }, { limits: { transfers: 200 } })
    await using client = await RawClient.open()
    const sources = addresses(2000)
    for (let n = 0; n < sources.length; n += 100) {
      await Promise.all(sources.slice(n, n + 100).map((address) => askOnce(address, served.port)))
    }
    expect((await client.get('wood', served.port, 4)).equals(wood)).toBe(true)
    const { requests, crowdedOut, overloaded } = served.counters
    expect([requests, crowdedOut, overloaded]).toEqual([2001, 1801, 0])
  })

  test('one address has no more than its share, and is told to try again', async () => {
    await using served = await Served.open(udp, { wood }, { limits: { transfersPerSource: 3 } })
    const clients = await Promise.all([1, 2, 3, 4].map(() => RawClient.open('127.0.0.2')))
    const heard = []
    for (const one of clients) heard.push((await one.ask(rrq('wood'), served.port)).bytes)
    expect(heard.map((bytes) => bytes[1])).toEqual([3, 3, 3, 5])
    expect(heard[3]!.toString('latin1', 4)).toBe('too many transfers at once: try again\0')
    expect(served.counters.overloaded).toBe(1)
    await using other = await RawClient.open()
    expect((await other.get('wood', served.port)).equals(wood)).toBe(true)
    await Promise.all(clients.map((one) => one[Symbol.asyncDispose]()))
  })

  test('random bytes at both kinds of ports for a while, and a file still arrives', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const { port } = await client.ask(rrq('wood'), served.port)
    for (let n = 0; n < 2000; n++) {
      const bytes = randomBytes(n % 97)
      if (n % 2) bytes.set([0, 1 + (n % 6)].slice(0, bytes.length))
      client.send(bytes, n % 3 ? served.port : port)
      if (n % 50 === 0) await new Promise(setImmediate)
    }
    await using other = await RawClient.open()
    expect((await other.get('wood', served.port, 2)).equals(wood)).toBe(true)
    expect(served.counters.malformed).toBeGreaterThan(100)
  })
})

/** Addresses of loopback, all of them this machine. */
function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `127.2.${n >> 8}.${n & 0xff}`)
}

async function askOnce(address: string, port: number): Promise<void> {
  await using one = await RawClient.open(address)
  await one.ask(rrq('wood', 'octet', ['tsize', '0']), port)
}
