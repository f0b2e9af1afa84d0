import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { dgramUdp } from '../../src/net/udp-dgram.ts'
import { ffiUdp } from '../../src/net/udp-ffi.ts'
import { TftpServed } from './tftp-served.ts'

interface Client {
  get(remote: string, local: string, done: (error: Error | null) => void): void
}

const require = createRequire(import.meta.url)
const tftp = require('tftp') as { createClient(options: object): Client }

test.each([
  ['ffi', 1468, 4],
  ['ffi', 512, 1],
  ['dgram', 1468, 64],
] as const)("npm's tftp client takes a file over %s with blocks of %i in windows of %i", async (kind, size, window) => {
  const image = randomBytes(1_000_000)
  await using served = await TftpServed.open(kind === 'ffi' ? ffiUdp : dgramUdp, { image })
  const { port } = served.server
  const client = tftp.createClient({ host: '127.0.0.1', port, blockSize: size, windowSize: window })
  await promisify(client.get.bind(client))('image', served.out)
  expect((await readFile(served.out)).equals(image)).toBe(true)
  await served.server.close()
  expect(served.transfers).toMatchObject([{ name: 'image', bytes: 1_000_000, outcome: 'sent' }])
})

test("npm's tftp client is told what is missing", async () => {
  await using served = await TftpServed.open(ffiUdp, {})
  const client = tftp.createClient({ host: '127.0.0.1', port: served.server.port, retries: 1 })
  await expect(promisify(client.get.bind(client))('tomorrow', served.out)).rejects.toThrow(/there is no such file/)
})

test("one empty datagram ends npm's tftp as a server: why it is not ours", async () => {
  const program = `const server = require('tftp').createServer({ host: '127.0.0.1', port: 0 })
    server.on('error', () => {}).on('listening', () => console.log(server._socket.address().port)).listen()`
  const child = spawn(process.execPath, ['-e', program], {
    cwd: new URL('../..', import.meta.url).pathname,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  await sendNothing(Number(port.toString()))
  const [code] = (await once(child, 'close')) as [number]
  expect(said).toMatch(/ERR_BUFFER_OUT_OF_BOUNDS|ERR_OUT_OF_RANGE/)
  expect(code).not.toBe(0)
})

test.each([ffiUdp, dgramUdp])('one empty datagram is a packet of no meaning to us, over $kind', async (udp) => {
  const image = randomBytes(3000)
  await using served = await TftpServed.open(udp, { image })
  const { port, counters } = served.server
  await sendNothing(port)
  const client = tftp.createClient({ host: '127.0.0.1', port })
  await promisify(client.get.bind(client))('image', served.out)
  expect((await readFile(served.out)).equals(image)).toBe(true)
  expect(counters.malformed).toBe(1)
})

async function sendNothing(port: number): Promise<void> {
  const socket = createSocket('udp4')
  await promisify((done: () => void) => socket.send(Buffer.alloc(0), port, '127.0.0.1', done))()
  socket.close()
}
