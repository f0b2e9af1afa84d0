import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Served } from '../http/served.ts'

const run = promisify(execFile)
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)
const hasWget = await run('busybox', ['wget', '--help']).then(
  () => true,
  () => false,
)

test.skipIf(!hasCurl).each([
  ['from memory', 64 << 20],
  ['from disk', 1000],
])(
  'curl (skipped when curl is not installed) takes a file whole, in parts, resumed and not at all: %s',
  async (_where, memoryPerFile) => {
    const image = randomBytes(3_000_000)
    await using served = await Served.open({ image }, { limits: { memoryPerFile } })
    await using mine = await folder()
    const [url, out] = [`${served.url}/image`, join(mine.path, 'out')]

    const { stdout: head } = await run('curl', ['-sI', url])
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(head).toMatch(/\r\nContent-Length: 3000000\r\n/)

    await run('curl', ['-s', '--etag-save', join(mine.path, 'tag'), '-o', out, url])
    expect(hash(await readFile(out))).toBe(hash(image))

    await truncate(out, 1_234_567)
    await run('curl', ['-s', '-C', '-', '-o', out, url])
    expect(hash(await readFile(out))).toBe(hash(image))

    await run('curl', ['-s', '-r', '100-199', '-o', out, url])
    expect((await readFile(out)).equals(image.subarray(100, 200))).toBe(true)
    await run('curl', ['-s', '-r', '-7', '-o', out, url])
    expect((await readFile(out)).equals(image.subarray(-7))).toBe(true)

    const code = ['-s', '-o', '/dev/null', '-w', '%{http_code} %{size_download}']
    expect((await run('curl', [...code, '--etag-compare', join(mine.path, 'tag'), url])).stdout).toBe('304 0')
    expect((await run('curl', [...code, '-r', '3000000-', url])).stdout).toBe('416 0')
    expect((await run('curl', [...code, '-r', '0-1,5-9', url])).stdout).toBe('200 3000000')
    expect((await run('curl', [...code, '-z', out, url])).stdout).toBe('304 0')
    expect((await run('curl', [...code, '-0', url])).stdout).toBe('200 3000000')
  },
)

test.skipIf(!hasCurl)(
  'curl (skipped when curl is not installed) gets 50 files over connections that are kept',
  async () => {
    const names = Array.from({ length: 50 }, (_, n) => `file-${n}`)
    await using served = await Served.open(Object.fromEntries(names.map((name) => [name, `this is ${name}`])))
    const { stdout } = await run('curl', ['-s', `${served.url}/file-[0-49]`])
    expect(stdout).toBe(names.map((name) => `this is ${name}`).join(''))
    expect(served.server.counters).toMatchObject({ connections: 1, requests: 50 })
  },
)

test.skipIf(!hasWget)('wget of busybox (skipped when it is not installed) takes a file and resumes it', async () => {
  const image = randomBytes(300_000)
  await using served = await Served.open({ image })
  await using mine = await folder()
  const out = join(mine.path, 'out')
  await run('busybox', ['wget', '-q', '-O', out, `${served.url}/image`])
  expect(hash(await readFile(out))).toBe(hash(image))
  await writeFile(out, image.subarray(0, 1000))
  await run('busybox', ['wget', '-q', '-c', '-O', out, `${served.url}/image`])
  expect(hash(await readFile(out))).toBe(hash(image))
})

async function folder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'birnam-curl-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
