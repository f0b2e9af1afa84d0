import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import { dgramUdp } from '../../src/net/udp-dgram.ts'
import { ffiUdp } from '../../src/net/udp-ffi.ts'
import { ack, RawClient, rrq, type Heard } from './raw.ts'
import { contentOf, Served } from './served.ts'

const wood = randomBytes(3000)

/** An ERROR as its code and words. */
function errorIn({ bytes }: Heard): [number, string] {
  expect([bytes[1], bytes.at(-1)]).toEqual([5, 0])
  return [bytes.readUInt16BE(2), bytes.toString('utf8', 4, bytes.length - 1)]
}

describe.each([ffiUdp, dgramUdp])('over UDP by $kind', (udp) => {
  test('a file is sent from a port that is not the listening one, and its end is told', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const { bytes, port } = await client.ask(rrq('wood'), served.port)
    expect([bytes.subarray(0, 4), port === served.port]).toEqual([Buffer.from([0, 3, 0, 1]), false])
    await using other = await RawClient.open()
    expect((await other.get('wood', served.port, 4, 1468)).equals(wood)).toBe(true)
    await expect
      .poll(() => served.ended)
      .toMatchObject([{ name: 'wood', outcome: 'sent', bytes: 3000, carrier: 'tftp' }])
    expect(served.ended[0]!.peer).toEqual({ address: '127.0.0.1', port: other.port })
  })

  test('transfers are sent from the ports that the site names, and from no others', async () => {
    await using free = await Served.open(udp, {}, { limits: { sockets: 1 } })
    // Above the port that is free now, most are.
    const range = { from: free.port + 1, to: free.port + 3 }
    await using served = await Served.open(udp, { wood }, { ports: range })
    const seen = new Set<number>()
    for (let n = 0; n < 6; n++) {
      await using client = await RawClient.open()
      seen.add((await client.ask(rrq('wood'), served.port)).port)
      await using other = await RawClient.open()
      expect((await other.get('wood', served.port, 4)).equals(wood)).toBe(true)
    }
    expect([...seen].toSorted((a, b) => a - b)).toEqual([range.from, range.from + 1, range.to])
  })

  test('with one port everything leaves from the listening one: transfers side by side, errors, repeated requests', async () => {
    const file = randomBytes(100_000)
    await using served = await Served.open(udp, { wood, file }, { ports: 'listener' })
    const get = async (windowsize: number): Promise<void> => {
      await using client = await RawClient.open()
      const first = await client.ask(rrq('wood'), served.port)
      expect(first.port).toBe(served.port)
      client.send(ack(1), served.port)
      expect((await client.next()).bytes.readUInt16BE(2)).toBe(2)
      expect(errorIn(await client.ask(rrq('nothing'), served.port))[0]).toBe(1)
      await using other = await RawClient.open()
      expect((await other.get('file', served.port, windowsize, 1400)).equals(file)).toBe(true)
    }
    await Promise.all([1, 4, 16, 64].map(get))
    await using stranger = await RawClient.open()
    expect(errorIn(await stranger.ask(ack(1), served.port))).toEqual([5, 'no such transfer'])
  })

  test('no larger block is agreed to than the site allows', async () => {
    await using served = await Served.open(udp, { wood }, { limits: { blksize: 1000 } })
    await using client = await RawClient.open()
    const { bytes } = await client.ask(rrq('wood', 'octet', ['blksize', '1456']), served.port)
    expect(bytes.toString('latin1', 2)).toBe('blksize\x001000\0')
  })

  test.each([0, 511, 512, 513, 1024])('a file of %i bytes ends with a short block', async (size) => {
    const file = randomBytes(size)
    await using served = await Served.open(udp, { file })
    await using client = await RawClient.open()
    for (const windowsize of [1, 2, 64])
      expect((await client.get('file', served.port, windowsize)).equals(file)).toBe(true)
  })

  test('what was asked for is acknowledged, and nothing else', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const options = ['TSIZE', '0', 'BlkSize', '1024', 'multicast', '', 'blksize', '8', 'windowsize', '999']
    const { bytes } = await client.ask(rrq('wood', 'OCTET', options), served.port)
    expect(bytes.toString('latin1', 2)).toBe('tsize\x003000\0blksize\x001024\0windowsize\x0064\0')
  })

  test('netascii: lines end as RFC 764 wants, and no length is promised', async () => {
    await using served = await Served.open(udp, { menu: Buffer.from('label wood\n\rend') })
    await using client = await RawClient.open()
    const { bytes } = await client.ask(rrq('menu', 'NetASCII', ['tsize', '0']), served.port)
    expect(bytes.toString('latin1', 4)).toBe('label wood\r\n\r\0end')
  })

  test('an ACK from another port gets ERROR 5 and disturbs nothing', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    await using stranger = await RawClient.open()
    const { port } = await client.ask(rrq('wood'), served.port)
    expect(errorIn(await stranger.ask(ack(1), port))).toEqual([5, 'no such transfer'])
    stranger.send(Buffer.from('\0\x05\0\0stop\0'), port)
    await expect.poll(() => served.counters.strays).toBe(2)
    const { bytes } = await client.ask(ack(1), port)
    expect([bytes.readUInt32BE(0), stranger.heard]).toEqual([0x00030002, []])
  })

  test('an ACK at another port of the server, or at the listening one, is not the transfer’s', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    await using other = await RawClient.open()
    const mine = await client.ask(rrq('wood'), served.port)
    const others = await other.ask(rrq('wood'), served.port)
    expect(others.port).not.toBe(mine.port)
    expect(errorIn(await client.ask(ack(1), others.port))).toEqual([5, 'no such transfer'])
    client.send(ack(1), served.port)
    await expect.poll(() => served.counters.malformed).toBe(1)
    expect((await client.ask(ack(1), mine.port)).bytes.readUInt32BE(0)).toBe(0x00030002)
  })

  test('the last ACK once more is no stranger’s, and is not answered', async () => {
    await using served = await Served.open(udp, { empty: Buffer.alloc(0) })
    await using client = await RawClient.open()
    const { port } = await client.ask(rrq('empty'), served.port)
    for (let n = 0; n < 3; n++) client.send(ack(1), port)
    await expect.poll(() => served.counters.late).toBe(2)
    expect([client.heard, served.counters.strays]).toEqual([[], 0])
  })

  // Its request and its ACK come in at two sockets, and may be read in the other order.
  test('the ACK of a transfer that the next request has overtaken is no stranger’s, and is not answered', async () => {
    await using served = await Served.open(udp, { wood, empty: Buffer.alloc(0) })
    await using client = await RawClient.open()
    const before = await client.ask(rrq('empty'), served.port)
    const next = await client.ask(rrq('wood'), served.port)
    expect(next.port).not.toBe(before.port)
    client.send(ack(1), before.port)
    await expect.poll(() => served.counters.late).toBe(1)
    expect([client.heard, served.counters.strays]).toEqual([[], 0])
    expect((await client.ask(ack(1), next.port)).bytes.readUInt32BE(0)).toBe(0x00030002)
  })

  test('ERROR 8 after an OACK, as EDK2 asks for a size, ends the transfer', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const { port } = await client.ask(rrq('wood', 'octet', ['tsize', '0']), served.port)
    client.send(Buffer.from('\0\x05\0\x08User aborted\0'), port)
    await expect
      .poll(() => served.ended)
      .toMatchObject([{ outcome: 'aborted', detail: 'the client said ERROR 8: User aborted', harmless: true }])
    expect((await client.get('wood', served.port)).equals(wood)).toBe(true)
  })

  test('an ERROR in the middle is told with its words, and how far the client came', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const { port } = await client.ask(rrq('wood'), served.port)
    await client.ask(ack(1), port)
    expect(served.server.underway()).toMatchObject([{ name: 'wood', bytes: 512, size: wood.length, answered: true }])
    client.send(Buffer.from('\0\x05\0\x03Could not allocate memory\0'), port)
    await expect
      .poll(() => served.ended)
      .toMatchObject([
        {
          outcome: 'aborted',
          bytes: 512,
          size: wood.length,
          detail: 'the client said ERROR 3: Could not allocate memory',
        },
      ])
    expect([served.ended[0]?.harmless, served.server.underway()]).toEqual([undefined, []])
  })

  test('the same RRQ again is the same transfer; another one takes its place', async () => {
    await using served = await Served.open(udp, { wood, forest: wood })
    await using client = await RawClient.open()
    const first = await client.ask(rrq('wood'), served.port)
    await wait(60)
    const again = await client.ask(rrq('wood'), served.port)
    expect([again.port, served.counters.repeated, served.asked]).toEqual([first.port, 1, ['wood']])
    const other = await client.ask(rrq('forest'), served.port)
    expect(other.port).not.toBe(first.port)
    expect(served.ended).toMatchObject([{ name: 'wood', outcome: 'aborted' }])
    expect((await client.ask(ack(1), other.port)).bytes.readUInt32BE(0)).toBe(0x00030002)
  })

  test('a name that does not exist gets ERROR 1 at once', async () => {
    await using served = await Served.open(udp, {})
    await using client = await RawClient.open()
    for (const name of ['tomorrow', 'and tomorrow']) {
      expect(errorIn(await client.ask(rrq(name), served.port))).toEqual([1, 'there is no such file'])
    }
    expect(served.ended.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['tomorrow', 'missing'],
      ['and tomorrow', 'missing'],
    ])
  })

  test('WRQ is refused with ERROR 2, and nobody is asked', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    const wrq = Buffer.from('\0\x02wood\0octet\0')
    expect(errorIn(await client.ask(wrq, served.port))).toEqual([2, 'this server takes no uploads'])
    expect([served.asked, served.counters.refused]).toEqual([[], 1])
  })

  test('a refusal has its words, and what a lookup throws is told without paths', async () => {
    await using served = await Served.open(udp, {
      spent: () => ({ kind: 'refused', status: 410, message: 'that boot is over' }),
      unknown: () => ({ kind: 'refused', status: 404, message: 'no such boot session' }),
      broken: () => {
        throw new Error("EACCES: permission denied, open '/srv/secret'")
      },
      late: () => Promise.reject(new Fault('file-missing', 'the kernel is not there')),
    })
    await using client = await RawClient.open()
    const said = []
    for (const name of ['spent', 'unknown', 'broken', 'late']) {
      said.push(errorIn(await client.ask(rrq(name), served.port)))
    }
    expect(said).toEqual([
      [2, 'that boot is over'],
      [1, 'no such boot session'],
      [0, 'the file cannot be read'],
      [0, 'the kernel is not there'],
    ])
    expect(served.ended.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'failed', 'failed'])
    expect(served.ended[2]!.detail).toContain('/srv/secret')
  })

  test('a file made for who asks may take its time; an RRQ that comes again meanwhile is not asked twice', async () => {
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof contentOf>>()
    await using served = await Served.open(udp, { wood: () => promise })
    await using client = await RawClient.open()
    for (let n = 0; n < 3; n++) client.send(rrq('wood'), served.port)
    await expect.poll(() => served.counters.requests).toBe(3)
    resolve(contentOf(wood))
    const { bytes } = await client.next()
    expect([bytes.subarray(4).equals(wood.subarray(0, 512)), served.asked]).toEqual([true, ['wood']])
  })

  test('a stop tells clients, and is told as their end', async () => {
    await using served = await Served.open(udp, { wood })
    await using client = await RawClient.open()
    await client.ask(rrq('wood'), served.port)
    await served.server.close()
    expect(errorIn(await client.next())).toEqual([0, 'the server stops'])
    expect(served.ended).toMatchObject([{ outcome: 'aborted', bytes: 0 }])
  })
})
