import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
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

test("one empty datagram to a transfer ends npm's tftp as a server: why it is not ours", async () => {
  const port = await freePort()
  const program = `const server = require('tftp').createServer({ host: '127.0.0.1', port: ${port} })
    server.on('error', (error) => console.log(error)).on('listening', () => console.log('listens')).listen()`
  const child = spawn(process.execPath, ['-e', program], {
    cwd: new URL('../..', import.meta.url).pathname,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  const [told] = (await once(child.stdout, 'data')) as [Buffer]
  expect(told.toString()).toBe('listens\n')
  await sendNothing(await transferPort(port))
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

/** Asks for a file; where its first packet comes from. */
async function transferPort(port: number): Promise<number> {
  const socket = createSocket('udp4')
  socket.send('\0\x01package.json\0octet\0', port, '127.0.0.1')
  const [, from] = (await once(socket, 'message')) as [Buffer, { port: number }]
  socket.close()
  return from.port
}

/** npm's tftp takes port 0 for 69. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await promisify(socket.close.bind(socket))()
  return port
}

async function sendNothing(port: number): Promise<void> {
  const socket = createSocket('udp4')
  await promisify((done: () => void) => socket.send(Buffer.alloc(0), port, '127.0.0.1', done))()
  socket.close()
}
