import { execa } from 'execa'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { openKernel } from '../lab/kernel.ts'
import { labTest, missing } from '../lab/needs.ts'
import { rockyIso, sha256, type Files } from '../distro/scene.ts'
import { openServed, type Served } from './served.ts'

const birnam = join(import.meta.dirname, '../../tools/birnam')
const large = randomBytes(20_000_000)

const site = {
  'fleet.yaml': `
machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: db }
profiles:
  - { name: db, kind: install, distro: rocky-9.6, answer: db.hbs }
`,
  'db.hbs': 'url --url={{distro.tree}}\nrootpw --lock\nautopart\nreboot\n# {{report.url}}{{!-- done --}}\n',
}

/** The kernel of the lab where there is one: a real bzImage. */
async function media(): Promise<Files> {
  const kernel = missing('kernel') === undefined ? readFileSync((await openKernel()).vmlinuz) : undefined
  const text = String(rockyIso['.treeinfo'])
  const real = kernel && {
    '.treeinfo': text.replace(/vmlinuz = sha256:\w+/, `vmlinuz = sha256:${sha256(kernel)}`),
    'images/pxeboot/vmlinuz': kernel,
  }
  return { ...rockyIso, ...real, 'BaseOS/Packages/l/large file+1~2.rpm': large }
}

async function isoAt(served: Served, files: Files): Promise<string> {
  const tree = join(served.directory, 'medium')
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true })
    writeFileSync(join(tree, name), bytes)
  }
  const iso = join(served.directory, 'Rocky-9.6-x86_64-dvd.iso')
  await execa('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-J', '-V', 'Rocky-9-6-x86_64-dvd', '-o', iso, tree])
  return iso
}

labTest(
  'a distro that is imported while the server runs is booted and installed from, over TFTP and HTTP',
  ['xorriso', 'curl', 'atftp'],
  async () => {
    await using served = await openServed(site)
    await served.start()
    expect((await served.birnam('check')).out).toContain('profile db: there is no distro rocky-9.6')
    const iso = await isoAt(served, await media())
    const imported = await served.birnam('distro', 'import', iso, '--json')
    expect([imported.code, imported.err]).toEqual([0, ''])
    expect(JSON.parse(imported.out)).toMatchObject({
      name: 'rocky-9.6',
      trust: 'checksum',
      source: { kind: 'iso', from: iso },
    })

    const url = `http://127.0.0.1:${served.http}`
    await served.until(async () => (await fetch(`${url}/d/rocky-9.6/tree/.treeinfo`)).ok)
    const part = await execa(
      'curl',
      ['-fsS', '-r', '1000000-1000999', `${url}/d/rocky-9.6/1/tree/BaseOS/Packages/l/large%20file%2b1~2.rpm`],
      { encoding: 'buffer' },
    )
    expect(Buffer.from(part.stdout).equals(large.subarray(1_000_000, 1_001_000))).toBe(true)
    const home = join(served.directory, 'vmlinuz')
    await execa('atftp', [
      '--get',
      '--remote-file',
      'd/rocky-9.6/1/boot/vmlinuz',
      '--local-file',
      home,
      '127.0.0.1',
      String(served.tftp),
    ])
    const kernel = readFileSync(join(served.directory, 'medium/images/pxeboot/vmlinuz'))
    expect(readFileSync(home).equals(kernel)).toBe(true)

    const { out, code } = await served.birnam('explain', 'duncan', '--armed')
    expect([code, out]).toEqual([0, expect.stringContaining(`inst.repo=${url}/d/rocky-9.6/1/tree`)])
    expect(out).toContain(`url --url=${url}/d/rocky-9.6/1/tree`)
    expect(out).toMatch(/hit +(?:s\/\S+\/)?d\/rocky-9.6\/1\/boot\/vmlinuz/)
    const checked = await served.birnam('check')
    expect(checked.out).not.toContain('distro')

    expect((await served.birnam('distro', 'rm', 'rocky-9.6')).err).toBe(
      'birnam: rocky-9.6 stays: profiles name it: db (change them first, or use --force)',
    )
    expect(await served.birnam('distro', 'refresh', 'rocky-9.6')).toMatchObject({ code: 0, err: '' })
    await served.until(async () =>
      (await served.birnam('explain', 'duncan', '--armed')).out.includes('d/rocky-9.6/2/tree'),
    )
    expect((await fetch(`${url}/d/rocky-9.6/1/tree/.treeinfo`)).status).toBe(200)
    expect(await served.birnam('distro', 'rm', 'rocky-9.6', '--force')).toMatchObject({
      code: 0,
      out: 'rocky-9.6: taken away',
    })
    await served.until(async () => (await fetch(`${url}/d/rocky-9.6/2/tree/.treeinfo`)).status === 404)
    expect(readdirSync(join(served.directory, 'data/distros'))).toEqual([])
  },
  120_000,
)

/** A mirror that stops in the middle of the kernel and says when it did. */
async function slowMirror(): Promise<Server & { readonly url: string; readonly stuck: Promise<unknown> }> {
  const { promise: stuck, resolve } = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    const bytes = (rockyIso as Record<string, string | Uint8Array>)[decodeURIComponent(request.url!.slice(1))]
    if (bytes === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-length': Buffer.byteLength(bytes) })
    if (request.method === 'HEAD' || !request.url!.endsWith('vmlinuz')) return void response.end(bytes)
    response.write(Buffer.from(bytes).subarray(0, 1000), () => setTimeout(resolve, 200))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(server, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stuck })
}

labTest(
  'an import that is killed in the middle leaves nothing visible, and the next one clears the rest',
  [],
  async () => {
    await using served = await openServed(site)
    await served.start()
    const mirror = await slowMirror()
    const env = {
      ...process.env,
      BIRNAM_SITE: join(served.directory, 'site'),
      BIRNAM_DATA: join(served.directory, 'data'),
    }
    // Without the shell that starts it, so that the process itself is killed.
    const child = spawn(birnam, ['distro', 'import', mirror.url], { env, stdio: 'ignore', detached: true })
    await mirror.stuck
    const home = join(served.directory, 'data/distros')
    expect(readdirSync(home).length).toBeGreaterThan(0)
    process.kill(-child.pid!, 'SIGKILL')
    await once(child, 'exit')
    mirror.closeAllConnections()
    mirror.close()

    expect(JSON.parse((await served.birnam('distro', 'ls', '--json')).out)).toEqual([])
    expect((await fetch(`http://127.0.0.1:${served.http}/d/rocky-9.6/boot/vmlinuz`)).status).toBe(404)
    expect(readdirSync(home).length).toBeGreaterThan(0)
    const tree = join(served.directory, 'netboot/debian-installer/amd64')
    mkdirSync(tree, { recursive: true })
    for (const name of ['linux', 'initrd.gz']) writeFileSync(join(tree, name), name)
    expect(await served.birnam('distro', 'import', join(served.directory, 'netboot'), '--version', '13')).toMatchObject(
      { code: 0, err: '' },
    )
    expect(readdirSync(home)).toEqual(['debian-13'])
  },
  60_000,
)

labTest(
  'killed at any moment, an import is there whole or not at all',
  ['xorriso'],
  async () => {
    await using served = await openServed(site)
    const iso = await isoAt(served, await media())
    const data = join(served.directory, 'data')
    const env = { ...process.env, BIRNAM_SITE: join(served.directory, 'site'), BIRNAM_DATA: data }
    for (const milliseconds of [250, 350, 450, 600, 800]) {
      const child = spawn(birnam, ['distro', 'import', iso, '--as', 'el'], { env, stdio: 'ignore', detached: true })
      const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), milliseconds)
      await once(child, 'exit')
      clearTimeout(timer)
      const all = JSON.parse((await served.birnam('distro', 'ls', '--json')).out) as readonly { files: number }[]
      if (all.length === 0) continue
      expect(readFileSync(join(data, 'distros/el/1/tree/BaseOS/Packages/l/large file+1~2.rpm')).equals(large)).toBe(
        true,
      )
      await served.birnam('distro', 'rm', 'el')
    }
    expect(await served.birnam('distro', 'import', iso, '--as', 'el')).toMatchObject({ code: 0 })
    expect(readdirSync(join(data, 'distros'))).toEqual(['el'])
    expect(existsSync(join(data, 'distros/el/manifest.json'))).toBe(true)
  },
  120_000,
)
