import { execa } from 'execa'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../fault.ts'
import type { Signature, Verify } from './recognised.ts'

/** Where distributions put the keys of distributions. Those that lie inside of an ISO prove nothing about it. */
const keyPlaces = ['/usr/share/keyrings', '/usr/share/distribution-gpg-keys', '/etc/pki/rpm-gpg']

/** Looks at signatures with gpgv and the keys of this host, and those that were named. */
export function openVerify(keyrings: readonly string[] = []): Verify {
  return async (what, text, signature) => {
    const keys = [...keyrings.map(named), ...keyPlaces.flatMap(keysIn)]
    if (keys.length === 0) return { state: 'unknown', why: `no keys are here to look at the signature of ${what} with` }
    const place = await mkdtemp(join(tmpdir(), 'birnam-keys-'))
    try {
      return await ask(what, place, keys, text, signature)
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  }
}

async function ask(
  what: string,
  place: string,
  keys: readonly string[],
  text: Buffer,
  signature: Buffer | undefined,
): Promise<Signature> {
  // gpgv takes 40 keyrings at most, and one that holds all of them.
  await writeFile(join(place, 'keys.gpg'), Buffer.concat(keys.map(binary)))
  await writeFile(join(place, 'text'), text)
  if (signature) await writeFile(join(place, 'signature'), signature)
  const files = signature ? [join(place, 'signature'), join(place, 'text')] : [join(place, 'text')]
  const { stdout, exitCode, failed, code } = await execa(
    'gpgv',
    ['--status-fd', '1', '--keyring', join(place, 'keys.gpg'), ...files],
    {
      reject: false,
      stdin: 'ignore',
      env: { LC_ALL: 'C', GNUPGHOME: place },
      timeout: 60_000,
    },
  )
  if (code === 'ENOENT')
    return { state: 'unknown', why: `gpgv is not here to look at the signature of ${what} (package gpgv)` }
  return read(what, stdout, failed ? (exitCode ?? 2) : 0)
}

/** doc/DETAILS of GnuPG. One good signature of a known key is enough, as apt has it; a bad one is never passed over. */
function read(what: string, status: string, code: number): Signature {
  const bad = /^\[GNUPG:\] BADSIG (\S+)/m.exec(status)
  if (bad) {
    const hint = 'nothing was kept; get both files again, from the distribution itself'
    throw new Fault('distro-untrusted', `the signature of ${what} is wrong: it is not what key ${bad[1]} signed`, {
      hint,
    })
  }
  // A key that expired since still signed it.
  const good = /^\[GNUPG:\] (?:GOODSIG|EXPKEYSIG) \S+ (.+)$/m.exec(status)
  const valid = /^\[GNUPG:\] VALIDSIG (\S+)/m.exec(status)
  if (good && valid) return { state: 'good', by: `${good[1]} (${valid[1]!.slice(-16)})` }
  const unknown = /^\[GNUPG:\] (?:ERRSIG|NO_PUBKEY) (\S+)/m.exec(status)
  const why = unknown
    ? `no key ${unknown[1]} is here, which signed ${what}: name its keyring with --keyring FILE`
    : `gpgv found no signature in what stands beside ${what} (it ended with ${code})`
  return { state: 'unknown', why }
}

function named(file: string): string {
  if (existsSync(file)) return file
  throw new Fault('request-invalid', `there is no keyring ${file}`, { field: '--keyring' })
}

function keysIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter(({ name }) => /\.(?:gpg|pgp|asc)$|^RPM-GPG-KEY/.test(name) && !name.includes('removed'))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .slice(0, 500)
}

/** gpgv reads binary keyrings only; RPM's keys are armoured (RFC 9580 §6). A keybox is neither. */
function binary(file: string): Buffer {
  const bytes = readFileSync(file)
  if (bytes.toString('latin1', 8, 12) === 'KBXf') return Buffer.alloc(0)
  const blocks = bytes
    .toString('latin1')
    .matchAll(/-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:.+: .*\r?\n)*\r?\n([^]*?)\r?\n(?:=\S{4}\r?\n)?-----END/g)
  const bodies = [...blocks].map(([, body]) => Buffer.from(body!, 'base64'))
  return bodies.length === 0 ? bytes : Buffer.concat(bodies)
}
