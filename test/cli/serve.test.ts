import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { files, openHouse } from '../house.ts'

const birnam = join(import.meta.dirname, '../../tools/birnam')
const root = process.getuid?.() === 0

interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs a command line to its end; `until`: stops it when that was said. */
async function said([command, ...words]: readonly string[], until?: RegExp): Promise<Said> {
  const child: ChildProcess = spawn(command!, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const told = { out: '', err: '' }
  let stopped = false
  const heard = (stream: 'out' | 'err') => (text: Buffer) => {
    told[stream] += text.toString()
    if (!until?.test(told.out) || stopped) return
    // A second one would end it at once.
    stopped = child.kill('SIGTERM')
  }
  child.stdout!.on('data', heard('out'))
  child.stderr!.on('data', heard('err'))
  try {
    const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(25_000) })) as [number | null]
    return { code, ...told }
  } finally {
    child.kill('SIGKILL')
  }
}

/** A site that every user may read, and a data directory beside it. */
function place(server: string): { readonly site: string; readonly data: string; readonly words: readonly string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-serve-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const [site, data] = [join(directory, 'site'), join(directory, 'data')]
  for (const [name, text] of Object.entries({ ...files, 'birnam.yaml': `address: 127.0.0.1\n${server}` })) {
    mkdirSync(dirname(join(site, name)), { recursive: true })
    writeFileSync(join(site, name), text)
  }
  mkdirSync(data, { mode: 0o700 })
  chmodSync(directory, 0o755)
  return { site, data, words: ['serve', '--site', site, '--data', data] }
}

const ready = /^Ready\./m
const http = (port: number): string => `http: { port: ${port}, address: 127.0.0.1 }\n`
const tftp = (port: number): string => `tftp: { port: ${port}, address: 127.0.0.1 }\n`

test('a TCP port that another program has is told with how to find it, and the other doors are open', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { code, out } = await said([birnam, ...place(http(port) + tftp(0)).words], ready)
  const how = `ss -ltnp sport = :${port} shows which; stop it, or choose another port`
  expect(out).toContain(`HTTP      off  another program listens on TCP port ${port} of 127.0.0.1 (${how})`)
  expect(out).toMatch(/^ {2}TFTP +on +127\.0\.0\.1:[1-9]\d+$/m)
  expect(code).toBe(0)
})

test('a UDP port that another program has is told, and the other doors are open', async () => {
  const other = createSocket('udp4').bind(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address()
  const { code, out } = await said([birnam, ...place(http(0) + tftp(port)).words], ready)
  expect(out).toContain(`TFTP      off  another program listens on 127.0.0.1:${port} (`)
  expect(out).toMatch(/^ {2}HTTP +on +127\.0\.0\.1:[1-9]\d+$/m)
  expect(code).toBe(0)
})

test('when no door opens, each says why, and that ends it', async () => {
  const [one, two] = [createServer().listen(0, '127.0.0.1'), createSocket('udp4').bind(0, '127.0.0.1')]
  onTestFinished(() => {
    one.close()
    two.close()
  })
  await Promise.all([once(one, 'listening'), once(two, 'listening')])
  const { words } = place(http((one.address() as AddressInfo).port) + tftp(two.address().port))
  const { code, out, err } = await said([birnam, ...words])
  expect(out.match(/off {2}another program listens on/g)).toHaveLength(2)
  expect(out).not.toContain('Ready.')
  expect(err).toContain(
    'birnam: nothing listens: neither HTTP nor TFTP nor DHCP (each line above says why, and what to do)',
  )
  expect(code).toBe(1)
})

const nobody = 65534
const asNobody = [
  'setpriv',
  `--reuid=${nobody}`,
  `--regid=${nobody}`,
  '--clear-groups',
  '--inh-caps=-all',
  '--bounding-set=-all',
]
const everybody = isOpenToAll(birnam)

/** Whether another user can come to that file at all. */
function isOpenToAll(path: string): boolean {
  if ((statSync(path).mode & 0o5) !== 0o5) return false
  return dirname(path) === path || isOpenToAll(dirname(path))
}

const skip = test.skipIf(!root || !everybody)

skip('without permission for port 69 that is told with what to do, and the rest is served (needs root and a checkout that others may read)', async () => {
  const { data, words } = place(`http: { port: 8080, address: 127.0.0.1 }\n${tftp(69)}`)
  chownSync(data, nobody, nobody)
  // A network of its own: nobody else has port 69 there, and low ports are privileged.
  const alone = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
  const { code, out } = await said([...alone, ...asNobody, birnam, ...words], ready)
  const hint = 'run as root, or grant CAP_NET_BIND_SERVICE, or choose a port above 1023'
  expect(out).toContain(`TFTP      off  no permission for 127.0.0.1:69 (${hint})`)
  expect(out).toMatch(/^ {2}HTTP +on +127\.0\.0\.1:8080$/m)
  expect(code).toBe(0)
})

skip('a data directory of another user is told in one sentence, by the server and by a command (needs the same)', async () => {
  const { data, site, words } = place(http(0) + tftp(0))
  for (const line of [words, ['machine', 'list', '--site', site, '--data', data]]) {
    const { code, out, err } = await said([...asNobody, birnam, ...line])
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(
      /^birnam: the data directory \S+ (belongs to another user|may not be written by this user)[^\n]* \([^\n]*--data DIR[^\n]*\)\n$/,
    )
  }
})

test('a door that should listen elsewhere says that it needs a restart; the edit is in force all the same', async () => {
  using house = openHouse({ ...files, 'birnam.yaml': `address: 127.0.0.1\n${http(0)}${tftp(0)}` })
  const data = mkdtempSync(join(tmpdir(), 'birnam-serve-'))
  onTestFinished(() => rmSync(data, { recursive: true }))
  const child = spawn(birnam, ['serve', '--site', house.directory, '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const log = new Promise<string>((resolve) => {
    let text = ''
    child.stderr.on('data', (more: Buffer) => {
      text += more.toString()
      if (text.includes('"site.changed"')) resolve(text)
    })
  })
  await once(child.stdout, 'data')
  writeFileSync(
    join(house.directory, 'birnam.yaml'),
    `address: 127.0.0.1\n${http(0)}tftp: { port: 0, enabled: false }\n`,
  )
  const line = (await log).split('\n').find((each) => each.includes('site.restart-needed'))!
  expect(JSON.parse(line)).toMatchObject({
    msg: 'site.restart-needed',
    door: 'tftp',
    why: 'it listens where it did before, until the server is started again',
  })
  const about = ['--site', house.directory, '--data', data]
  const pending = 'birnam.yaml: tftp: was edited, and is as it was before until the server is started again'
  const status = await said([birnam, 'status', ...about])
  expect(status).toMatchObject({ code: 0, out: expect.stringContaining(pending) as string })
  writeFileSync(join(house.directory, 'fleet.yaml'), 'machines:\n  - { name: duncan, profle: x }\n')
  expect((await said([birnam, 'apply', ...about])).code).toBe(1)
  for (const words of [
    ['machine', 'list'],
    ['reinstall', 'duncan'],
  ]) {
    const { err } = await said([birnam, ...words, ...about])
    expect(err).toContain(pending)
    expect(err).toMatch(/fleet\.yaml:2: the site was edited and does not read, so the last good state stays: .*profle/)
  }
  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([0, null])
})
