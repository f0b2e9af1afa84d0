import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { closed, Served } from './served.ts'

const size = 24 << 20
const old = Buffer.alloc(size, 'o')
const fresh = Buffer.alloc(size, 'n')
const limits = [
  ['from memory', {}],
  ['from disk', { memoryPerFile: 1000 }],
] as const

test.each(limits)('a file replaced by a rename goes on as the old one: %s', async (_where, change) => {
  await using served = await Served.open({ image: old }, { limits: change })
  const body = await changedMidway(served, async (path) => {
    await writeFile(`${path}.new`, fresh)
    await rename(`${path}.new`, path)
  })
  expect(body.equals(old)).toBe(true)
  const next = Buffer.from(await (await served.get('image')).arrayBuffer())
  expect(next.equals(fresh)).toBe(true)
})

test('a file overwritten in place breaks off instead of mixing old and new', async () => {
  await using served = await Served.open({ image: old }, { limits: { memoryPerFile: 1000 } })
  const body = await changedMidway(served, (path) => writeFile(path, fresh))
  expect(body.length).toBeLessThan(size)
  expect(body.includes('n')).toBe(false)
  await served.until(() => served.transfers.length > 0)
  expect(served.transfers[0]).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('written to') })
})

test('a file truncated under a reader breaks off', async () => {
  await using served = await Served.open({ image: old }, { limits: { memoryPerFile: 1000 } })
  const body = await changedMidway(served, (path) => writeFile(path, 'short'))
  expect(body.length).toBeLessThan(size)
  expect(body.includes('short')).toBe(false)
})

test('a resumed download of a replaced file starts again with the new one', async () => {
  await using served = await Served.open({ image: old }, { limits: { memoryPerFile: 1000 } })
  const tag = (await served.get('image', { method: 'HEAD' })).headers.get('etag')!
  await writeFile(join(served.directory, 'image'), fresh)
  const answer = await served.get('image', { headers: { range: 'bytes=1000-', 'if-range': tag } })
  expect(answer.status).toBe(200)
  expect(Buffer.from(await answer.arrayBuffer()).equals(fresh)).toBe(true)
})

/** Reads the first bytes, lets the change happen while nothing is read, then reads to the end. The body comes back. */
async function changedMidway(served: Served, change: (path: string) => Promise<void>): Promise<Buffer> {
  const socket = served.connect()
  socket.on('error', () => {})
  socket.write('GET /image HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  await once(socket, 'data')
  socket.pause()
  await change(join(served.directory, 'image'))
  socket.resume()
  await closed(socket)
  const all = Buffer.concat(pieces)
  return all.subarray(all.indexOf('\r\n\r\n') + 4)
}
