import { execa } from 'execa'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Callers, closeSocket, listenAlone, openSocket } from '../../src/app/socket.ts'
import { nameOf } from '../../src/net/unix-peer.ts'

/** A directory that everybody may enter, of a user who lets everybody write. */
function openToAll(): string {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-socket-'))
  chmodSync(directory, 0o755)
  const before = process.umask(0)
  onTestFinished(() => {
    process.umask(before)
    rmSync(directory, { recursive: true })
  })
  return join(directory, 'birnam.sock')
}

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test('the socket of commands is its owner’s alone from the instant in which it is there', async () => {
  const path = openToAll()
  const server = createServer()
  listenAlone(server, path)
  expect([mode(path), process.umask()]).toEqual(['600', 0])
  await closeSocket(server)
})

const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']

test.skipIf(process.getuid?.() !== 0)('another user cannot connect (asked as root, who can be anybody)', async () => {
  const path = openToAll()
  const { door } = await openSocket(path, (_request, response) => response.end('birnam'))
  const connect = `require('node:net').connect(${JSON.stringify(path)}).on('connect', () => process.exit(0)).on('error', ({ code }) => { console.log(code); process.exit(7) })`
  const { status, stdout } = spawnSync('setpriv', [...nobody, process.execPath, '-e', connect], { encoding: 'utf8' })
  expect([status, stdout.trim()]).toEqual([7, 'EACCES'])
  await closeSocket(door!)
})

test('a server that is started again takes the place of what the last one left', async () => {
  const path = openToAll()
  const first = createServer()
  listenAlone(first, path)
  const { listener, door } = await openSocket(path, (_request, response) => response.end('birnam'))
  expect(listener.state).toBe('listening')
  await Promise.all([closeSocket(first), closeSocket(door!)])
})

test.skipIf(process.getuid?.() !== 0)(
  'who asks is known by the kernel’s word (asked as root, who can be anybody)',
  async () => {
    const path = openToAll()
    const callers = new Callers()
    const { door } = await openSocket(path, ({ socket }, response) => response.end(callers.of(socket)), callers)
    // What an operator may do for a group of people.
    chmodSync(path, 0o666)
    const ask = `require('node:http').get({ socketPath: ${JSON.stringify(path)}, headers: { host: 'root' } }, (reply) => reply.pipe(process.stdout))`
    const said = async (...as: readonly string[]): Promise<string> =>
      (await execa('env', ['-i', ...as, process.execPath, '-e', ask], { env: { SUDO_USER: 'root', USER: 'root' } }))
        .stdout
    expect(await said('setpriv', ...nobody)).toBe('nobody')
    expect(await said('setpriv', '--reuid=54321', '--regid=65534', '--clear-groups')).toBe('uid 54321')
    expect(await said()).toBe('root')
    await closeSocket(door!)
  },
)

const passwd = 'root:x:0:0:root:/root:/bin/sh\n:x:7::/:\nking:x:1000:1000::/home/king:/bin/sh\n+::::::\n'

test.each([
  [0, 'root'],
  [1000, 'king'],
  [7, 'uid 7'],
  [100, 'uid 100'],
  [4294967294, 'uid 4294967294'],
])('user %i is called %s', (uid, name) => expect(nameOf(uid, passwd)).toBe(name))
