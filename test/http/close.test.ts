import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import { openHttp } from '../../src/http/server.ts'
import { closed, Served } from './served.ts'

test('closing lets a running answer end, and ends idle connections at once', async () => {
  const image = randomBytes(24 << 20)
  await using served = await Served.open({ image, kernel: 'bytes' })
  const idle = served.connect()
  idle.write('GET /kernel HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(idle, 'data')
  const running = await served.get('image')
  const closing = served.server.close()
  await closed(idle)
  expect((await running.arrayBuffer()).byteLength).toBe(image.length)
  await closing
  await expect(served.get('kernel')).rejects.toThrow('fetch failed')
})

test('closing under load waits for nobody longer than its grace', async () => {
  await using served = await Served.open({ image: randomBytes(24 << 20) }, { limits: { grace: 200 } })
  const readers = Array.from({ length: 20 }, () => {
    const socket = served.connect().on('error', () => {})
    socket.write('GET /image HTTP/1.1\r\nHost: x\r\n\r\n')
    return socket
  })
  await Promise.all(readers.map(async (socket) => (await once(socket, 'data'), socket.pause())))
  await served.server.close()
  await served.until(() => served.transfers.length === 20)
  expect(new Set(served.transfers.map(({ outcome }) => outcome))).toEqual(new Set(['aborted']))
  for (const socket of readers) socket.destroy()
})

test('closing twice is closing once', async () => {
  await using served = await Served.open()
  await Promise.all([served.server.close(), served.server.close()])
})

test('a port that is taken is said so, with what to look at', async () => {
  await using served = await Served.open()
  const second = openHttp({ address: '127.0.0.1', port: served.server.port, source: { find: () => undefined } })
  await expect(second).rejects.toMatchObject({
    code: 'port-taken',
    message: expect.stringContaining(String(served.server.port)),
  })
})

test('an address of another host is said so', async () => {
  const elsewhere = openHttp({ address: '192.0.2.1', port: 0, source: { find: () => undefined } })
  await expect(elsewhere).rejects.toThrow(Fault)
})
