import { once } from 'node:events'
import { createHash, randomBytes } from 'node:crypto'
import { get } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { statSync, writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { openHttp, type HttpServer } from '../../src/http/server.ts'
import { openCertificate, type Certificate } from '../lab/certificate.ts'
import { openPlace } from '../lab/place.ts'

const [own, other] = await Promise.all([openCertificate('127.0.0.1'), openCertificate('127.0.0.1')])
const bytes = randomBytes(9_000_000)

test('a file comes by TLS byte for byte', async () => {
  await using scene = await openScene()
  const arrived = await buffer(await scene.ask('kernel'))
  expect(sumOf(arrived)).toBe(sumOf(bytes))
  expect(scene.server.counters).toMatchObject({ sent: 1, connections: 1, malformed: 0 })
})

test('a certificate that was renewed is the one of the next connection', async () => {
  await using scene = await openScene()
  expect(await scene.shown()).toBe(firstLine(own.certificate))
  scene.server.renew(pairOf(other))
  expect(await scene.shown()).toBe(firstLine(other.certificate))
})

test.each<[string, (port: number) => Promise<unknown>, RegExp]>([
  [
    'does not believe the certificate',
    async (port) => await once(connect({ port, host: '127.0.0.1', ca: other.certificate }), 'error'),
    /ALERT|ECONNRESET/,
  ],
  [
    'knows only TLS 1.1',
    async (port) =>
      await once(
        connect({ port, host: '127.0.0.1', maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }),
        'error',
      ),
    /PROTOCOL|VERSION|ECONNRESET/,
  ],
  ['speaks no TLS at all', (port) => says(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /HTTP_REQUEST/],
  ['speaks nothing that is known', (port) => says(port, '\x16\x03\x01\xff\xff' + '\xaa'.repeat(5000)), /./],
  ['goes away at once', (port) => says(port, ''), /ECONNRESET/],
])('a client that %s is told of, and the next one is served', async (_how, come, why) => {
  await using scene = await openScene()
  await come(scene.server.port)
  await expect.poll(() => scene.failed.join()).toMatch(why)
  expect(scene.failed[0]).toMatch(/^127\.0\.0\.1 /)
  expect(await buffer(await scene.ask('kernel'))).toHaveLength(bytes.length)
})

test('who never shakes hands is let go', async () => {
  await using scene = await openScene()
  const socket = connectPlain(scene.server.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'close')
  expect(scene.failed.join()).toMatch(/HANDSHAKE_TIMEOUT|ECONNRESET/)
})

/** Says it, and waits until the other side has had enough. */
async function says(port: number, text: string): Promise<void> {
  const socket = connectPlain(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.end(text, 'latin1')
  socket.resume()
  await once(socket, 'close')
}

function pairOf({ certificate, key }: Certificate): { cert: Buffer; key: Buffer } {
  return { cert: Buffer.from(certificate), key: Buffer.from(key) }
}

function sumOf(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Of the Base64, which no two certificates share. */
function firstLine(pem: string): string {
  return pem.split('\n')[3]!
}

interface Scene extends AsyncDisposable {
  readonly server: HttpServer
  readonly failed: readonly string[]
  ask(name: string): Promise<IncomingMessage>
  /** What the server shows of its certificate. */
  shown(): Promise<string>
}

async function openScene(): Promise<Scene> {
  const place = await openPlace()
  const path = join(place.path, 'kernel')
  writeFileSync(path, bytes)
  const { size, mtimeMs, ino } = statSync(path)
  const failed: string[] = []
  const server = await openHttp({
    address: '127.0.0.1',
    port: 0,
    tls: pairOf(own),
    source: { find: (name) => (name === 'kernel' ? { kind: 'file', path, size, mtimeMs, ino } : undefined) },
    limits: { headersTimeout: 1000 },
    onTlsFailed: (from, code) => failed.push(`${from} ${code}`),
  })
  const { port } = server
  return {
    server,
    failed,
    async ask(name) {
      const words = { port, host: '127.0.0.1', path: `/${name}`, ca: own.certificate, agent: false }
      const [response] = (await once(get(words), 'response')) as [IncomingMessage]
      return response
    },
    async shown() {
      const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      return firstLine(`-\n${raw.toString('base64').replace(/.{64}/g, '$&\n')}`)
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await place[Symbol.asyncDispose]()
    },
  }
}
