import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { truncate } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiServer } from '../../src/http/api-server.ts'
import { closed, Served } from './served.ts'

const get = (name: string): string => `GET /${name} HTTP/1.1\r\nHost: x\r\n\r\n`

test('headers that trickle in end with 408 when their time is over', async () => {
  await using served = await Served.open({}, { limits: { headersTimeout: 200, requestTimeout: 400 } })
  expect(await served.raw('GET /kernel HTTP/1.1\r\nX: a')).toMatch(/^HTTP\/1\.1 408 /)
  expect(served.server.counters.timeouts).toBe(1)
})

test('a connection that says nothing at all is ended too', async () => {
  await using served = await Served.open({}, { limits: { headersTimeout: 200, requestTimeout: 400 } })
  expect(await served.raw('')).toMatch(/^(HTTP\/1\.1 408 .*)?/)
  await served.until(() => served.server.counters.open === 0)
})

test('a body that never ends is waited for no longer than its request may take', async () => {
  const app = apiServer()
  app.post('/api/x', () => ({ ok: true }))
  await using served = await Served.open(
    {},
    { app, appPrefixes: ['/api'], limits: { headersTimeout: 200, requestTimeout: 400 } },
  )
  const answer = await served.raw(
    'POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a',
  )
  expect(answer).not.toContain('ok')
  expect(served.server.counters.timeouts).toBe(1)
})

test('an idle connection is kept for its time only, and in silence', async () => {
  await using served = await Served.open({ kernel: 'bytes' }, { limits: { keepAlive: 100 } })
  const answer = await served.raw(get('kernel'))
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  expect(served.server.counters.timeouts).toBe(0)
})

test.each([
  ['from memory', 64 << 20],
  ['from disk', 1000],
])('a reader that stops is ended and told as a time-out: %s', async (_where, memoryPerFile) => {
  await using served = await Served.open({ image: randomBytes(24 << 20) }, { limits: { stall: 300, memoryPerFile } })
  // Into memory first: on a slow disk that alone may take as long as a reader may stop here.
  const isThere = (): boolean => served.transfers.some(({ outcome }) => outcome === 'sent')
  while (!isThere())
    await served
      .get('image')
      .then((reply) => reply.arrayBuffer())
      .then(() => served.until(isThere))
      .catch(() => undefined)
  const [timeouts, ended] = [served.server.counters.timeouts, served.transfers.length]
  await stalledReader(served, 'image')
  await served.until(() => served.transfers.length > ended)
  expect(served.transfers[ended]).toMatchObject({ name: 'image', outcome: 'timeout' })
  expect(served.transfers[ended]!.bytes).toBeLessThan(24 << 20)
  expect(served.server.counters.timeouts).toBe(timeouts + 1)
})

test('a reader that is slow but reads on gets everything', async () => {
  const image = randomBytes(12 << 20)
  await using served = await Served.open({ image }, { limits: { stall: 400, memoryPerFile: 1000 } })
  const socket = served.connect()
  socket.write(get('image').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  let bytes = 0
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length
    socket.pause()
    setTimeout(() => socket.resume(), 5)
  })
  await closed(socket)
  expect(bytes).toBeGreaterThan(image.length)
  await served.until(() => served.transfers.length > 0)
  expect(served.transfers[0]).toMatchObject({ outcome: 'sent', bytes: image.length })
})

test('a client that leaves in the middle is an abort, with what it got', async () => {
  await using served = await Served.open({ image: randomBytes(24 << 20) })
  const socket = await stalledReader(served, 'image')
  socket.destroy()
  await served.until(() => served.transfers.length > 0)
  expect(served.transfers[0]).toMatchObject({ outcome: 'aborted' })
  expect(served.transfers[0]!.bytes).toBeLessThan(24 << 20)
})

test(
  '500 slow readers of a 1 GiB file cost a bounded memory, and a fast one is served beside them',
  { timeout: 60_000 },
  async () => {
    await using served = await Served.open(
      { image: '', kernel: randomBytes(1 << 20) },
      { limits: { connectionsPerPeer: 600 } },
    )
    await truncate(join(served.directory, 'image'), 1 << 30)
    const before = memory()
    const readers = await Promise.all(Array.from({ length: 500 }, () => stalledReader(served, 'image')))
    expect((memory() - before) >> 20).toBeLessThan(200)
    expect((await (await served.get('kernel')).arrayBuffer()).byteLength).toBe(1 << 20)
    const fast = await served.get('image', { headers: { range: 'bytes=0-16777215' } })
    expect((await fast.arrayBuffer()).byteLength).toBe(16 << 20)
    for (const reader of readers) reader.destroy()
    await served.until(() => served.transfers.length >= 502)
  },
)

test('one peer cannot take all connections from the others', async () => {
  await using served = await Served.open({ kernel: 'bytes' }, { limits: { connectionsPerPeer: 10 } })
  const greedy = Array.from({ length: 30 }, () => served.connect({ localAddress: '127.0.0.9' }).on('error', () => {}))
  await served.until(() => served.server.counters.dropped === 20)
  expect(await (await served.get('kernel')).text()).toBe('bytes')
  for (const socket of greedy) socket.destroy()
  await served.until(() => served.server.counters.open <= 1)
})

test('of idle connections beyond the limit of all, the oldest end and are counted', async () => {
  await using served = await Served.open({}, { limits: { connections: 5 } })
  const sockets = Array.from({ length: 9 }, () => served.connect().on('error', () => {}))
  await served.until(() => served.server.counters.dropped === 4)
  for (const socket of sockets) socket.destroy()
})

/** Asks, takes the first bytes and then reads no more. */
async function stalledReader(served: Served, name: string): Promise<Socket> {
  const socket = served.connect()
  socket.on('error', () => {})
  socket.write(get(name))
  await once(socket, 'data')
  socket.pause()
  return socket
}

function memory(): number {
  return process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
}
