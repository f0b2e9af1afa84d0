import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { Buffers } from '../../src/http/buffers.ts'
import { OpenFile } from '../../src/http/open-file.ts'
import type { Part } from '../../src/http/range.ts'
import { sendUnchanging } from '../../src/http/sendfile.ts'
import { openPlace } from '../lab/place.ts'

const size = 23 * 1024 * 1024 + 4321
const bytes = randomBytes(size)

test.each([
  ['all of it', { from: 0, to: size - 1 }],
  ['all but its first byte', { from: 1, to: size - 1 }],
  ['a range that begins and ends in the middle of pages', { from: 5_000_001, to: 17_654_321 }],
  ['less than is worth it', { from: 5_000_001, to: 5_000_100 }],
])('a file that does not change arrives byte for byte: %s', async (_what, part) => {
  await using scene = await openScene()
  const arrived = await buffer(await scene.ask(part))
  expect(sumOf(arrived)).toBe(sumOf(bytes.subarray(part.from, part.to + 1)))
  expect(scene.told).toBe(arrived.length)
})

test('a slow reader gets the same bytes', async () => {
  await using scene = await openScene()
  const response = await scene.ask({ from: 0, to: size - 1 })
  const hash = createHash('sha256')
  for await (const chunk of response) {
    hash.update(chunk as Buffer)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(hash.digest('hex')).toBe(sumOf(bytes))
})

test('two questions at once on one connection are answered one after the other', async () => {
  await using scene = await openScene()
  const socket = connect(scene.port, '127.0.0.1')
  const question = (from: number, more = ''): string =>
    `GET /${from}-${from + 8_000_000} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
  socket.write(question(1) + question(9_000_001, 'Connection: close\r\n'))
  const bodies = (await buffer(socket))
    .toString('latin1')
    .split(/HTTP\/1\.1 200[^]*?\r\n\r\n/)
    .slice(1)
  const expected = [1, 9_000_001].map((from) => bytes.subarray(from, from + 8_000_001).toString('latin1'))
  expect(bodies.map((body) => sumOf(body))).toEqual(expected.map((body) => sumOf(body)))
})

test('a reader that goes away leaves nothing open', async () => {
  await using scene = await openScene()
  for (let count = 0; count < 20; count++) {
    const response = await scene.ask({ from: 0, to: size - 1 })
    await once(response, 'data')
    response.destroy()
  }
  await expect.poll(() => scene.underWay).toBe(0)
  expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain(scene.file)
  expect(openNames()).not.toContain(scene.file)
})

test('a file that is cut short while it is sent breaks off', async () => {
  await using scene = await openScene()
  const response = await scene.ask({ from: 0, to: size - 1 })
  await once(response, 'data')
  truncateSync(scene.file, 1_000_000)
  await expect(buffer(response)).rejects.toThrow('aborted')
  await expect.poll(() => scene.failed).toMatch('was written to while it was being sent')
})

function sumOf(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

function openNames(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return []
    }
  })
}

interface Scene extends AsyncDisposable {
  readonly port: number
  readonly file: string
  /** Bytes that the server says it has sent. */
  readonly told: number
  readonly underWay: number
  readonly failed: string
  ask(part: Part): Promise<IncomingMessage>
}

async function openScene(): Promise<Scene> {
  const place = await openPlace()
  const file = join(place.path, 'layer')
  writeFileSync(file, bytes)
  const lent = new Buffers()
  const seen = { told: 0, underWay: 0, failed: '' }
  const server: Server = createServer((request, response) => {
    const [from, to] = request.url!.slice(1).split('-').map(Number)
    seen.underWay++
    const send = async (): Promise<void> => {
      await using open = await OpenFile.open(file)
      response.writeHead(200, { 'Content-Length': to! - from! + 1 })
      await sendUnchanging(response, open, { from: from!, to: to! }, lent, (more) => (seen.told += more))
    }
    send()
      .catch((error: unknown) => {
        seen.failed = String(error)
        response.destroy()
      })
      .finally(() => seen.underWay--)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    file,
    get told() {
      return seen.told
    },
    get underWay() {
      return seen.underWay
    },
    get failed() {
      return seen.failed
    },
    async ask({ from, to }) {
      const [response] = (await once(get({ port, path: `/${from}-${to}` }), 'response')) as [IncomingMessage]
      return response
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await place[Symbol.asyncDispose]()
    },
  }
}
