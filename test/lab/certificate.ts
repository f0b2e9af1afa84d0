import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './child.ts'
import { openPlace } from './place.ts'

export interface Certificate {
  /** PEM. */
  readonly certificate: string
  readonly key: string
}

/** A certificate of its own authority, for an address and a name; the days of its life may lie behind us. */
export async function openCertificate(address = '10.77.0.1', name = 'forres.test', days = 30): Promise<Certificate> {
  await using place = await openPlace()
  const files = [join(place.path, 'key.pem'), join(place.path, 'certificate.pem')] as const
  const words = 'openssl req -x509 -newkey rsa:2048 -nodes -sha256 -subj /CN=Forres'.split(' ')
  const names = ['-addext', `subjectAltName=IP:${address},DNS:${name}`, '-days', String(days)]
  await run([...words, ...names, '-keyout', files[0], '-out', files[1]])
  const [key, certificate] = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return { key: key!, certificate: certificate! }
}

/** Certificates as UEFI keeps those that it believes: one EFI_SIGNATURE_LIST of EFI_CERT_X509 (UEFI 2.10 §32.4.1). */
export function signatureList(certificate: string): Buffer {
  const der = new X509Certificate(certificate).raw
  const head = Buffer.alloc(28)
  // a5c059a1-94e4-4aa7-87b5-ab155c2bf072, the first three groups little endian.
  head.set(Buffer.from('a159c0a5e494a74a87b5ab155c2bf072', 'hex'))
  const owner = Buffer.alloc(16)
  head.writeUInt32LE(head.length + owner.length + der.length, 16)
  head.writeUInt32LE(owner.length + der.length, 24)
  return Buffer.concat([head, owner, der])
}
