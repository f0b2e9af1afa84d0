import { buffer } from 'node:stream/consumers'
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Digest } from '../../src/image/digest.ts'
import { parseReference } from '../../src/image/reference.ts'
import { openRegistryStore, type RegistryStore } from '../../src/image/registry-store.ts'
import { openSigner, verifySignature } from '../../src/image/sign.ts'
import { digestOfBytes, imageOf, keepBlob } from './layout.ts'
import { Served } from './registry.ts'

function storeAt(served: Served, password = 'operator'): RegistryStore {
  return openRegistryStore({ url: `http://${served.host}`, user: 'birnam', password })
}

test('another Birnam can be the store: versions are put, found, listed and read', async () => {
  await using served = await Served.open()
  const store = storeAt(served)
  const first = await store.put('porter', undefined, await imageOf(store, 'one'))
  const second = await store.put('porter', undefined, await imageOf(store, 'two'))
  expect([first.tags, second.tags]).toEqual([['1'], ['2']])
  const other = storeAt(served)
  expect(await other.find(parseReference('porter'))).toEqual(second)
  expect((await other.list()).map(({ name, tags }) => [name, tags])).toEqual([
    ['porter', ['1']],
    ['porter', ['2']],
  ])
  expect(await other.config(first)).toMatchObject({ rootfs: { diff_ids: [digestOfBytes('one')] } })
  expect((await buffer(await other.open(digestOfBytes('two'), 1))).toString()).toBe('wo')
  expect(await other.blob(digestOfBytes('gone'))).toBeUndefined()
  await expect(other.open(digestOfBytes('gone'))).rejects.toMatchObject({ code: 'image-missing' })
  expect(await other.untag('porter', '2')).toBe(true)
  expect(await other.untag('porter', '2')).toBe(false)
  expect((await served.layout.store.verify()).broken).toEqual([])
})

test('a blob larger than a chunk arrives whole', async () => {
  await using served = await Served.open()
  const store = storeAt(served)
  const bytes = Buffer.alloc(40_000_001, 'macbeth')
  const { digest } = await keepBlob(store, bytes)
  expect((await buffer(await store.open(digest))).equals(bytes)).toBe(true)
})

test('bytes that are not what was expected, and a writer that is given up, leave no upload', async () => {
  await using served = await Served.open({ limits: { most: 1 } })
  const store = storeAt(served)
  {
    await using writer = await store.write()
    await writer.write(Buffer.from('x'))
    await expect(writer.commit(digestOfBytes('y'))).rejects.toMatchObject({ code: 'digest-mismatch' })
  }
  {
    await using writer = await store.write()
    await writer.write(Buffer.from('x'))
  }
  expect((await keepBlob(store, 'z')).digest).toBe(digestOfBytes('z'))
})

test('layers that come changed are not believed', async () => {
  await using served = await Served.open()
  const store = storeAt(served)
  await store.put('porter', undefined, await imageOf(store, 'one'))
  writeFileSync(served.layout.blobPath(digestOfBytes('one')), 'eno')
  const stream = await store.open(digestOfBytes('one'))
  await expect(buffer(stream)).rejects.toMatchObject({ code: 'digest-mismatch' })
})

test('a wrong password, a wrong port and no URL are one clear sentence, without the password', async () => {
  await using served = await Served.open()
  const wrong = await storeAt(served, 'hush-hush')
    .list()
    .catch((error: unknown) => error)
  expect(wrong).toMatchObject({ code: 'registry-failed' })
  expect(JSON.stringify(wrong) + String(wrong)).not.toContain('hush')
  const nobody = openRegistryStore({ url: 'http://127.0.0.1:1' })
  await expect(nobody.list()).rejects.toMatchObject({ code: 'registry-failed' })
  expect(() => openRegistryStore({ url: 'porter' })).toThrow(
    expect.objectContaining({ code: 'config-invalid' }) as Error,
  )
})

test('hostile manifests are refused before they are sent', async () => {
  await using served = await Served.open()
  const store = storeAt(served)
  await expect(store.put('porter', undefined, Buffer.from('{}'))).rejects.toMatchObject({ code: 'image-invalid' })
  const bytes = await imageOf(served.layout.store, 'x')
  const gone = Buffer.from(bytes.toString().replaceAll(digestOfBytes('x'), digestOfBytes('gone')))
  await expect(store.put('porter', undefined, gone)).rejects.toMatchObject({ code: 'image-invalid' })
})

/** Forty names of one image; its digest. */
async function fortyVersions({ layout: { store } }: Served): Promise<Digest> {
  const bytes = await imageOf(store, 'one')
  for (let tag = 1; tag <= 40; tag++) await store.put('porter', String(tag), bytes)
  return digestOfBytes(bytes)
}

test('a version is found by one request, however many there are; without its number by two', async () => {
  await using served = await Served.open()
  const digest = await fortyVersions(served)
  const store = storeAt(served)
  const asking = async (...reference: Parameters<typeof store.find>): Promise<unknown[]> => {
    served.asked.length = 0
    const found = await store.find(...reference)
    return [found?.digest, found?.tags, ...served.asked]
  }
  expect(await asking({ name: 'porter', tag: '7' })).toEqual([digest, ['7'], 'GET porter/manifests/7'])
  expect(await asking({ name: 'porter', digest })).toEqual([digest, [], `GET porter/manifests/${digest}`])
  expect(await asking({ name: 'porter', tag: '7', digest })).toEqual([digest, ['7'], `GET porter/manifests/${digest}`])
  expect(await asking({ name: 'porter', tag: 'gone' })).toEqual([undefined, undefined, 'GET porter/manifests/gone'])
  expect(await asking({ name: 'porter' })).toEqual([digest, ['40'], 'GET porter/tags/list', 'GET porter/manifests/40'])
})

test('a list asks for its versions side by side', async () => {
  await using served = await Served.open()
  await fortyVersions(served)
  const waiting: (() => void)[] = []
  served.before = (asked) => {
    if (!asked.startsWith('HEAD')) return undefined
    return new Promise((go) => {
      // 40 in rounds of 8: asked one after the other, none would ever be answered.
      if (waiting.push(go) === 8) for (const each of waiting.splice(0)) each()
    })
  }
  expect(await storeAt(served).list('porter')).toMatchObject([
    { tags: expect.toSatisfy((tags: string[]) => tags.length === 40) },
  ])
  expect(served.asked.filter((asked) => asked.startsWith('HEAD'))).toHaveLength(40)
})

test('signatures work over it as well', async () => {
  await using served = await Served.open()
  const store = storeAt(served)
  const signer = openSigner(`${served.layout.directory}/key`)
  const version = await store.put('porter', undefined, await imageOf(store, 'x'))
  await signer.sign(store, version)
  expect(await verifySignature(store, version, signer.publicKey)).toBe(true)
  expect(await store.list()).toHaveLength(1)
})
