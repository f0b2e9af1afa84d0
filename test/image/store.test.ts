import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { media } from '../../src/image/oci.ts'
import { parseReference } from '../../src/image/reference.ts'
import { configOf, digestOfBytes, imageOf, keepBlob, Layout, manifestOf } from './layout.ts'

test('bytes come back as they went in, from any place', async () => {
  using layout = new Layout()
  const bytes = Buffer.alloc(5_000_001, 'birnam')
  await using writer = await layout.store.write()
  for (let at = 0; at < bytes.length; at += 70_000) await writer.write(bytes.subarray(at, at + 70_000))
  const { digest, size } = await writer.commit()
  expect({ digest, size }).toEqual({ digest: digestOfBytes(bytes), size: bytes.length })
  expect((await buffer(await layout.store.open(digest))).equals(bytes)).toBe(true)
  expect((await buffer(await layout.store.open(digest, 4_999_999))).equals(bytes.subarray(4_999_999))).toBe(true)
})

test('one buffer may be written again and again: the writer keeps its own copy', async () => {
  using layout = new Layout()
  const chunk = Buffer.alloc(300_000)
  await using writer = await layout.store.write()
  const all: Buffer[] = []
  for (let n = 0; n < 20; n++) {
    chunk.fill(n)
    all.push(Buffer.from(chunk))
    await writer.write(chunk)
  }
  expect((await writer.commit()).digest).toBe(digestOfBytes(Buffer.concat(all)))
})

test('bytes that are not what was expected leave nothing behind', async () => {
  using layout = new Layout()
  await using writer = await layout.store.write()
  await writer.write(Buffer.from('macbeth'))
  await expect(writer.commit(digestOfBytes('duncan'))).rejects.toMatchObject({ code: 'digest-mismatch' })
  expect(await layout.store.blob(digestOfBytes('macbeth'))).toBeUndefined()
  expect(readdirSync(layout.path('ingest'))).toEqual([])
})

test('a writer that is given up leaves nothing behind', async () => {
  using layout = new Layout()
  {
    await using writer = await layout.store.write()
    await writer.write(Buffer.alloc(3_000_000))
  }
  expect(readdirSync(layout.path('ingest'))).toEqual([])
})

test('versions count up, each with its manifest as it was sent', async () => {
  using layout = new Layout()
  const [one, two] = [await imageOf(layout.store, 'one'), await imageOf(layout.store, 'two')]
  const first = await layout.store.put('porter', undefined, one)
  const second = await layout.store.put('porter', undefined, two)
  expect([first.tags, second.tags]).toEqual([['1'], ['2']])
  expect(first).toMatchObject({ name: 'porter', digest: digestOfBytes(one), createdAt: layout.now })
  expect(await layout.store.find(parseReference('porter'))).toEqual(second)
  expect(await layout.store.find(parseReference('porter:1'))).toEqual(first)
  expect(await layout.store.find(parseReference(`porter@${first.digest}`))).toEqual(first)
  expect(await layout.store.find(parseReference('duncan'))).toBeUndefined()
  expect(await layout.store.config(first)).toMatchObject({ rootfs: { diff_ids: [digestOfBytes('one')] } })
  expect(readFileSync(layout.blobPath(first.digest)).equals(one)).toBe(true)
})

test('another process sees the same images', async () => {
  using layout = new Layout()
  const version = await layout.store.put('porter', 'stable', await imageOf(layout.store, 'x'))
  expect(await layout.again().find(parseReference('porter:stable'))).toEqual(version)
})

test('version 10 comes after 9, and tags are listed with their version', async () => {
  using layout = new Layout()
  for (let n = 1; n <= 10; n++) await layout.store.put('porter', undefined, await imageOf(layout.store, `v${n}`))
  const tenth = readFileSync(layout.blobPath((await layout.store.find(parseReference('porter')))!.digest))
  await layout.store.put('porter', 'stable', tenth)
  const all = await layout.store.list()
  expect(all.map(({ tags }) => tags.join())).toEqual([...Array(9).keys()].map((n) => `${n + 1}`).concat('10,stable'))
})

test('a number is never given twice, not even when its version was removed', async () => {
  using layout = new Layout()
  const bytes = await imageOf(layout.store, 'x')
  await layout.store.put('porter', undefined, bytes)
  await layout.store.put('porter', undefined, bytes)
  expect(await layout.store.untag('porter', '2')).toBe(true)
  expect(await layout.store.untag('porter', '2')).toBe(false)
  expect((await layout.again().put('porter', undefined, bytes)).tags).toEqual(['1', '3'])
})

test('puts at once, here and in another process, get a number each', async () => {
  using layout = new Layout()
  const other = layout.again()
  const all = await Promise.all([...Array(12).keys()].map((n) => imageOf(layout.store, `image ${n}`)))
  await Promise.all(all.map((bytes, n) => (n % 2 ? other : layout.store).put('porter', undefined, bytes)))
  const tags = (await layout.store.list()).map(({ tags: [tag] }) => Number(tag))
  expect(tags).toEqual([...Array(12).keys()].map((n) => n + 1))
})

test('Docker schema 2 is kept in its own bytes', async () => {
  using layout = new Layout()
  const layer = { ...(await keepBlob(layout.store, 'layer')), mediaType: media.dockerLayer }
  const config = { ...(await keepBlob(layout.store, configOf([layer.digest]))), mediaType: media.dockerConfig }
  const bytes = Buffer.from(
    `{ "schemaVersion": 2,\n  "mediaType": "${media.dockerManifest}",\n "config": ${JSON.stringify(config)}, "layers": [${JSON.stringify(layer)}] }`,
  )
  await layout.store.put('porter', '1', bytes)
  const kept = await layout.store.manifest(parseReference('porter:1'))
  expect(kept).toMatchObject({ mediaType: media.dockerManifest, digest: digestOfBytes(bytes) })
  expect(Buffer.from(kept!.bytes).equals(bytes)).toBe(true)
})

test.each([
  ['no JSON', () => Buffer.from('{"schemaVersion":2')],
  ['no UTF-8', () => Buffer.from([0x22, 0xff, 0x22])],
  ['not an object', () => Buffer.from('[]')],
  ['null', () => Buffer.from('null')],
  ['huge', () => Buffer.alloc((4 << 20) + 1, ' ')],
  ['deep', () => Buffer.from('['.repeat(2_000_000))],
  ['a list of platforms', () => manifestOf({ mediaType: media.index, manifests: [] })],
  ['a list that says it is a manifest', () => manifestOf({ manifests: [] })],
  ['another schema', () => manifestOf({ schemaVersion: 1 })],
  ['another type', () => manifestOf({ mediaType: 'application/json' })],
  ['no layers', (config: object) => manifestOf({ config })],
  [
    'another digest',
    (config: object) => manifestOf({ config: { ...config, digest: `sha512:${'0'.repeat(128)}` }, layers: [] }),
  ],
  [
    'a digest that climbs',
    (config: object) => manifestOf({ config: { ...config, digest: 'sha256:../../../etc/passwd' }, layers: [] }),
  ],
  ['a negative size', (config: object) => manifestOf({ config: { ...config, size: -1 }, layers: [] })],
  ['a size that is no whole number', (config: object) => manifestOf({ config: { ...config, size: 1.5 }, layers: [] })],
  ['a size beyond counting', (config: object) => manifestOf({ config: { ...config, size: 1e300 }, layers: [] })],
  ['a size that lies', (config: object) => manifestOf({ config: { ...config, size: 3 }, layers: [] })],
  [
    'a blob that is not here',
    (config: object) => manifestOf({ config: { ...config, digest: digestOfBytes('gone') }, layers: [] }),
  ],
  ['too many layers', (config: object) => manifestOf({ config, layers: Array(501).fill(config) })],
  [
    'fewer layers than its configuration',
    (config: object) => manifestOf({ config: { ...config, mediaType: media.config }, layers: [] }),
  ],
  ['annotations that are no text', (config: object) => manifestOf({ config, layers: [], annotations: { a: 1 } })],
])('a hostile manifest is refused: %s', async (_, make) => {
  using layout = new Layout()
  const config = await keepBlob(layout.store, configOf([digestOfBytes('x')]))
  await expect(layout.store.put('porter', undefined, make(config))).rejects.toMatchObject({ code: 'image-invalid' })
  expect(await layout.store.list()).toEqual([])
})

test.each(['../porter', 'Porter', '', 'a'.repeat(300), 'a//b', 'a\0b'])('no image is called %j', async (name) => {
  using layout = new Layout()
  await expect(layout.store.put(name, undefined, await imageOf(layout.store, 'x'))).rejects.toMatchObject({
    code: 'request-invalid',
  })
})

test('an index that is none is told, and never overwritten', async () => {
  using layout = new Layout()
  const bytes = await imageOf(layout.store, 'x')
  writeFileSync(layout.path('index.json'), '{ oops')
  await expect(layout.store.list()).rejects.toMatchObject({ code: 'image-invalid' })
  await expect(layout.store.put('porter', undefined, bytes)).rejects.toMatchObject({ code: 'image-invalid' })
  expect(readFileSync(layout.path('index.json'), 'utf8')).toBe('{ oops')
})

test('lines of the index that another program wrote are left aside, and stay', async () => {
  using layout = new Layout()
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'x'))
  const index = JSON.parse(readFileSync(layout.path('index.json'), 'utf8')) as { manifests: unknown[] }
  const strange = [
    7,
    null,
    { digest: 'sha256:../../x', size: -4 },
    { ...(index.manifests[0] as object), annotations: { 'org.opencontainers.image.ref.name': '../../UP:1', k: 'v' } },
  ]
  writeFileSync(
    layout.path('index.json'),
    JSON.stringify({ ...index, manifests: [...strange, ...index.manifests], extra: 1 }),
  )
  expect((await layout.store.list()).map(({ name, tags }) => [name, tags])).toEqual([['porter', ['1']]])
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'y'))
  const after = JSON.parse(readFileSync(layout.path('index.json'), 'utf8')) as { manifests: unknown[]; extra: number }
  expect(after.manifests.slice(0, 4)).toEqual(strange)
  expect(after.extra).toBe(1)
})

test('a manifest that was changed on the disk is not believed; the other versions are', async () => {
  using layout = new Layout()
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'one'))
  const { digest } = await layout.store.put('porter', undefined, await imageOf(layout.store, 'two'))
  const text = readFileSync(layout.blobPath(digest), 'utf8')
  writeFileSync(layout.blobPath(digest), text.replace('amd64', 'arm64').replace('"layers"', '"Layers"'))
  const fresh = layout.again()
  expect((await fresh.list()).map(({ tags }) => tags)).toEqual([['1']])
  await expect(fresh.find(parseReference('porter'))).rejects.toMatchObject({ code: 'digest-mismatch' })
})

test('an entry whose blob is gone is missing, and never an older version instead', async () => {
  using layout = new Layout()
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'one'))
  const { digest } = await layout.store.put('porter', undefined, await imageOf(layout.store, 'two'))
  rmSync(layout.blobPath(digest))
  await expect(layout.again().find(parseReference('porter'))).rejects.toMatchObject({ code: 'image-missing' })
})

test('a blob that is not here is missing', async () => {
  using layout = new Layout()
  await expect(layout.store.open(digestOfBytes('x'))).rejects.toMatchObject({ code: 'image-missing' })
  expect(await layout.store.blob(digestOfBytes('x'))).toBeUndefined()
})

test('sending a blob again mends one that was changed on the disk, under whoever reads it', async () => {
  using layout = new Layout()
  const { digest } = await keepBlob(layout.store, 'birnam')
  writeFileSync(layout.blobPath(digest), 'BIRNAM')
  const reading = await layout.store.open(digest)
  await once(reading, 'readable')
  await keepBlob(layout.store, 'birnam')
  expect((await buffer(reading)).toString()).toBe('BIRNAM')
  expect(readFileSync(layout.blobPath(digest), 'utf8')).toBe('birnam')
})

test('what dead processes were writing is swept at the next opening, what living ones write is not', async () => {
  using layout = new Layout()
  await using writer = await layout.store.write()
  await writer.write(Buffer.from('alive'))
  const [mine] = readdirSync(layout.path('ingest'))
  const [, start, space, boot] = mine!.split('-')[0]!.split('.')
  writeFileSync(layout.path('ingest', `${process.pid}.${Number(start) - 1}.${space}.${boot}-x`), 'pid used again')
  writeFileSync(layout.path('ingest', `4194305.1.${space}.${boot}-x`), 'gone')
  writeFileSync(layout.path('ingest', `4194305.1.${space}.0000-x`), 'of another boot, just now')
  layout.again()
  expect(new Set(readdirSync(layout.path('ingest')))).toEqual(new Set([mine, `4194305.1.${space}.0000-x`]))
  layout.now += 3_700_000
  layout.again()
  expect(readdirSync(layout.path('ingest'))).toEqual([mine])
  expect((await writer.commit()).size).toBe(5)
})

test('a lock of a dead process holds nobody up', async () => {
  using layout = new Layout()
  await using writer = await layout.store.write()
  const [, , space, boot] = readdirSync(layout.path('ingest'))[0]!.split('-')[0]!.split('.')
  writeFileSync(layout.path('ingest', 'lock'), `4194305.1.${space}.${boot}`)
  writeFileSync(layout.path('ingest', 'lock.break'), `4194305.1.${space}.${boot}`)
  const other = layout.again()
  await Promise.all([1, 2, 3, 4].map((n) => keepBlob(n % 2 ? layout.store : other, `blob ${n}`)))
  await writer.commit()
  expect(readdirSync(layout.path('ingest'))).toEqual([])
})

test('files are their owner’s alone, and nothing but OCI stands in the index', async () => {
  using layout = new Layout()
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'x'))
  expect(readFileSync(layout.path('oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}')
  const index = JSON.parse(readFileSync(layout.path('index.json'), 'utf8')) as Record<string, unknown>
  expect(index).toMatchObject({
    schemaVersion: 2,
    manifests: [{ mediaType: media.manifest, annotations: { 'org.opencontainers.image.ref.name': 'porter:1' } }],
  })
  expect(statSync(layout.path('index.json')).mode & 0o777).toBe(0o600)
})
