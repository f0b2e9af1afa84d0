import { mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readListeners } from '../../src/net/unix-listeners.ts'
import { openHouse } from '../house.ts'
import { openPlace } from '../lab/place.ts'
import { openShell, typed } from './typed.ts'

/** What a server of that site answers at the socket of its data directory. */
async function serverOf(site: string, data: string): Promise<AsyncDisposable> {
  const server: Server = createServer((_request, response) => response.end(JSON.stringify({ site, running: true })))
  mkdirSync(data, { recursive: true })
  server.listen(join(data, 'birnam.sock'))
  await once(server, 'listening')
  return { [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())) }
}

const changes = [
  ['reinstall', 'duncan'],
  ['withdraw', 'duncan'],
  ['update', 'duncan'],
  ['image', 'gc'],
  ['image', 'rm', 'porter:1'],
  ['image', 'capture', '/srv', '--as', 'porter'],
  ['image', 'tag', 'porter:1', 'good'],
  ['image', 'squash', 'porter'],
  ['imager', 'build'],
  ['token', 'create', 'ci'],
  ['token', 'rm', 'ci'],
  ['distro', 'import', '/srv'],
  ['distro', 'rm', 'debian-12'],
]

test.each(changes)('birnam %s %s does not write where the server of this site never looks', async (...words) => {
  using house = openHouse()
  using shell = openShell(house.directory)
  await using place = await openPlace()
  const data = join(place.path, 'data')
  await using _ = await serverOf(house.directory, data)
  const { code, out, err } = await shell.type(...words)
  const said = `birnam: no server runs with the data directory ${shell.data}; the one of the site ${house.directory} runs with ${data} (say --data ${data}; nothing was changed)\n`
  expect([code, out, err]).toEqual([1, '', said])
  expect((await shell.type('machine', 'show', 'duncan')).out).toContain('permit   none')
})

test('a server of another site is not meant by whoever names his own', async () => {
  using house = openHouse()
  using other = openHouse()
  using shell = openShell(house.directory)
  await using place = await openPlace()
  await using _ = await serverOf(other.directory, join(place.path, 'data'))
  expect((await shell.type('reinstall', 'duncan')).code).toBe(0)
})

test('whoever names no site and has a server of another one may mean that', async () => {
  using house = openHouse()
  await using place = await openPlace()
  await using _ = await serverOf(house.directory, join(place.path, 'served'))
  const { BIRNAM_SITE: before } = process.env
  delete process.env['BIRNAM_SITE']
  try {
    const { code, err } = await typed(['node', 'birnam', '--data', join(place.path, 'own'), 'reinstall', 'duncan'])
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^birnam: no server runs with the data directory \S+own; the one of the site/),
    ])
  } finally {
    if (before !== undefined) process.env['BIRNAM_SITE'] = before
  }
})

test('what a server left that was killed is no server', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  await using place = await openPlace()
  await using _ = await serverOf(house.directory, join(place.path, 'data'))
  rmSync(join(place.path, 'data/birnam.sock'))
  expect((await shell.type('reinstall', 'duncan')).code).toBe(0)
})

test('the kernel lists sockets at which somebody listens, with their paths', () => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 12345 /srv/data of lab/birnam.sock
0000000000000000: 00000003 00000000 00000000 0001 03 12346 /srv/data/birnam.sock
0000000000000000: 00000002 00000000 00010000 0001 01     7 @abstract
0000000000000000: 00000002 00000000 00010000 0001 01 12347
`
  expect(readListeners(text)).toEqual(['/srv/data of lab/birnam.sock'])
})
