import { execa } from 'execa'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { isoOf } from './iso.ts'
import { initrdOf, kernelOf, openScene, read, rockyIso, sha256, type Files } from './scene.ts'

const iso = isoOf([
  { name: '.disk', children: [{ name: 'info', bytes: 'Debian GNU/Linux 13.1.0 "Trixie" - Official amd64 NETINST' }] },
  {
    name: 'install.amd',
    children: [
      { name: 'vmlinuz', bytes: kernelOf('6.12.48+deb13-amd64') },
      { name: 'initrd.gz', bytes: 'initrd'.repeat(10_000) },
    ],
  },
])

/** A server of files that may be told to hang up once, in the middle. */
interface Web extends AsyncDisposable {
  readonly url: string
  readonly asked: string[]
  hangUpAt: number | undefined
}

async function openWeb(files: Files): Promise<Web> {
  const asked: string[] = []
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
    asked.push(`${request.method} ${request.url}${range ? ` from ${range[1]}` : ''}`)
    const content = files[decodeURIComponent(request.url!.slice(1))]
    if (content === undefined) return void response.writeHead(404).end()
    const bytes = Buffer.from(content as string)
    const tag = `"${sha256(bytes).slice(0, 12)}"`
    const from = range && request.headers['if-range'] === tag ? Number(range[1]) : 0
    const rest = bytes.subarray(from)
    const partial = from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, etag: tag, ...partial })
    const { hangUpAt } = web
    if (request.method === 'HEAD' || hangUpAt === undefined || rest.length < hangUpAt) return void response.end(rest)
    web.hangUpAt = undefined
    response.write(rest.subarray(0, hangUpAt), () => setTimeout(() => response.destroy(), 50))
  }
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const web: Web = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    hangUpAt: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return web
}

test('an ISO at a URL is fetched, held against the list beside it, and imported; nothing of the download stays', async () => {
  using scene = openScene()
  await using web = await openWeb({ 'cd/debian.iso': iso, 'cd/SHA256SUMS': `${sha256(iso)}  debian.iso\n` })
  const { name, checks, source } = await scene.import(`${web.url}/cd/debian.iso`)
  expect([name, source]).toEqual([
    'debian-13',
    expect.objectContaining({ kind: 'iso', from: `${web.url}/cd/debian.iso` }),
  ])
  expect(checks[0]!.what).toBe('debian.iso is the one that SHA256SUMS names, which is not signed')
  expect(scene.left().filter((path) => path.startsWith('.'))).toEqual([])
})

test('a connection that ends in the middle is taken up where it ended', async () => {
  using scene = openScene()
  await using web = await openWeb({ 'debian.iso': iso })
  web.hangUpAt = 30_000
  await scene.import(`${web.url}/debian.iso`)
  const gets = web.asked.filter((line) => line.startsWith('GET /debian.iso') && !/\.\w+$/.test(line.slice(15)))
  expect(gets).toEqual(['GET /debian.iso', expect.stringMatching(/^GET \/debian.iso from \d{3,}$/)])
}, 30_000)

test('what a killed command fetched is gone on with, when the server still has that file', async () => {
  using scene = openScene()
  await using web = await openWeb({ 'debian.iso': iso })
  web.hangUpAt = 30_000
  const stop = new AbortController()
  const onProgress = ({ bytes }: { bytes: number }): void => {
    if (bytes >= 20_000) stop.abort(new Error('killed'))
  }
  await expect(scene.import(`${web.url}/debian.iso`, {}, { signal: stop.signal, onProgress })).rejects.toThrow('killed')
  expect(scene.left().some((path) => path.endsWith('.part'))).toBe(true)
  web.asked.length = 0
  await scene.import(`${web.url}/debian.iso`)
  expect(web.asked.find((line) => line.includes('debian.iso from'))).toBeDefined()
  expect(scene.left().filter((path) => path.startsWith('.'))).toEqual([])
}, 30_000)

test('a file that became another one on the server in between is fetched anew', async () => {
  using scene = openScene()
  const files: Record<string, string | Uint8Array> = { 'debian.iso': Buffer.concat([Buffer.alloc(40_000), iso]) }
  await using web = await openWeb(files)
  const stop = new AbortController()
  const onProgress = (): void => stop.abort(new Error('killed'))
  await expect(scene.import(`${web.url}/debian.iso`, {}, { signal: stop.signal, onProgress })).rejects.toThrow('killed')
  files['debian.iso'] = iso
  expect((await scene.import(`${web.url}/debian.iso`)).digests['medium']).toBe(sha256(iso))
}, 30_000)

test('of a tree at a URL only kernel and initrd are fetched, and the URL stays its tree', async () => {
  using scene = openScene()
  const files = Object.fromEntries(Object.entries(rockyIso).map(([path, bytes]) => [`rocky/${path}`, bytes]))
  await using web = await openWeb(files)
  const manifest = await scene.import(`${web.url}/rocky/`)
  expect(manifest).toMatchObject({
    name: 'rocky-9.6',
    tree: `${web.url}/rocky`,
    files: 2,
    trust: 'checksum',
    notes: [],
  })
  expect(scene.distros().find('rocky-9.6')!.distro.tree).toBe(`${web.url}/rocky`)
  expect(web.asked.some((line) => line.includes('Packages'))).toBe(false)
})

test('a Debian mirror at a URL is held against its Release, down to the kernel', async () => {
  using scene = openScene()
  const images = 'debian/dists/trixie/main/installer-amd64/current/images'
  const [kernel, initrd] = [kernelOf('6.12.48+deb13-amd64'), initrdOf('6.12.48+deb13-amd64')]
  const sums = `${sha256(kernel)}  ./netboot/debian-installer/amd64/linux\n${sha256(initrd)}  ./netboot/debian-installer/amd64/initrd.gz\n`
  const files: Record<string, string | Uint8Array> = {
    'debian/dists/trixie/Release': `Origin: Debian\nLabel: Debian\nSuite: stable\nVersion: 13.1\nCodename: trixie\nArchitectures: all amd64 arm64\nSHA256:\n ${sha256(sums)} ${sums.length} main/installer-amd64/current/images/SHA256SUMS\n`,
    [`${images}/SHA256SUMS`]: sums,
    [`${images}/netboot/debian-installer/amd64/linux`]: kernel,
    [`${images}/netboot/debian-installer/amd64/initrd.gz`]: initrd,
  }
  await using web = await openWeb(files)
  const manifest = await scene.import(`${web.url}/debian/dists/trixie/`)
  expect(manifest).toMatchObject({
    name: 'debian-13',
    tree: `${web.url}/debian`,
    kernel: 'boot/linux',
    trust: 'checksum',
  })
  files[`${images}/netboot/debian-installer/amd64/linux`] = kernelOf('6.6.6')
  expect(await scene.refused(`${web.url}/debian/dists/trixie/`, { as: 'other' })).toMatch(
    /linux in http.* is not the one that .*SHA256SUMS names/,
  )
})

test('a netboot archive at a URL is unpacked and kept without its rest', async () => {
  using scene = openScene()
  const tree = scene.tree('netboot', {
    'version.info': 'Debian version: 13 (trixie)\n',
    'debian-installer/amd64/linux': kernelOf('6.12.48+deb13-amd64'),
    'debian-installer/amd64/initrd.gz': initrdOf('6.12.48+deb13-amd64'),
    'pxelinux.0': '-> debian-installer/amd64/pxelinux.0',
  })
  const { stdout } = await execa('tar', ['-C', tree, '-cz', '.'], { encoding: 'buffer' })
  await using web = await openWeb({ 'netboot.tar.gz': stdout })
  const manifest = await scene.import(`${web.url}/netboot.tar.gz`, { tree: 'http://deb.debian.org/debian' })
  expect(manifest).toMatchObject({
    name: 'debian-13',
    tree: 'http://deb.debian.org/debian',
    files: 2,
    source: { kind: 'tarball' },
  })
  expect(scene.left().filter((path) => path.includes('unpacked'))).toEqual([])
})

test.each([
  ['/nowhere.iso', /^http:\S+\/nowhere.iso could not be fetched: the server says 404 Not Found/],
  ['/nowhere/', /is of no distribution that Birnam recognises/],
])('%s at a server that has no such thing ends in a sentence', async (path, sentence) => {
  using scene = openScene()
  await using web = await openWeb({})
  expect(await scene.refused(web.url + path)).toMatch(sentence)
  expect(scene.left()).toEqual([])
})

test('a server that does not answer ends in a sentence', async () => {
  using scene = openScene()
  const web = await openWeb({})
  await web[Symbol.asyncDispose]()
  expect(await scene.refused(`${web.url}/tree/`)).toMatch(/^http:\S+ could not be fetched: .*ECONNREFUSED/)
})

const tar = async (scene: { directory: string }, ...words: string[]): Promise<Buffer> => {
  return Buffer.from((await execa('tar', ['-C', scene.directory, '-c', ...words], { encoding: 'buffer' })).stdout)
}

test.each([
  ['climbs', ['--transform=s,^x$,../x,', '-P', 'x'], /leads out of the tree/],
  ['is absolute', ['--transform=s,^x$,/etc/x,', '-P', 'x'], /is an absolute name/],
  ['stands behind a link', ['--transform=s,^y$,l/y,', 'l', 'y'], /"l\/y" in bad.tar stands behind a link/],
])('a netboot archive with a name that %s is refused, and nothing is left', async (_what, words, sentence) => {
  using scene = openScene()
  scene.write('x', 'x')
  scene.write('y', 'y')
  scene.write('l', '-> /tmp')
  writeFileSync(join(scene.directory, 'bad.tar'), await tar(scene, ...words))
  expect(await scene.refused(join(scene.directory, 'bad.tar'))).toMatch(sentence)
  expect(scene.left()).toEqual([])
  expect(existsSync('/tmp/y')).toBe(false)
})

test('a netboot archive that is cut short is refused', async () => {
  using scene = openScene()
  const path = scene.write('netboot.tar.gz', gzipSync(Buffer.alloc(100_000, 'x')).subarray(0, 100))
  expect(await scene.refused(path)).toMatch(/^netboot.tar.gz (?:does not unpack|is no sound archive)/)
  expect(scene.left()).toEqual([])
})

test('the URL of a distro whose files are named by hand is taken as it is', async () => {
  using scene = openScene()
  await using web = await openWeb({ 'x/k': kernelOf('6.6.6'), 'x/i': 'initrd' })
  await scene.import(`${web.url}/x`, { as: 'odd', family: 'redhat', version: '9', kernel: 'k', initrd: ['i'] })
  expect(read(scene, 'd/odd/boot/i')).toBe('initrd')
})
