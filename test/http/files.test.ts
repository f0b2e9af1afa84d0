import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import type { HttpSource } from '../../src/http/boot.ts'
import type { Finding } from '../../src/net/content.ts'
import { Served } from './served.ts'

type Asked = Parameters<HttpSource['find']>[1]

test('a kernel comes whole, with its length and a strong tag', async () => {
  const kernel = randomBytes(300_000)
  await using served = await Served.open({ vmlinuz: kernel })
  const answer = await served.get('vmlinuz')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-length')).toBe('300000')
  expect(answer.headers.get('transfer-encoding')).toBeNull()
  expect(answer.headers.get('accept-ranges')).toBe('bytes')
  expect(answer.headers.get('etag')).toMatch(/^"[\w-]{20,}"$/)
  expect(Buffer.from(await answer.arrayBuffer()).equals(kernel)).toBe(true)
})

test('UEFI asks HEAD first: the length, the type and the tag of the GET, and no body', async () => {
  await using served = await Served.open({ 'grubx64.efi': randomBytes(5000) })
  const [head, get] = [await served.get('grubx64.efi', { method: 'HEAD' }), await served.get('grubx64.efi')]
  expect(head.headers.get('content-length')).toBe('5000')
  expect(head.headers.get('content-type')).toBe('application/efi')
  expect(head.headers.get('etag')).toBe(get.headers.get('etag'))
  expect((await head.arrayBuffer()).byteLength).toBe(0)
  expect((await get.arrayBuffer()).byteLength).toBe(5000)
})

test('a HEAD is no transfer, a GET is one', async () => {
  await using served = await Served.open({ kernel: 'bytes' })
  await served.get('kernel', { method: 'HEAD' })
  await (await served.get('kernel')).text()
  await served.until(() => served.transfers.length > 0)
  expect(served.transfers).toMatchObject([
    { carrier: 'http', name: 'kernel', bytes: 5, outcome: 'sent', peer: { address: '127.0.0.1' } },
  ])
  expect(served.server.counters).toMatchObject({ requests: 2, sent: 1, bytes: 5 })
})

test('a file that is already known is not sent again', async () => {
  await using served = await Served.open({ initrd: 'bytes' })
  const tag = (await served.get('initrd')).headers.get('etag')!
  const again = await served.get('initrd', { headers: { 'if-none-match': tag } })
  expect(again.status).toBe(304)
  expect(again.headers.get('etag')).toBe(tag)
  await served.until(() => served.server.counters.notModified === 1)
})

test('a resumed download gets the rest, with its place in the whole', async () => {
  await using served = await Served.open({ initrd: '0123456789' })
  const tag = (await served.get('initrd')).headers.get('etag')!
  const rest = await served.get('initrd', { headers: { range: 'bytes=7-', 'if-range': tag } })
  expect(rest.status).toBe(206)
  expect(rest.headers.get('content-range')).toBe('bytes 7-9/10')
  expect(rest.headers.get('content-length')).toBe('3')
  expect(await rest.text()).toBe('789')
})

test('a range past the end is told the length', async () => {
  await using served = await Served.open({ initrd: '0123456789' })
  const past = await served.get('initrd', { headers: { range: 'bytes=10-' } })
  expect(past.status).toBe(416)
  expect(past.headers.get('content-range')).toBe('bytes */10')
})

test('a thousand overlapping ranges cost one whole file', async () => {
  await using served = await Served.open({ initrd: '0123456789' })
  const answer = await served.get('initrd', { headers: { range: `bytes=${Array(1000).fill('0-').join(',')}` } })
  expect(answer.status).toBe(200)
  expect(await answer.text()).toBe('0123456789')
})

test('a file larger than the memory for it is the same to the client, from its first byte to its last range', async () => {
  const image = randomBytes(5_000_001)
  await using served = await Served.open({ image }, { limits: { memoryPerFile: 1000 } })
  const whole = await served.get('image')
  expect(whole.headers.get('etag')).toMatch(/^"i[\w-]{20,}"$/)
  expect(Buffer.from(await whole.arrayBuffer()).equals(image)).toBe(true)
  const end = await served.get('image', {
    headers: { range: 'bytes=-1500000', 'if-range': whole.headers.get('etag')! },
  })
  expect(end.headers.get('content-range')).toBe('bytes 3500001-5000000/5000001')
  expect(Buffer.from(await end.arrayBuffer()).equals(image.subarray(3_500_001))).toBe(true)
})

test('an empty file is an empty answer', async () => {
  await using served = await Served.open({ empty: '' })
  const answer = await served.get('empty')
  expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '0', ''])
  expect((await served.get('empty', { headers: { range: 'bytes=0-' } })).status).toBe(416)
})

test('a rewritten file has another tag at once, a touched one of the same bytes keeps it', async () => {
  await using served = await Served.open({ menu: 'one' })
  const path = join(served.directory, 'menu')
  const tag = (await served.get('menu')).headers.get('etag')!
  await utimes(path, 1, 1)
  expect((await served.get('menu')).headers.get('etag')).toBe(tag)
  await writeFile(path, 'two')
  const rewritten = await served.get('menu')
  expect(await rewritten.text()).toBe('two')
  expect(rewritten.headers.get('etag')).not.toBe(tag)
})

test('a name that does not exist is told in one line, and as a transfer that is missing', async () => {
  await using served = await Served.open()
  const answer = await served.get('revocations_sku.efi')
  expect([answer.status, await answer.text()]).toEqual([404, 'no such file\n'])
  await served.until(() => served.transfers.length > 0)
  expect(served.transfers).toMatchObject([{ name: 'revocations_sku.efi', outcome: 'missing', bytes: 0 }])
})

test('shim asks //grubx64.efi and gets it', async () => {
  await using served = await Served.open({ 'grubx64.efi': 'grub' })
  expect(await (await served.get('/grubx64.efi')).text()).toBe('grub')
})

test('what was rendered for a machine is kept by no cache and has no tag', async () => {
  const rendered = { menu: () => ({ kind: 'bytes', bytes: Buffer.from('#!ipxe\n'), secret: true }) as const }
  await using served = await Served.open({}, { rendered })
  const answer = await served.get('menu', { headers: { range: 'bytes=2-', 'if-none-match': '*' } })
  expect([answer.status, await answer.text()]).toEqual([200, '#!ipxe\n'])
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect([answer.headers.get('etag'), answer.headers.get('last-modified')]).toEqual([null, null])
})

test('iPXE encodes the colons of a MAC; the source reads them as they are', async () => {
  const rendered = {
    menu: ({ query, headers }: Asked) =>
      ({ kind: 'bytes', bytes: Buffer.from(`${query.get('mac')} ${headers['user-agent']}`) }) as const,
  }
  await using served = await Served.open({}, { rendered })
  const answer = await served.get('menu?mac=52%3A54%3A00%3A77%3A00%3A01', { headers: { 'user-agent': 'iPXE/1.21.1' } })
  expect(await answer.text()).toBe('52:54:00:77:00:01 iPXE/1.21.1')
})

test('a refusal keeps its status and its sentence', async () => {
  const rendered = {
    a: () => ({ kind: 'refused', status: 410, message: 'duncan is installed;\nits answer is closed' }) as const,
  }
  await using served = await Served.open({}, { rendered })
  const answer = await served.get('a')
  expect([answer.status, await answer.text()]).toEqual([410, 'duncan is installed; its answer is closed\n'])
  await served.until(() => served.transfers.length > 0)
  expect(served.transfers[0]).toMatchObject({ outcome: 'refused' })
})

test('a template that fails tells its place; an unknown error tells nothing of itself', async () => {
  const rendered = {
    broken: () => {
      throw new Fault('variable-missing', 'vars.role has no value', { file: 'answers/probe.hbs', line: 3 })
    },
    worse: () => Promise.reject(new Error('password is hunter2')),
  }
  await using served = await Served.open({}, { rendered })
  const [broken, worse] = [await served.get('broken'), await served.get('worse')]
  expect([broken.status, await broken.text()]).toEqual([422, 'answers/probe.hbs:3: vars.role has no value\n'])
  expect([worse.status, await worse.text()]).toEqual([500, 'a mistake in Birnam itself\n'])
  await served.until(() => served.transfers.length === 2)
  expect(served.errors).toHaveLength(2)
  expect(JSON.stringify(served.transfers)).not.toContain('hunter2')
})

test('a kernel that the server may not read is said so', async () => {
  const rendered = { kernel: () => Promise.reject(Object.assign(new Error('open'), { code: 'EACCES' })) }
  await using served = await Served.open({}, { rendered })
  const answer = await served.get('kernel')
  expect([answer.status, await answer.text()]).toEqual([403, 'the server may not read kernel\n'])
  await served.until(() => served.transfers.length > 0)
  expect(served.transfers[0]).toMatchObject({ outcome: 'failed', detail: 'the server may not read kernel' })
})

test('a directory or a pipe behind a name is missing, and no thread waits for it', async () => {
  await using served = await Served.open(
    {},
    { rendered: { directory: () => fileAt('/usr'), pipe: () => fileAt(pipe) } },
  )
  const pipe = join(served.directory, 'fifo')
  execFileSync('mkfifo', [pipe])
  for (const name of ['directory', 'pipe']) expect((await served.get(name)).status).toBe(404)
})

function fileAt(path: string): Finding {
  return { kind: 'file', path, size: 1, mtimeMs: 0, ino: 0 }
}
