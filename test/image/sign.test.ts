import { execa } from 'execa'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { parseReference } from '../../src/image/reference.ts'
import { openSigner, signatureTag, verifySignature, type Signer } from '../../src/image/sign.ts'
import { imageOf, Layout } from './layout.ts'

function signerIn(layout: Layout, name = 'signing.key'): Signer {
  return openSigner(join(layout.directory, 'keys', name))
}

test('a signed version verifies with its key, and with no other', async () => {
  using layout = new Layout()
  const signer = signerIn(layout)
  const version = await layout.store.put('porter', undefined, await imageOf(layout.store, 'x'))
  expect(await verifySignature(layout.store, version, signer.publicKey)).toBeUndefined()
  await signer.sign(layout.store, version)
  expect(await verifySignature(layout.store, version, signer.publicKey)).toBe(true)
  expect(await verifySignature(layout.store, version, signerIn(layout, 'other').publicKey)).toBe(false)
})

test('the key is made once, and is its owner’s alone', () => {
  using layout = new Layout()
  const { publicKey } = signerIn(layout)
  expect(signerIn(layout).publicKey).toBe(publicKey)
  expect(publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
  expect(statSync(join(layout.directory, 'keys', 'signing.key')).mode & 0o777).toBe(0o600)
})

test('signing again changes nothing; a second key signs beside the first', async () => {
  using layout = new Layout()
  const [first, second] = [signerIn(layout), signerIn(layout, 'second')]
  const version = await layout.store.put('porter', undefined, await imageOf(layout.store, 'x'))
  const { digest } = await first.sign(layout.store, version)
  expect((await first.sign(layout.store, version)).digest).toBe(digest)
  await second.sign(layout.store, version)
  for (const { publicKey } of [first, second])
    expect(await verifySignature(layout.store, version, publicKey)).toBe(true)
})

test('a signature is no version of the image, and gc takes it away with its image', async () => {
  using layout = new Layout()
  const version = await layout.store.put('porter', undefined, await imageOf(layout.store, 'x'))
  await signerIn(layout).sign(layout.store, version)
  expect((await layout.store.list()).map(({ tags }) => tags)).toEqual([['1']])
  expect((await layout.store.find(parseReference('porter')))!.digest).toBe(version.digest)
  expect((await layout.store.put('porter', undefined, await imageOf(layout.store, 'y'))).tags).toEqual(['2'])
  expect(await layout.store.tags('porter')).toEqual(['1', '2', signatureTag(version.digest)])
  await layout.store.untag('porter', '1')
  layout.now += 7_200_000
  await layout.store.gc()
  expect(await layout.store.tags('porter')).toEqual(['2'])
})

test('a good signature of another image does not count', async () => {
  using layout = new Layout()
  const signer = signerIn(layout)
  const good = await layout.store.put('porter', undefined, await imageOf(layout.store, 'good'))
  const evil = await layout.store.put('porter', undefined, await imageOf(layout.store, 'evil'))
  const { digest } = await signer.sign(layout.store, good)
  await layout.store.put('porter', signatureTag(evil.digest), readFileSync(layout.blobPath(digest)))
  expect(await verifySignature(layout.store, evil, signer.publicKey)).toBe(false)
})

test('a payload that was changed on the disk does not count', async () => {
  using layout = new Layout()
  const signer = signerIn(layout)
  const version = await layout.store.put('porter', undefined, await imageOf(layout.store, 'x'))
  const { manifest } = await signer.sign(layout.store, version)
  const path = layout.blobPath(manifest.layers[0]!.digest)
  writeFileSync(path, readFileSync(path, 'utf8').replace('porter', 'duncan'))
  expect(await verifySignature(layout.store, version, signer.publicKey)).toBe(false)
})

test('the shape is cosign’s: openssl verifies the payload with the key and the annotation', async () => {
  using layout = new Layout()
  const signer = signerIn(layout)
  const version = await layout.store.put('porter', undefined, await imageOf(layout.store, 'x'))
  const { manifest } = await signer.sign(layout.store, version)
  const [layer] = manifest.layers
  const payload = await buffer(await layout.store.open(layer!.digest))
  expect(JSON.parse(payload.toString())).toEqual({
    critical: {
      identity: { 'docker-reference': 'porter' },
      image: { 'docker-manifest-digest': version.digest },
      type: 'cosign container image signature',
    },
    optional: null,
  })
  const [key, text, signature] = ['key', 'text', 'sig'].map((name) => join(layout.directory, name))
  writeFileSync(key!, signer.publicKey)
  writeFileSync(text!, payload)
  writeFileSync(signature!, Buffer.from(layer!.annotations!['dev.cosignproject.cosign/signature']!, 'base64'))
  const args = ['pkeyutl', '-verify', '-pubin', '-inkey', key!, '-rawin', '-in', text!, '-sigfile', signature!]
  expect((await execa('openssl', args)).stdout).toContain('Verified Successfully')
})

test.each([
  ['no key', () => 'nonsense'],
  [
    'another kind of key',
    () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ],
])('a key file with %s is told, and left as it is', (_, text) => {
  using layout = new Layout()
  const path = join(layout.directory, 'key')
  const before = text()
  writeFileSync(path, before)
  expect(() => openSigner(path)).toThrow(expect.objectContaining({ code: 'config-invalid' }) as Error)
  expect(readFileSync(path, 'utf8')).toBe(before)
})
