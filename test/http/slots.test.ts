import { expect, test } from 'vitest'
import { apiServer } from '../../src/http/api-server.ts'
import { Slots } from '../../src/http/slots.ts'
import { Served } from './served.ts'

function slotsOf(most: number, perAddress: number) {
  const slots = new Slots(most, perAddress)
  const gone: string[] = []
  const enter = (address: string, name: string, isIdle = true): boolean => {
    const slot = { address, isIdle: () => isIdle, close: () => void gone.push(name) }
    return slots.enter(slot)
  }
  return { enter, gone }
}

test('a newcomer gets the oldest idle place of the address that has the most', () => {
  const { enter, gone } = slotsOf(5, 4)
  for (const name of ['b1', 'b2']) enter('b', name)
  enter('c', 'c1')
  enter('b', 'b3')
  enter('d', 'd1')
  expect(enter('e', 'e1')).toBe(true)
  expect(enter('f', 'f1')).toBe(true)
  expect(gone).toEqual(['b1', 'b2'])
})

test('where each has one, the address that has been there longest gives way', () => {
  const { enter, gone } = slotsOf(3, 4)
  for (const name of ['a', 'b', 'c', 'd', 'e']) expect(enter(name, name)).toBe(true)
  expect(gone).toEqual(['a', 'b'])
})

test('whoever is being served stays, and the newcomer goes', () => {
  const { enter, gone } = slotsOf(3, 4)
  for (const name of ['a', 'b', 'c']) enter(name, name, false)
  expect(enter('d', 'd')).toBe(false)
  expect(gone).toEqual([])
})

test('an address with a crowd of connections gives one, though all of them are served', () => {
  const { enter, gone } = slotsOf(40, 256)
  for (let n = 0; n < 36; n++) enter('crowd', `crowd${n}`, false)
  for (const name of ['a', 'b', 'c', 'd']) enter(name, name, false)
  expect(enter('e', 'e', false)).toBe(true)
  expect(gone).toEqual(['crowd0'])
})

test('an address that has its share makes room for itself, of what is idle', () => {
  const { enter, gone } = slotsOf(100, 2)
  expect([enter('a', 'a1', false), enter('a', 'a2'), enter('a', 'a3'), enter('b', 'b1')]).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(gone).toEqual(['a2'])
  expect([enter('a', 'a4', false), enter('a', 'a5', false)]).toEqual([true, false])
})

test('half a request from ten addresses keeps nobody out', async () => {
  await using served = await Served.open({ kernel: 'bytes' }, { limits: { connections: 40, connectionsPerPeer: 8 } })
  const half = Array.from({ length: 80 }, (_, n) => {
    const socket = served.connect({ localAddress: `127.0.0.${20 + (n % 10)}` }).on('error', () => {})
    socket.write('GET /kernel HTTP/1.1\r\nHost: a\r\nX-')
    return socket
  })
  await served.until(() => served.server.counters.connections === 80)
  for (let n = 0; n < 5; n++) expect(await (await served.get('kernel')).text()).toBe('bytes')
  expect(served.server.counters).toMatchObject({ sent: 5 })
  for (const socket of half) socket.destroy()
})

test('half a body keeps nobody out', async () => {
  const app = apiServer()
  app.post('/r', () => ({ ok: true }))
  await using served = await Served.open({ kernel: 'bytes' }, { limits: { connections: 8 }, app, appPrefixes: ['/r'] })
  const half = Array.from({ length: 8 }, () =>
    served
      .connect()
      .on('error', () => {})
      .resume(),
  )
  for (const socket of half)
    socket.write('POST /r HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{')
  await served.until(() => served.server.counters.requests === 8)
  expect(await (await served.get('kernel')).text()).toBe('bytes')
  expect(served.server.counters.dropped).toBe(1)
  for (const socket of half) socket.destroy()
})
