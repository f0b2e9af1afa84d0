import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { dgramUdp } from '../../src/net/udp-dgram.ts'
import { ffiUdp } from '../../src/net/udp-ffi.ts'
import { chooseUdp } from '../../src/net/udp-choose.ts'
import { Inbox } from './inbox.ts'

const here = '127.0.0.1'
const isRoot = process.getuid?.() === 0

describe.each([ffiUdp, dgramUdp])('UDP by $kind', (udp) => {
  test('a datagram arrives with the address it came from', async () => {
    await using one = await Inbox.open(udp)
    await using other = await Inbox.open(udp)
    one.socket.send(Buffer.from('till Birnam wood'), other.socket.port, here)
    await other.until(() => other.heard.length === 1)
    const { bytes, address, port, key } = other.heard[0]!
    expect([bytes.toString(), address, port]).toEqual(['till Birnam wood', here, one.socket.port])
    expect(key).toBe(0x7f000001 * 65_536 + one.socket.port)
  })

  test('an empty datagram is a message like any other', async () => {
    await using inbox = await Inbox.open(udp)
    inbox.socket.send(Buffer.alloc(0), inbox.socket.port, here)
    inbox.socket.send(Buffer.from([1]), inbox.socket.port, here)
    await inbox.until(() => inbox.heard.length === 2)
    expect(inbox.sizes).toEqual([0, 1])
  })

  test.each([
    ['64 blocks of PXE', 64 * 1472 - 100, 1472],
    ['one block', 300, 512],
    ['a block and an empty rest', 1024, 512],
    ['4 blocks of 8 bytes', 44, 12],
    ['blocks larger than an Ethernet frame', 30_000, 8196],
  ])('a window goes out as its datagrams: %s', async (_what, size, segment) => {
    await using inbox = await Inbox.open(udp)
    const window = randomBytes(size)
    inbox.socket.sendSegments(window, segment, inbox.socket.port, here)
    const count = Math.ceil(size / segment)
    await inbox.until(() => inbox.heard.length === count)
    const sizes = Array.from({ length: count }, (_, n) => Math.min(segment, size - n * segment))
    if (segment <= 2048) expect(Buffer.concat(inbox.heard.map(({ bytes }) => bytes)).equals(window)).toBe(true)
    // What arrives is cut at 2 KiB by the fast path; clients have room for what they asked for.
    else expect(inbox.sizes.every((length, n) => length === sizes[n] || length === 2048)).toBe(true)
  })

  test('of thousands that come at once none is lost, doubled or out of order', async () => {
    await using inbox = await Inbox.open(udp)
    const count = 3000
    for (let n = 0; n < count; n++) {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(n)
      inbox.socket.send(bytes, inbox.socket.port, here)
    }
    inbox.socket.flush?.()
    await inbox.until(() => inbox.heard.length >= count)
    expect(inbox.heard.map(({ bytes }) => bytes.readUInt32BE(0))).toEqual(Array.from({ length: count }, (_, n) => n))
    await inbox.until(() => inbox.batches > 0)
    expect(inbox.batches).toBeLessThanOrEqual(count)
  })

  test('an idle socket lets the event loop sleep', async () => {
    await using _idle = await Inbox.open(udp)
    const before = process.cpuUsage()
    await wait(500)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1000).toBeLessThan(250)
  })

  test('promises of a handler go on without waiting for the next datagram', async () => {
    const steps: string[] = []
    await using inbox = await Inbox.open(udp, {
      onMessage: () =>
        void Promise.resolve().then(() => {
          steps.push('promise')
          process.nextTick(() => steps.push('tick'))
        }),
    })
    inbox.socket.send(Buffer.from('x'), inbox.socket.port, here)
    await inbox.until(() => steps.length === 2)
    expect(steps).toEqual(['promise', 'tick'])
  })

  test('a handler that throws is told as an error, and the next datagram is heard', async () => {
    const heard: string[] = []
    await using inbox = await Inbox.open(udp, {
      onMessage: ({ bytes }) => {
        heard.push(bytes.toString())
        if (heard.length === 1) throw new Error('out, out')
      },
    })
    for (const word of ['one', 'two']) inbox.socket.send(Buffer.from(word), inbox.socket.port, here)
    await inbox.until(() => heard.length === 2)
    expect(inbox.errors.map(({ message }) => message)).toEqual(['out, out'])
  })

  test('what cannot be sent is told and never thrown, and the rest of its batch leaves', async () => {
    await using inbox = await Inbox.open(udp)
    inbox.socket.send(Buffer.from('no broadcast'), 9, '255.255.255.255')
    inbox.socket.send(Buffer.from('no port'), 0, here)
    inbox.socket.send(Buffer.from('to us'), inbox.socket.port, here)
    await inbox.until(() => inbox.heard.length === 1 && inbox.errors.length === 2)
    expect(new Set(inbox.errors.map(({ code }) => code))).toEqual(
      new Set(['EACCES', udp.kind === 'ffi' ? 'EINVAL' : 'ERR_SOCKET_BAD_PORT']),
    )
    inbox.socket.sendSegments(Buffer.alloc(250), 100, inbox.socket.port, here)
    await inbox.until(() => inbox.heard.length === 4)
    expect(inbox.sizes).toEqual([5, 100, 100, 50])
  })

  test('after close nothing is heard or sent, and the port is free', async () => {
    const inbox = await Inbox.open(udp)
    const { port } = inbox.socket
    await inbox.socket.close()
    await inbox.socket.close()
    inbox.socket.send(Buffer.from('late'), port, here)
    await using again = await Inbox.open(udp, { port })
    again.socket.send(Buffer.from('early'), port, here)
    await again.until(() => again.heard.length === 1)
    expect([inbox.heard, inbox.errors]).toEqual([[], []])
  })

  test('a socket that closes itself in the middle of a batch hears no more', async () => {
    let heard = 0
    let closing: Promise<void> | undefined
    const inbox = await Inbox.open(udp, {
      onMessage: (_message, socket) => {
        heard++
        closing ??= socket.close()
      },
    })
    for (let n = 0; n < 50; n++) inbox.socket.send(Buffer.from('x'), inbox.socket.port, here)
    await inbox.until(() => closing !== undefined)
    await closing
    expect(heard).toBe(1)
  })

  test('a port that is taken is told with its code', async () => {
    await using inbox = await Inbox.open(udp)
    await expect(Inbox.open(udp, { port: inbox.socket.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('sockets leave no descriptor behind', async () => {
    await (await Inbox.open(udp))[Symbol.asyncDispose]()
    const before = readdirSync('/proc/self/fd').length
    for (let n = 0; n < 30; n++) await (await Inbox.open(udp))[Symbol.asyncDispose]()
    await expect(udp.open({ address: '192.0.2.1', port: 0, onMessage() {}, onError() {} })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    })
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })

  test.skipIf(!isRoot)('a socket of one interface (skipped unless root)', async () => {
    await using inbox = await Inbox.open(udp, { address: '0.0.0.0', device: 'lo', broadcast: true, reuse: true })
    inbox.socket.send(Buffer.from('x'), inbox.socket.port, here)
    await inbox.until(() => inbox.heard.length === 1)
    await expect(Inbox.open(udp, { device: 'no-such-nic' })).rejects.toMatchObject({ code: 'ENODEV' })
  })
})

describe('what only the fast path can', () => {
  test('what is sent may be changed right after', async () => {
    await using inbox = await Inbox.open(ffiUdp)
    const bytes = Buffer.from('first ')
    inbox.socket.send(bytes, inbox.socket.port, here)
    bytes.write('second')
    inbox.socket.send(bytes, inbox.socket.port, here)
    await inbox.until(() => inbox.heard.length === 2)
    expect(inbox.heard.map((message) => message.bytes.toString())).toEqual(['first ', 'second'])
  })

  test('the address that was asked is told, and the answer leaves from it', async () => {
    await using server = await Inbox.open(ffiUdp, { address: '0.0.0.0', tellLocal: true })
    await using client = await Inbox.open(ffiUdp)
    client.socket.send(Buffer.from('?'), server.socket.port, '127.7.7.7')
    await server.until(() => server.heard.length === 1)
    const { local, toAll, port } = server.heard[0]!
    expect([local, toAll]).toEqual(['127.7.7.7', undefined])

    server.socket.send(Buffer.from('!'), port, here, local)
    server.socket.sendSegments(Buffer.alloc(20), 8, port, here, local)
    await client.until(() => client.heard.length === 4)
    expect(client.heard.map(({ address, bytes }) => [address, bytes.length])).toEqual([
      ['127.7.7.7', 1],
      ['127.7.7.7', 8],
      ['127.7.7.7', 8],
      ['127.7.7.7', 4],
    ])
  })

  test('what went to everybody is told', async () => {
    await using server = await Inbox.open(ffiUdp, { address: '0.0.0.0', tellLocal: true })
    await using client = await Inbox.open(ffiUdp, { broadcast: true })
    client.socket.send(Buffer.from('?'), server.socket.port, '127.255.255.255')
    await server.until(() => server.heard.length === 1)
    expect(server.heard[0]).toMatchObject({ toAll: true })
  })

  test.skipIf(!isRoot)('where segments do not fit the route they go as fragments (skipped unless root)', () => {
    const script = new URL('small-mtu.ts', import.meta.url).pathname
    const node = `${process.execPath} --disable-warning=ExperimentalWarning ${script}`
    const output = execFileSync('unshare', ['--net', 'sh', '-c', `ip link set lo mtu 1000 up && exec ${node}`])
    expect(JSON.parse(output.toString())).toEqual({ sizes: [1472, 1472, 1472, 100], errors: [] })
  })
})

describe('the choice', () => {
  test('the self-test takes the fast path where it works', async () => {
    expect((await chooseUdp('')).kind).toBe('ffi')
  })

  test.each(['ffi', 'dgram'] as const)('BIRNAM_UDP=%s is obeyed', async (kind) => {
    expect((await chooseUdp(kind)).kind).toBe(kind)
  })
})
