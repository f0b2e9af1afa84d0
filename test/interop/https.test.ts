import { execa } from 'execa'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files } from '../house.ts'
import { openCertificate } from '../lab/certificate.ts'
import { openServed, type Served } from './served.ts'

const { 'birnam.yaml': _, ...site } = files
const https = 'https: { port: 0, address: 127.0.0.1, certificate: tls/own.pem, key: tls/own.key, name: localhost }\n'
const name = 'hello.txt'

test('curl takes files by TLS; a renewed certificate is taken without a restart, a wrong one is not', async () => {
  const [first, second] = await Promise.all([openCertificate('127.0.0.1', 'localhost'), openCertificate('127.0.0.1')])
  const tls = { 'tls/own.pem': first.certificate, 'tls/own.key': first.key, 'tls/second.pem': second.certificate }
  await using served = await openServed({ ...site, ...tls }, https)
  await served.start()
  const port = portOf(served)
  expect(await curl(served, 'own.pem', port)).toBe('hello')
  await expect(curl(served, 'second.pem', port)).rejects.toThrow('SSL certificate problem')

  served.write('tls/own.key', second.key)
  await served.until(() => served.output().includes('https.kept'))
  expect(served.output()).not.toContain('PRIVATE KEY')
  expect(await curl(served, 'own.pem', port)).toBe('hello')

  served.write('tls/own.pem', second.certificate)
  await served.until(() => served.output().includes('https.renewed'))
  expect(await curl(served, 'second.pem', port)).toBe('hello')
  expect(await served.get('/tls/own.key')).not.toContain('PRIVATE KEY')
})

test('a certificate that cannot be used leaves its door shut with the reason, and the others open', async () => {
  await using served = await openServed({ ...site, 'tls/own.pem': 'nonsense', 'tls/own.key': 'nonsense' }, https)
  await served.start()
  expect(served.output()).toMatch(/HTTPS +off +\S*tls\/own\.pem holds no certificate/)
  expect(await served.get(`/${name}`)).toBe('hello')
})

function portOf(served: Served): number {
  const [, port] = /HTTPS +on +127\.0\.0\.1:(\d+)/.exec(served.output())!
  return Number(port)
}

async function curl(served: Served, believed: string, port: number): Promise<string> {
  const authority = join(served.directory, 'site/tls', believed)
  const { stdout } = await execa('curl', ['-sS', '--cacert', authority, `https://127.0.0.1:${port}/${name}`])
  return stdout
}
