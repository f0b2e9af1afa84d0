import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { notAccepted, pairFiles, readPair, stampOf } from '../../src/net/certificate.ts'
import { openCertificate, signatureList } from '../lab/certificate.ts'
import { openPlace } from '../lab/place.ts'

const [own, other] = await Promise.all([openCertificate(), openCertificate('10.77.0.9', 'glamis.test', 1)])
const day = 24 * 3600 * 1000

test('a certificate is for its address and its names, and for its days', () => {
  const pair = { cert: Buffer.from(own.certificate) }
  const now = Date.now()
  expect(notAccepted(pair, '10.77.0.1', now)).toBeUndefined()
  expect(notAccepted(pair, 'forres.test', now)).toBeUndefined()
  expect(notAccepted(pair, '10.77.0.2', now)).toContain('is not for 10.77.0.2, but for IP Address:10.77.0.1')
  expect(notAccepted(pair, 'glamis.test', now)).toContain('is not for glamis.test')
  expect(notAccepted(pair, '10.77.0.1', now + 31 * day)).toMatch(/^the certificate ended on 20\d\d-/)
  expect(notAccepted(pair, '10.77.0.1', now - day)).toMatch(/^the certificate begins on 20\d\d-\S+ only$/)
})

test.each([
  ['a file that is not there', {}, 'tls/boot.pem is not there'],
  ['a directory', { 'tls/boot.pem/x': '' }, 'tls/boot.pem cannot be read (EISDIR)'],
  ['no key', { 'tls/boot.pem': own.certificate }, 'tls/boot.key is not there'],
  ['nothing', { 'tls/boot.pem': '', 'tls/boot.key': '' }, 'tls/boot.pem holds no certificate'],
  ['the two exchanged', { 'tls/boot.pem': own.key, 'tls/boot.key': own.certificate }, 'holds no certificate'],
  [
    'a certificate cut short',
    { 'tls/boot.pem': own.certificate.slice(0, 300), 'tls/boot.key': own.key },
    'holds no certificate',
  ],
  [
    'a key cut short',
    { 'tls/boot.pem': own.certificate, 'tls/boot.key': own.key.slice(0, 300) },
    'holds no private key',
  ],
  [
    'the key of another',
    { 'tls/boot.pem': own.certificate, 'tls/boot.key': other.key },
    'tls/boot.key is not the key of',
  ],
  ['random bytes', { 'tls/boot.pem': '\0\x01\xff'.repeat(1000), 'tls/boot.key': own.key }, 'holds no certificate'],
])('%s is told in a sentence, without a word of the key', async (_what, files, sentence) => {
  await using place = await openPlace()
  const named = written(place.path, files)
  const read = (): unknown => readPair(named)
  expect(read).toThrow(sentence)
  expect(read).not.toThrow(own.key.split('\n')[1])
})

test('a pair that was written again has another stamp', async () => {
  await using place = await openPlace()
  const named = written(place.path, { 'tls/boot.pem': own.certificate, 'tls/boot.key': own.key })
  const { stamp, cert } = readPair(named)
  expect([stampOf(named), cert.toString()]).toEqual([stamp, own.certificate])
  writeFileSync(named.certificate, `${own.certificate}\n`)
  expect(stampOf(named)).not.toBe(stamp)
  expect(stampOf(pairFiles('/nowhere', { certificate: 'a', key: '/b' }))).toBe('')
})

test('what UEFI keeps of a certificate: one list with one entry', () => {
  const list = signatureList(own.certificate)
  expect(list.subarray(0, 16).toString('hex')).toBe('a159c0a5e494a74a87b5ab155c2bf072')
  expect([list.readUInt32LE(16), list.readUInt32LE(20), list.readUInt32LE(24)]).toEqual([
    list.length,
    0,
    list.length - 28,
  ])
})

function written(directory: string, files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return pairFiles(directory, { certificate: 'tls/boot.pem', key: 'tls/boot.key' })
}
