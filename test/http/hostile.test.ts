import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closed, Served } from './served.ts'

let served: Served

beforeAll(async () => {
  served = await Served.open({ kernel: 'kernel bytes' })
})

afterAll(async () => {
  // Whatever was sent, the server still serves.
  expect(await (await served.get('kernel')).text()).toBe('kernel bytes')
  await served[Symbol.asyncDispose]()
})

const host = 'Host: x\r\n'
const close = 'Connection: close\r\n'

const refused: readonly (readonly [says: string, request: string, status: number])[] = [
  [
    'Content-Length and Transfer-Encoding',
    `POST /kernel HTTP/1.1\r\n${host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`,
    400,
  ],
  [
    'two different Content-Lengths',
    `GET /kernel HTTP/1.1\r\n${host}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello`,
    400,
  ],
  [
    'two equal Content-Lengths',
    `GET /kernel HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
    400,
  ],
  ['an unknown transfer coding', `GET /kernel HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n`, 400],
  [
    'a chunk size beyond 64 bits',
    `GET /kernel HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
    400,
  ],
  ['a GET with a body', `GET /kernel HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello`, 400],
  ['a bare LF', `GET /kernel HTTP/1.1\nHost: x\n\n`, 400],
  ['a bare CR in a header', `GET /kernel HTTP/1.1\r\n${host}X: a\rb\r\n\r\n`, 400],
  ['a NUL in a header', `GET /kernel HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`, 400],
  ['a folded header', `GET /kernel HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, 400],
  ['a blank before the colon', `GET /kernel HTTP/1.1\r\nHost : x\r\n\r\n`, 400],
  ['no Host', 'GET /kernel HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', `GET /kernel HTTP/1.1\r\n${host}Host: y\r\n\r\n`, 400],
  ['HTTP/0.9', 'GET /kernel\r\n\r\n', 400],
  ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['an unknown method', `BREW /kernel HTTP/1.1\r\n${host}\r\n`, 400],
  ['a name with ..', `GET /../etc/passwd HTTP/1.1\r\n${host}\r\n`, 400],
  ['a name with an encoded NUL', `GET /kernel%00.efi HTTP/1.1\r\n${host}\r\n`, 400],
  ['a name of 10 kB', `GET /${'a'.repeat(10_000)} HTTP/1.1\r\n${host}\r\n`, 414],
  ['64 kB of one header', `GET /kernel HTTP/1.1\r\n${host}X: ${'a'.repeat(65_000)}\r\n\r\n`, 431],
  ['2000 headers', `GET /kernel HTTP/1.1\r\n${host}${'a: b\r\n'.repeat(2000)}\r\n`, 431],
  ['a URL of 100 kB', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${host}\r\n`, 431],
  ['another method', `DELETE /kernel HTTP/1.1\r\n${host}\r\n`, 405],
  ['an upload', `PUT /kernel HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello`, 405],
]

test.each(refused)('%s is refused, and the connection ends', async (_says, request, status) => {
  const answer = await served.raw(request)
  expect(answer.match(/^HTTP\/1\.1 (\d+)/)?.[1]).toBe(String(status))
  expect(answer).toMatch(/\r\nconnection: close\r\n/i)
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
})

const taken: readonly (readonly [says: string, request: string])[] = [
  ['a Host with a port that cannot be', `GET /kernel HTTP/1.1\r\nHost: evil:99999\r\n${close}\r\n`],
  ['a Host with user information', `GET /kernel HTTP/1.1\r\nHost: 127.0.0.1@evil\r\n${close}\r\n`],
  ['a URL of another host', `GET http://evil.example/kernel HTTP/1.1\r\n${host}${close}\r\n`],
  [
    'forwarding headers',
    `GET /kernel HTTP/1.1\r\n${host}X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n${close}\r\n`,
  ],
  ['HTTP/1.0 without Host', `GET /kernel HTTP/1.0\r\n\r\n`],
  ['an offer of HTTP/2', `GET /kernel HTTP/1.1\r\n${host}Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`],
]

test.each(taken)('%s does not matter: the file is the file', async (_says, request) => {
  const before = served.transfers.length
  const answer = await served.raw(request)
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(answer).toMatch(/\r\n\r\nkernel bytes$/)
  expect(answer).not.toContain('evil')
  await served.until(() => served.transfers.length > before)
  expect(served.transfers.at(-1)!.peer.address).toBe('127.0.0.1')
})

test('garbage after a request is no part of its answer', async () => {
  const answer = await served.raw(`GET /kernel HTTP/1.1\r\n${host}\r\n\x01\x02\x03garbage\r\n\r\n`)
  expect(answer.match(/HTTP\/1\.1 200/g) ?? []).toHaveLength(answer.startsWith('HTTP/1.1 200') ? 1 : 0)
  expect(answer.split('kernel bytes').length).toBeLessThanOrEqual(2)
})

test('a smuggled request inside a body is never answered', async () => {
  const inner = `GET /kernel HTTP/1.1\r\n${host}\r\n`
  const answer = await served.raw(`POST /kernel HTTP/1.1\r\n${host}Content-Length: ${inner.length}\r\n\r\n${inner}`)
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  expect(answer).toContain('405')
})

test('pipelined requests are answered in order, as many as a connection may have', async () => {
  const request = (name: string): string => `GET /${name} HTTP/1.1\r\n${host}\r\n`
  const answer = await served.raw(
    request('kernel') + request('missing') + `GET /kernel HTTP/1.1\r\n${host}${close}\r\n`,
  )
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200'])
})

test('a flood of pipelined requests ends its connection, and is counted', async () => {
  const { dropped } = served.server.counters
  await served.raw(`GET /kernel HTTP/1.1\r\n${host}\r\n`.repeat(5000))
  expect(served.server.counters.dropped).toBeGreaterThan(dropped)
})

test('random bytes are answered with a 4xx or a closed connection', async () => {
  const { malformed } = served.server.counters
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.string().map((text) => Buffer.from(`GET ${text}\r\n\r\n`)),
  )
  const run = async (request: Uint8Array): Promise<void> => {
    const socket = served.connect()
    socket.on('error', () => {})
    socket.end(request)
    socket.resume()
    await closed(socket)
  }
  await fc.assert(fc.asyncProperty(bytes, run), { numRuns: 100 })
  expect(served.server.counters.malformed).toBeGreaterThan(malformed)
})
