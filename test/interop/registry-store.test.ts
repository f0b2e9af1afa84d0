import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect } from 'vitest'
import { parseReference } from '../../src/image/reference.ts'
import { openRegistryStore, type RegistryStore } from '../../src/image/registry-store.ts'
import { openSigner, verifySignature } from '../../src/image/sign.ts'
import { digestOfBytes, imageOf, keepBlob } from '../image/layout.ts'
import { Served } from '../image/registry.ts'
import { labTest } from '../lab/needs.ts'
import { openServed } from './served.ts'

labTest(
  'Debian’s docker-registry is the store: versions, tags, signatures and removal',
  ['docker-registry'],
  async () => {
    await using registry = await DockerRegistry.open()
    const store = registry.store()
    expect(await store.list()).toEqual([])
    expect(await store.find(parseReference('porter'))).toBeUndefined()
    const first = await store.put('porter', undefined, await imageOf(store, 'one'))
    const bytes = await imageOf(store, 'two')
    const second = await store.put('porter', undefined, bytes)
    expect((await store.put('porter', 'stable', bytes)).tags).toEqual(['2', 'stable'])
    expect(first.tags).toEqual(['1'])

    const other = registry.store()
    // Found by one name, it is told by that one; a list knows all.
    expect(await other.find(parseReference('porter'))).toMatchObject({ digest: second.digest, tags: ['2'] })
    expect((await buffer(await other.open(digestOfBytes('one')))).toString()).toBe('one')
    expect(await other.config(first)).toMatchObject({ rootfs: { diff_ids: [digestOfBytes('one')] } })

    const signer = openSigner(registry.path('key'))
    await signer.sign(store, second)
    expect(await verifySignature(other, second, signer.publicKey)).toBe(true)
    expect((await other.list()).map(({ tags }) => tags.join())).toEqual(['1', '2,stable'])

    // It deletes whole manifests only.
    await expect(other.untag('porter', 'stable')).rejects.toMatchObject({ code: 'image-busy' })
    expect(await other.untag('porter', '1')).toBe(true)
    expect((await other.list()).map(({ tags }) => tags.join())).toEqual(['2,stable'])
  },
)

labTest(
  'a large layer goes into docker-registry in chunks and comes back, from the middle too',
  ['docker-registry'],
  async () => {
    await using registry = await DockerRegistry.open()
    const bytes = Buffer.alloc(40_000_001, 'birnam')
    const { digest } = await keepBlob(registry.store(), bytes)
    const store = registry.store()
    expect((await buffer(await store.open(digest))).equals(bytes)).toBe(true)
    expect((await buffer(await store.open(digest, 39_999_990))).equals(bytes.subarray(39_999_990))).toBe(true)
  },
)

labTest('clients of /v2/ pull through this server what docker-registry keeps', ['docker-registry'], async () => {
  await using registry = await DockerRegistry.open()
  const store = registry.store()
  const { digest } = await store.put('porter', undefined, await imageOf(store, 'a layer'))
  await using served = await Served.open({ store })
  const token = 'machine'
  const manifest = await served.ask('GET', 'porter/manifests/1', { token })
  expect([manifest.status, manifest.headers.get('docker-content-digest')]).toEqual([200, digest])
  const blob = `porter/blobs/${digestOfBytes('a layer')}`
  expect(await (await served.ask('GET', blob, { token })).text()).toBe('a layer')
  const part = await served.ask('GET', blob, { token, headers: { range: 'bytes=2-4' } })
  expect([part.status, await part.text()]).toEqual([206, 'lay'])
})

labTest(
  'a site whose images stand in docker-registry has the same commands, and a lost blob is told',
  ['docker-registry'],
  async () => {
    await using registry = await DockerRegistry.open()
    await using served = await openServed({ 'birnam.yaml': `images: { registry: "${registry.url}forest" }\n` })
    const tree = registry.path('tree')
    mkdirSync(tree)
    writeFileSync(join(tree, 'one'), 'one')
    const done = async (...words: string[]): Promise<string> => {
      const { code, out, err } = await served.birnam(...words)
      expect(code, err).toBe(0)
      return out
    }
    expect(await done('image', 'capture', tree, '--as', 'porter')).toContain('porter:1')
    writeFileSync(join(tree, 'two'), 'two')
    await done('image', 'capture', tree, '--as', 'porter')
    await done('image', 'tag', 'porter:2', 'stable')
    expect(await done('image', 'ls')).toMatch(/porter +1 [^]*porter +2 stable /)
    expect(await done('image', 'diff', 'porter:1', 'porter:2')).toContain('two')
    expect(await done('image', 'verify')).not.toMatch(/missing|changed/)
    const store = registry.store('forest')
    expect(await store.names()).toEqual(['porter'])
    expect(existsSync(join(served.directory, 'data/images'))).toBe(false)

    const layer = (await store.find(parseReference('porter:2')))!.manifest.layers.at(-1)!
    const hex = layer.digest.slice('sha256:'.length)
    const kept = 'kept/docker/registry/v2/blobs/sha256'
    rmSync(registry.path(`${kept}/${hex.slice(0, 2)}/${hex}`), { recursive: true })
    const { code, out } = await served.birnam('image', 'verify')
    expect([code, out]).toEqual([1, expect.stringContaining(layer.digest)])
  },
)

/** Debian's docker-registry on a free port, with a directory of its own. */
class DockerRegistry implements AsyncDisposable {
  readonly #directory: string
  readonly #port: number
  readonly #ended: Promise<unknown>
  readonly #end: () => void

  private constructor(directory: string, port: number, ended: Promise<unknown>, end: () => void) {
    this.#directory = directory
    this.#port = port
    this.#ended = ended
    this.#end = end
  }

  static async open(): Promise<DockerRegistry> {
    const directory = mkdtempSync(join(tmpdir(), 'birnam-docker-registry-'))
    const port = await freePort()
    const config = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(directory, 'kept') }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}`, secret: 'x' },
    }
    // JSON is YAML.
    writeFileSync(join(directory, 'config.yml'), JSON.stringify(config))
    const child = spawn('/usr/bin/docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' })
    const registry = new DockerRegistry(directory, port, once(child, 'exit'), () => child.kill())
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/v2/`)
            .then(({ status }) => status)
            .catch(() => 0),
        { timeout: 20_000 },
      )
      .toBe(200)
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  /** Below a path of it, if one is given. */
  store(path = ''): RegistryStore {
    return openRegistryStore({ url: `${this.url}${path}` })
  }

  path(name: string): string {
    return join(this.#directory, name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end()
    await this.#ended
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
