import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { PixiecoreDesk } from '../../src/api/pixiecore-desk.ts'
import { parseMac } from '../../src/net/mac.ts'

const mac = parseMac('52:54:00:77:00:01')

interface Api extends AsyncDisposable {
  readonly url: string
  readonly asked: string[]
}

async function serve(answer: RequestListener): Promise<Api> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url!)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('one boot asks once, however often its loader comes; the next boot hears what is so then', async () => {
  let kernel = '/one'
  await using api = await serve((_request, response) => void response.end(JSON.stringify({ kernel })))
  let now = 1_700_000_000_000
  const desk = new PixiecoreDesk(() => now)
  expect(desk.ask(api.url, mac)).toEqual({ state: 'asking' })
  expect(await desk.learn(api.url, mac)).toMatchObject({ state: 'boot', boot: { kernel: `${api.url}/one` } })
  kernel = '/two'
  expect(desk.ask(api.url, mac)).toMatchObject({ boot: { kernel: `${api.url}/one` } })
  now += 10_001
  expect(desk.ask(api.url, mac)).toEqual({ state: 'asking' })
  expect(await desk.learn(api.url, mac)).toMatchObject({ boot: { kernel: `${api.url}/two` } })
  expect(api.asked).toEqual(Array(2).fill('/v1/boot/52:54:00:77:00:01'))
})

test.each<[string, RequestListener, string]>([
  ['404', (_, response) => void response.writeHead(404).end('{"kernel": "/k"}'), 'it says 404, which is to leave'],
  ['201', (_, response) => void response.writeHead(201).end('{"kernel": "/k"}'), 'it says 201'],
  ['no JSON', (_, response) => void response.end('hello'), 'its reply is not what pixiecore reads'],
  ['an endless reply', (_, response) => void response.end(' '.repeat(70_000)), 'longer than 64 KiB'],
  [
    'a cut reply',
    (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
    'other side closed',
  ],
])('%s lets the machine alone, and says why', async (_what, answer, why) => {
  await using api = await serve(answer)
  const said = await new PixiecoreDesk().learn(api.url, mac)
  expect(said).toMatchObject({ state: 'refused', why: expect.stringContaining(`${api.url}/v1/boot/${mac}: `) })
  expect(said).toMatchObject({ why: expect.stringContaining(why) })
})

test('nobody there', async () => {
  const gone = await serve(() => undefined)
  await gone[Symbol.asyncDispose]()
  const said = await new PixiecoreDesk().learn(gone.url, mac)
  expect(said).toMatchObject({ state: 'refused', why: expect.stringContaining('ECONNREFUSED') })
})

test('no more than 64 are asked at a time; the others come again', async () => {
  const open: (() => void)[] = []
  await using api = await serve((_request, response) => void open.push(() => response.end('{"kernel": "/k"}')))
  const desk = new PixiecoreDesk()
  const macs = Array.from({ length: 70 }, (_, n) => parseMac(`52:54:00:77:01:${n.toString(16).padStart(2, '0')}`))
  for (const each of macs) expect(desk.ask(api.url, each)).toEqual({ state: 'asking' })
  await expect.poll(() => api.asked.length).toBe(64)
  for (const answer of open) answer()
  await expect.poll(() => desk.ask(api.url, macs[0]!).state).toBe('boot')
  expect(desk.ask(api.url, macs[69]!)).toEqual({ state: 'asking' })
  await expect.poll(() => api.asked.length).toBeGreaterThan(64)
  for (const answer of open) answer()
})
