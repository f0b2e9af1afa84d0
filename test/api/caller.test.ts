import { mkdtempSync, rmSync } from 'node:fs'
import { request as plainRequest, type RequestOptions } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { addRoutes } from '../../src/api/routes.ts'
import { Callers, closeSocket, openSocket } from '../../src/app/socket.ts'
import { apiServer } from '../../src/http/api-server.ts'
import { openHttp, type HttpServer, type TlsPair } from '../../src/http/server.ts'
import { ownName } from '../../src/net/unix-peer.ts'
import { openHouse, type TestHouse } from '../house.ts'
import { openCertificate } from '../lab/certificate.ts'

const changes = [
  ['POST', '/api/machines/duncan/reinstall', { by: 'root' }],
  ['POST', '/api/machines/duncan/update', { by: 'root' }],
  ['DELETE', '/api/machines/duncan/permit?by=root', undefined],
  ['POST', '/api/reload', {}],
  ['POST', '/api/images/capture-script', { as: 'porter' }],
  ['POST', '/api/images/gc', {}],
  ['POST', '/api/images/remove', { names: ['porter:1'] }],
  ['PUT', '/api/machines/duncan', {}],
  ['PATCH', '/api/machines/duncan', {}],
] as const
const { certificate, key } = await openCertificate('127.0.0.1')
const tcp = ['IPv4', 'IPv6', 'both families', 'HTTPS'] as const

test.each(tcp)('over TCP (%s) a program of this host changes nothing, whoever it says that it is', async (door) => {
  await using scene = await openDoors()
  for (const [method, path, body] of changes) {
    const { status, value } = await scene.ask(door, method, path, body)
    const known =
      status === 404 ? { status: 404 } : { code: 'not-permitted', detail: expect.stringContaining('birnam.sock') }
    expect([status, value]).toEqual([expect.toBeOneOf([403, 404]), expect.objectContaining(known)])
  }
  const [method, path, body] = changes[0]
  expect(await scene.ask(door, method, path, body)).toMatchObject({ status: 403 })
  expect(scene.house.house.permits.of('duncan')).toBeUndefined()
  expect(scene.house.events()).toEqual([])
})

test.each(tcp)('over TCP (%s) the state is read, but no forecast that holds an answer', async (door) => {
  await using scene = await openDoors()
  expect(await scene.ask(door, 'GET', '/api/machines/duncan')).toMatchObject({ status: 200, value: { state: 'idle' } })
  const explain = '/api/machines/duncan/explain'
  expect(await scene.ask(door, 'GET', explain)).toMatchObject({ status: 200, value: { plan: { do: 'local' } } })
  for (const path of [`${explain}?armed=1`, '/api/machines/macduff/explain']) {
    const { status, value } = await scene.ask(door, 'GET', path)
    expect([status, value]).toMatchObject([403, { code: 'not-permitted' }])
    expect(await scene.ask('socket', 'GET', path)).toMatchObject({ status: 200, value: { answer: expect.any(String) } })
  }
  await scene.ask('socket', 'POST', '/api/machines/duncan/reinstall', {})
  expect(await scene.ask(door, 'GET', explain)).toMatchObject({ status: 403 })
})

test('at the socket the kernel says who asks; what the caller says of himself is told beside', async () => {
  await using scene = await openDoors()
  const path = '/api/machines/duncan/reinstall'
  const armed = await scene.ask('socket', 'POST', path, { by: 'macbeth' })
  expect(armed).toMatchObject({ status: 200, value: { permit: { by: `${ownName()} (for macbeth)` } } })
  const taken = await scene.ask('socket', 'DELETE', '/api/machines/duncan/permit')
  expect(taken.value).toMatchObject({ why: `withdrawn by ${ownName()}` })
  expect((await scene.ask('socket', 'POST', path, { by: ownName() })).value).toMatchObject({
    permit: { by: ownName() },
  })
  const said = scene.house.events().map(({ detail }) => detail?.['by'])
  expect(said).toEqual([ownName(), ownName(), `${ownName()} (for macbeth)`])
})

test('a name that closes the brackets of another is refused', async () => {
  await using scene = await openDoors()
  for (const by of ['x) root', '\u{1b}[2J', 'a\u202eb', 'x'.repeat(101), '']) {
    const { status } = await scene.ask('socket', 'POST', '/api/machines/duncan/reinstall', { by })
    expect([by, status]).toEqual([by, 400])
  }
})

interface Doors extends AsyncDisposable {
  readonly house: TestHouse
  ask(
    door: (typeof tcp)[number] | 'socket',
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number | undefined; readonly value: unknown }>
}

/** Every door that a server has for programs: TCP by both families, TLS, and the socket. */
async function openDoors(): Promise<Doors> {
  await using opening = new AsyncDisposableStack()
  const house = opening.use(openHouse())
  const directory = opening.adopt(mkdtempSync(join(tmpdir(), 'birnam-caller-')), (path) =>
    rmSync(path, { recursive: true }),
  )
  const socketPath = join(directory, 'birnam.sock')
  const callers = new Callers()
  const app = opening.adopt(apiServer(), (server) => server.close())
  addRoutes(app, {
    house: house.house,
    shelf: house.shelf,
    reply: () => [],
    status: () => ({}),
    reload: () => Promise.resolve({ changed: true, problems: [] }),
    leases: () => [],
    check: () => Promise.resolve({}),
    known: { nameOf: (socket) => callers.of(socket), where: socketPath },
  })
  await app.ready()
  const source = { find: () => undefined }
  const listen = async (address: string, tls?: TlsPair): Promise<HttpServer> =>
    opening.use(await openHttp({ address, port: 0, app, appPrefixes: ['/api'], source, ...(tls && { tls }) }))
  const pair = { cert: Buffer.from(certificate), key: Buffer.from(key) }
  const places: Record<(typeof tcp)[number] | 'socket', RequestOptions> = {
    IPv4: { host: '127.0.0.1', port: (await listen('127.0.0.1')).port },
    IPv6: { host: '::1', port: (await listen('::1')).port },
    'both families': { host: '127.0.0.1', port: (await listen('::')).port },
    HTTPS: { host: '127.0.0.1', port: (await listen('127.0.0.1', pair)).port },
    socket: { socketPath },
  }
  const { door } = await openSocket(socketPath, (asked, response) => app.routing(asked, response), callers)
  opening.defer(() => closeSocket(door!))
  const opened = opening.move()
  return {
    house,
    async ask(name, method, path, body) {
      const options = {
        ...places[name],
        method,
        path,
        headers: { host: 'localhost', ...(body !== undefined && { 'content-type': 'application/json' }) },
      }
      const call = name === 'HTTPS' ? tlsRequest({ ...options, rejectUnauthorized: false }) : plainRequest(options)
      call.end(body === undefined ? undefined : JSON.stringify(body))
      const [response] = (await once(call, 'response')) as [IncomingMessage]
      return { status: response.statusCode, value: await json(response) }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
