import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkHouse } from '../../src/api/check.ts'
import { isPrivateKey } from '../../src/files/private-keys.ts'
import { openHouse } from '../house.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const ed = generateKeyPairSync('ed25519')
const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const certificate = `-----BEGIN CERTIFICATE-----\n${'QUFB'.repeat(16)}\n-----END CERTIFICATE-----\n`

const keys: readonly (readonly [string, string | Buffer])[] = [
  ['PKCS#8 as PEM', pem],
  ['PKCS#1 as PEM', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string],
  ['EC as PEM', ec.privateKey.export({ type: 'sec1', format: 'pem' }) as string],
  [
    'an encrypted one',
    ed.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string,
  ],
  ['a bundle with its certificates first', `${certificate.repeat(100)}${pem}`],
  ['PEM with the line ends of Windows', pem.replaceAll('\n', '\r\n')],
  ['PKCS#8 as DER', rsa.privateKey.export({ type: 'pkcs8', format: 'der' })],
  ['Ed25519 as DER', ed.privateKey.export({ type: 'pkcs8', format: 'der' })],
  ['PKCS#1 as DER', rsa.privateKey.export({ type: 'pkcs1', format: 'der' })],
  ['EC as DER', ec.privateKey.export({ type: 'sec1', format: 'der' })],
  ['OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n'],
  ['PGP', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ\n-----END PGP PRIVATE KEY BLOCK-----\n'],
  ['PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519\n'],
  ['age', '# created: now\nAGE-SECRET-KEY-1QQ\n'],
]
const others: readonly (readonly [string, string | Buffer])[] = [
  ['a certificate', certificate],
  ['a public key', rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string],
  ['a public key as DER', rsa.publicKey.export({ type: 'spki', format: 'der' })],
  ['a script that looks for keys', 'grep -q "-----BEGIN RSA PRIVATE KEY-----" /etc/ssl/*\n'],
  ['a page about keys', 'A file begins with -----BEGIN PRIVATE KEY-----.\n'],
  ['a kernel', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(5000)])],
  ['nothing', ''],
]

test.each(keys)('%s is a private key', (_kind, bytes) => {
  expect(isPrivateKey(Buffer.from(bytes))).toBe(true)
})

test.each(others)('%s is none', (_kind, bytes) => {
  expect(isPrivateKey(Buffer.from(bytes))).toBe(false)
})

test('a PKCS#12 file is a private key, as openssl makes it', () => {
  using house = openHouse({ 'tls.key': pem })
  const path = join(house.directory, 'tls.p12')
  const words = ['-inkey', join(house.directory, 'tls.key'), '-out', path, '-passout', 'pass:x', '-nocerts']
  execFileSync('openssl', ['pkcs12', '-export', ...words], { stdio: 'pipe' })
  expect(isPrivateKey(readFileSync(path))).toBe(true)
})

test('a private key below files/ is served to nobody by any door, under any name, and check names it', async () => {
  using house = openHouse({
    'files/tls/server.bin': pem,
    'files/01-52-54-00-77-00-01/key': pem,
    'files/tls/server.crt': certificate,
  })
  for (const carrier of ['http', 'tftp'] as const) {
    for (const name of ['tls/server.bin', '/tls//server.bin', '01-52-54-00-77-00-01/key']) {
      expect(house.ask(name, { carrier }), `${carrier} ${name}`).toEqual({
        kind: 'refused',
        status: 403,
        message: expect.stringContaining('is a private key, and is served to nobody'),
      })
    }
    expect(house.ask('tls/server.crt', { carrier })).toMatchObject({ kind: 'file' })
  }
  const findings = await checkHouse(house.house, house.shelf, () => Promise.resolve([]))
  expect(findings.map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      'files/01-52-54-00-77-00-01/key is a private key: it is served to nobody',
      'files/tls/server.bin is a private key: it is served to nobody',
    ]),
  )
})

test('a file that becomes a key is refused from then on', () => {
  using house = openHouse({ 'files/config': 'x' })
  expect(house.ask('config')).toMatchObject({ kind: 'file' })
  writeFileSync(join(house.directory, 'files/config'), pem)
  house.now += 2000
  expect(house.ask('config')).toMatchObject({ kind: 'refused', status: 403 })
})
