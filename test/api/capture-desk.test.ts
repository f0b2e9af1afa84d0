import { request } from 'node:http'
import { expect, test } from 'vitest'
import { CaptureDesk } from '../../src/api/capture-desk.ts'
import { openHttp } from '../../src/http/server.ts'
import { openScene } from './image-scene.ts'

interface Reply {
  readonly status: number
  readonly text: string
}

/** A GET from one of the addresses that this host has for itself. */
function get(port: number, path: string, localAddress: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, localAddress, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    asking.on('error', reject).end()
  })
}

test('a capture belongs to the address that used its token first; another one is refused and told, and nobody is told the token', async () => {
  await using scene = await openScene()
  const desk = new CaptureDesk(scene.house.house, scene.golden)
  const server = await openHttp({
    address: '127.0.0.1',
    port: 0,
    source: { find: () => undefined },
    desks: new Map([['c', desk]]),
    onEnd: (transfer) => scene.house.shelf.ended(transfer),
  })
  try {
    const { token } = desk.offer({ as: 'porter', keep: [], exclude: [], by: 'macbeth' })
    const first = await get(server.port, `/c/${token}`, '127.0.0.2')
    expect([first.status, first.text]).toEqual([200, expect.stringContaining('#!/bin/sh')])
    for (const path of [`/c/${token}`, `/c/${token}/pack`]) {
      const other = await get(server.port, path, '127.0.0.3')
      expect([other.status, other.text]).toEqual([403, expect.stringContaining('it belongs to 127.0.0.2')])
    }
    expect((await get(server.port, `/c/${token}`, '127.0.0.2')).status).toBe(200)
    const refused = scene.house.logged.filter(({ type }) => type === 'image.refused')
    expect(refused).toMatchObject([{ detail: { as: 'porter', from: '127.0.0.3' } }])
    expect(JSON.stringify(scene.house.logged)).not.toContain(token)
  } finally {
    await server.close()
  }
})

test('a clock that is set back opens no capture whose hour is over', async () => {
  await using scene = await openScene()
  const { house } = scene
  const desk = new CaptureDesk(house.house, scene.golden)
  house.clock.onSetBack(() => desk.endWaiting())
  const server = await openHttp({
    address: '127.0.0.1',
    port: 0,
    source: { find: () => undefined },
    desks: new Map([['c', desk]]),
  })
  try {
    const { token } = desk.offer({ as: 'porter', keep: [], exclude: [], by: 'macbeth' })
    house.now += 5 * 3_600_000
    house.house.now()
    house.now -= 4.5 * 3_600_000
    const { status, text } = await get(server.port, `/c/${token}`, '127.0.0.2')
    expect([status, text]).toEqual([403, expect.stringContaining('no capture has that token')])
  } finally {
    await server.close()
  }
})
