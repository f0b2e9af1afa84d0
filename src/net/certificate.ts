import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { Fault } from '../fault.ts'

/** A certificate (with those that vouch for it behind it) and its key, as PEM. */
export interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
  /** Changes when either file was written again. */
  readonly stamp: string
}

export interface PairFiles {
  readonly certificate: string
  readonly key: string
}

/** Where the two files lie: in the site, or by their absolute names. */
export function pairFiles(directory: string, { certificate, key }: PairFiles): PairFiles {
  return { certificate: resolve(directory, certificate), key: resolve(directory, key) }
}

/** Reads both and holds them against each other. Throws Fault `file-missing` or `config-invalid`; nothing of the key is told. */
export function readPair(files: PairFiles): Pair {
  const [cert, key] = [read(files.certificate, 'https.certificate'), read(files.key, 'https.key')]
  const own = parsed(() => new X509Certificate(cert), files.certificate, 'certificate')
  const secret = parsed((): KeyObject => createPrivateKey(key), files.key, 'private key without a passphrase')
  if (!own.checkPrivateKey(secret))
    throw new Fault('config-invalid', `${files.key} is not the key of ${files.certificate}`, {
      hint: 'name the two files that were made together',
    })
  parsed(() => createSecureContext({ cert, key }), files.certificate, 'certificate that TLS can use')
  return { cert, key, stamp: stampOf(files) }
}

/** What tells that either file was written again; empty when one of them is not there. */
export function stampOf({ certificate, key }: PairFiles): string {
  const stats = [certificate, key].map((path) => statSync(path, { throwIfNoEntry: false }))
  return stats.every((stat) => stat) ? stats.map((stat) => `${stat!.ino} ${stat!.mtimeMs} ${stat!.size}`).join(' ') : ''
}

/** Why clients would not accept the certificate for that name or address, `now` in milliseconds since 1970; undefined when they would. */
export function notAccepted({ cert }: Pick<Pair, 'cert'>, name: string, now: number): string | undefined {
  const own = new X509Certificate(cert)
  const day = (date: string): string => new Date(date).toISOString().slice(0, 10)
  if (now > Date.parse(own.validTo)) return `the certificate ended on ${day(own.validTo)}`
  if (now < Date.parse(own.validFrom)) return `the certificate begins on ${day(own.validFrom)} only`
  const isNamed = isIP(name) ? own.checkIP(name) : own.checkHost(name)
  return isNamed ? undefined : `the certificate is not for ${name}, but for ${own.subjectAltName ?? 'nobody'}`
}

function read(path: string, field: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`
    throw new Fault('file-missing', `${path} ${why}`, {
      field,
      hint: 'name a PEM file, in the site or by its absolute name',
    })
  }
}

function parsed<T>(parse: () => T, path: string, what: string): T {
  try {
    return parse()
  } catch {
    // What OpenSSL says of it helps nobody, and may repeat what stands there.
    throw new Fault('config-invalid', `${path} holds no ${what}`, { hint: 'PEM is wanted: -----BEGIN …' })
  }
}
