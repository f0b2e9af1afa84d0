import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Fault, faults, type FaultCode } from '../../src/fault.ts'
import { apiServer, onlyLoopback, parseBody } from '../../src/http/api-server.ts'
import { problemOf } from '../../src/http/problem.ts'
import { Served } from './served.ts'

const wish = z.strictObject({
  name: z.string().max(20),
  disks: z.array(z.strictObject({ size: z.number() })).optional(),
})

test('a fault becomes a problem document that names field, code and hint', async () => {
  await using served = await api()
  const answer = await served.get('api/fault')
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect([answer.status, await answer.json()]).toEqual([
    409,
    {
      type: 'urn:birnam:fault:permit-conflict',
      title: 'the permit of this machine does not allow that now',
      status: 409,
      detail: 'duncan is armed already',
      code: 'permit-conflict',
      hint: 'withdraw it first',
      field: 'name',
    },
  ])
})

test('an unknown error says nothing of itself to the client, and everything to the log', async () => {
  const lines: string[] = []
  await using served = await api(pino({}, { write: (line: string) => void lines.push(line) }))
  const answer = await served.get('api/broken')
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('hunter2')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({ msg: 'http.failed', err: { message: 'password hunter2' } })
})

test('a path that nobody answers is a problem document too, and leaves no line in the log', async () => {
  const lines: string[] = []
  await using served = await api(pino({}, { write: (line: string) => void lines.push(line) }))
  const answer = await served.get('api/nothing')
  expect([answer.status, await answer.json()]).toMatchObject([404, { type: 'about:blank', title: 'Not Found' }])
  expect(lines).toEqual([])
})

const codes = Object.keys(faults).filter((code): code is FaultCode => code in faults)

test.each(codes)('%s has a status and a title', (code) => {
  expect(problemOf(new Fault(code, 'x'))).toMatchObject({ code, status: expect.any(Number), title: faults[code] })
})

test('boot names and the application share one port', async () => {
  await using served = await api()
  expect(await (await served.get('kernel')).text()).toBe('bytes')
  expect(await (await served.get('api/ok')).json()).toEqual({ ok: true })
  expect((await served.get('apis')).status).toBe(404)
})

test.each([
  '/%61pi/ok',
  '//api/ok',
  '/api//ok',
  '/api/%2e%2e/kernel',
  '/api/x%2f..%2f..%2fok',
  '/api/../kernel',
  '/%2561pi/ok',
  '/API/ok',
  '/api;x=/ok',
])('%s does not reach the application by another spelling', async (path) => {
  await using served = await api()
  const answer = await served.raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 40[04] /)
  expect(answer).not.toContain('{"ok":true}')
})

test('a program on this host may ask, by address or as localhost', async () => {
  await using served = await api()
  for (const host of ['127.0.0.1', '127.0.0.1:80', 'localhost:8080', '[::1]', '127.1.2.3']) {
    expect(await status(served, `Host: ${host}`)).toBe(200)
  }
})

test.each([
  'evil.example',
  '127.0.0.1.evil.example',
  '127.0.0.1@evil.example',
  'localhost.evil',
  '10.77.0.1',
  'localhost:999999',
  '',
])('a browser that was sent to Host %j by DNS rebinding is refused', async (host) => {
  await using served = await api()
  expect(await status(served, `Host: ${host}`)).toBe(403)
})

test.each(['http://evil.example', 'null', 'http://localhost:9', 'http://127.0.0.1.evil'])(
  'a page of the origin %s is refused',
  async (origin) => {
    await using served = await api()
    expect(await status(served, `Host: 127.0.0.1\r\nOrigin: ${origin}`)).toBe(403)
    expect(await status(served, `Host: 127.0.0.1\r\nOrigin: http://127.0.0.1`)).toBe(200)
  },
)

test('another machine is refused, whatever it says of itself', async () => {
  const app = await guarded()
  const headers = { host: '127.0.0.1', 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' }
  for (const remoteAddress of ['10.77.0.11', '::ffff:10.77.0.11', '127.0.0.1.evil', '2001:db8::1', '::']) {
    expect((await app.inject({ url: '/api/ok', remoteAddress, headers })).statusCode).toBe(403)
  }
  expect((await app.inject({ url: '/api/ok', remoteAddress: '::1', headers })).statusCode).toBe(200)
})

test('a body names its first wrong field', async () => {
  const cases: readonly (readonly [body: unknown, field: string | undefined])[] = [
    [{}, 'name'],
    [{ name: 5 }, 'name'],
    [{ name: 'x'.repeat(21) }, 'name'],
    [{ name: 'x', extra: 1 }, 'extra'],
    [{ name: 'x', disks: [{ size: 1 }, { size: 'big' }] }, 'disks.1.size'],
    [{ name: '\ud800' }, 'name'],
    [{ name: 'x', disks: [{ size: 2 ** 60 }] }, 'disks.0.size'],
    [[], undefined],
    [null, undefined],
  ]
  for (const [body, field] of cases) {
    expect(refusalOf(() => parseBody(wish, body))).toMatchObject({
      code: 'request-invalid',
      detail: field === undefined ? {} : { field },
    })
  }
  expect(parseBody(wish, { name: 'duncan' })).toEqual({ name: 'duncan' })
})

const bodies: readonly (readonly [says: string, body: string, status: number])[] = [
  ['broken JSON', '{"name":', 400],
  ['NaN', '{"name":NaN}', 400],
  ['30 000 open brackets', '['.repeat(30_000), 400],
  ['30 000 nested arrays', '['.repeat(30_000) + ']'.repeat(30_000), 400],
  ['nested objects', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, 400],
  ['__proto__', '{"name":"x","__proto__":{"admin":true}}', 400],
  ['an escaped __proto__', '{"name":"x","__pr\\u006fto__":{"admin":true}}', 400],
  ['constructor.prototype', '{"name":"x","constructor":{"prototype":{"admin":true}}}', 400],
  ['an unknown field', '{"name":"x","admin":true}', 400],
  ['half a surrogate pair', '{"name":"\\ud800"}', 400],
  ['an integer that no double holds', '{"name":"x","disks":[{"size":9007199254740993}]}', 400],
  ['nothing', '', 400],
  ['more than 64 KiB', JSON.stringify({ name: 'x'.repeat(70_000) }), 413],
]

test.each(bodies)('%s is refused as a problem document', async (_says, body, expected) => {
  await using served = await api()
  const headers = { 'content-type': 'application/json', host: '127.0.0.1' }
  const answer = await served.get('api/wish', { method: 'POST', body, headers })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([expected, 'application/problem+json'])
  expect(await answer.json()).toMatchObject({ status: expected, code: 'request-invalid' })
  expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
})

test('a body of 100 MB is not read: neither with its length told nor in chunks', async () => {
  await using served = await api()
  const announced = await served.raw(
    'POST /api/wish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n{"name":"',
  )
  expect(announced).toMatch(/^HTTP\/1\.1 413 /)
  const chunk = Buffer.alloc(1 << 20, 'x')
  let sent = 0
  const endless = Readable.from(
    (function* () {
      while (sent++ < 100) yield chunk
    })(),
  )
  const init: RequestInit = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    duplex: 'half',
    body: Readable.toWeb(endless),
  }
  const answer = await served.get('api/wish', init).then(
    ({ status: code }) => code,
    () => 'closed',
  )
  expect([413, 'closed']).toContain(answer)
  expect(sent).toBeLessThan(100)
})

test('a token as long as tokens get is one path parameter', async () => {
  const app = await guarded()
  const token = 'a'.repeat(300)
  expect((await app.inject(`/r/${token}`)).json()).toEqual({ key: token })
})

async function api(
  logger?: Parameters<typeof apiServer>[0] extends { logger?: infer L } | undefined ? L : never,
): Promise<Served> {
  return Served.open({ kernel: 'bytes' }, { app: await guarded(logger), appPrefixes: ['/api', '/r/'] })
}

async function guarded(logger?: Parameters<typeof api>[0]): Promise<FastifyInstance> {
  const app = apiServer(logger ? { logger } : {})
  app.get<{ Params: { key: string } }>('/r/:key', (request) => request.params)
  await app.register((scope, _options, done) => {
    scope.addHook('onRequest', onlyLoopback)
    scope.get('/api/ok', () => ({ ok: true }))
    scope.get('/api/fault', () => {
      throw new Fault('permit-conflict', 'duncan is armed already', { hint: 'withdraw it first', field: 'name' })
    })
    scope.get('/api/broken', () => Promise.reject(new Error('password hunter2')))
    scope.post('/api/wish', (request) => parseBody(wish, request.body))
    done()
  })
  return app
}

async function status(served: Served, headers: string): Promise<number> {
  const answer = await served.raw(`GET /api/ok HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`)
  return Number(answer.match(/^HTTP\/1\.1 (\d+)/)?.[1])
}

function refusalOf(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}
