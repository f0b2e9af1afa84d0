import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { isOwnRealm } from '../../src/image/credentials.ts'
import { RegistryClient } from '../../src/image/registry-client.ts'

test.each([
  ['https://registry.example.org/token', 'https://registry.example.org', true],
  ['https://registry.example.org:8443/token', 'https://registry.example.org:5000', true],
  ['http://registry.example.org/token', 'https://registry.example.org', false],
  ['http://127.0.0.1:99/token', 'http://127.0.0.1:5000', true],
  ['http://[::1]/token', 'http://[::1]:5000', true],
  ['http://127.0.0.1/token', 'https://registry.example.org', false],
  ['https://auth.docker.io/token', 'https://registry-1.docker.io', true],
  ['https://gitlab.com/jwt/auth', 'https://registry.gitlab.com', true],
  ['https://auth.example.org/', 'https://registry.example.org', true],
  ['http://auth.example.org/', 'https://registry.example.org', false],
  ['https://example.org.evil.net/', 'https://registry.example.org', false],
  ['https://evilexample.org/', 'https://registry.example.org', false],
  ['https://evil.org/', 'https://example.org', false],
  ['https://evil.co.uk/', 'https://registry.co.uk', false],
  ['https://auth.example.co.uk/', 'https://registry.example.co.uk', true],
  ['https://1.2.3.5/', 'https://1.2.3.4', false],
  ['https://other/', 'https://registry', false],
])('a password shown at %s for %s: %s', (realm, registry, may) => {
  expect(isOwnRealm(new URL(realm), new URL(registry))).toBe(may)
})

test('a password over plain HTTP to another host is refused before anything is sent', () => {
  const open = (url: string): RegistryClient => new RegistryClient({ url, user: 'birnam', password: 'dagger' })
  expect(() => open('http://registry.example.org:5000')).toThrow('would go there readable for all')
  expect(() => open('https://registry.example.org')).not.toThrow()
  expect(() => open('http://localhost:5000')).not.toThrow()
  expect(() => new RegistryClient({ url: 'http://registry.example.org' })).not.toThrow()
})

interface Heard extends AsyncDisposable {
  readonly url: string
  readonly seen: string[]
}

async function hear(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Heard> {
  const seen: string[] = []
  const server: Server = createServer((request, response) => {
    seen.push(request.headers.authorization ?? 'nothing')
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    seen,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function challenging(realm: () => string) {
  return ({ headers }: IncomingMessage, response: ServerResponse): void => {
    if (headers.authorization === 'Bearer given') return void response.end('{}')
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm()}",service="x"` }).end()
  }
}

test('a registry that names another host for its tokens is not given the password there; its own host gives the token', async () => {
  await using thief = await hear((_request, response) => void response.end('{"token":"given"}'))
  let realm = thief.url.replace('127.0.0.1', 'localhost')
  await using registry = await hear(challenging(() => realm))
  const client = new RegistryClient({ url: registry.url, user: 'birnam', password: 'dagger' })
  await expect(client.ask('porter/tags/list')).rejects.toMatchObject({
    code: 'registry-failed',
    message: expect.stringContaining('which is not its own host by TLS: it is not sent'),
  })
  expect(thief.seen).toEqual([])
  realm = thief.url
  expect((await client.ask('porter/tags/list')).status).toBe(200)
  expect(thief.seen).toEqual([expect.stringMatching(/^Basic /)])
})

test('a redirect to another host takes no password along', async () => {
  await using thief = await hear((_request, response) => void response.end('{}'))
  await using registry = await hear((_request, response) => {
    response.writeHead(307, { location: thief.url.replace('127.0.0.1', 'localhost') }).end()
  })
  const client = new RegistryClient({ url: registry.url, user: 'birnam', password: 'dagger' })
  await client.ask('porter/tags/list')
  expect([registry.seen.length, thief.seen]).toEqual([1, ['nothing']])
})
