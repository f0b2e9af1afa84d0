import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault } from '../fault.ts'
import { signatureOf } from './lists.ts'
import type { Check } from './manifest.ts'
import type { Signature, Verify } from './recognised.ts'
import { signedPart } from './release.ts'
import { parseSums, type Sum } from './sums.ts'

/** Where the files beside a medium are: a directory, or a server. */
export interface Beside {
  /** Of a directory, everything; of a server, the names that are in use. */
  names(): Promise<readonly string[]>
  read(name: string): Promise<Buffer | undefined>
}

export interface BesideSum {
  readonly sum: Sum
  readonly file: string
  readonly signature: Signature
}

/** What a list beside the medium says of it; the strongest. */
export async function besideSum(medium: string, beside: Beside, verify: Verify): Promise<BesideSum | undefined> {
  const names = (await beside.names()).filter((name) => isList(name, medium))
  for (const file of names.toSorted((a, b) => strength(b) - strength(a))) {
    const bytes = await beside.read(file)
    if (!bytes) continue
    const text = bytes.toString('utf8')
    const isSigned = text.startsWith('-----BEGIN PGP SIGNED MESSAGE-----')
    // Only what the signature covers.
    const sum = parseSums(isSigned ? signedPart(text) : text, medium).get(medium)
    if (!sum) continue
    return {
      sum,
      file,
      signature: isSigned ? await verify(file, bytes) : await signatureOf(beside, file, bytes, verify),
    }
  }
  return undefined
}

/** Throws `distro-untrusted` when the medium is another one than the list names. */
export function checkMedium(medium: string, found: string | undefined, beside: BesideSum | undefined): Check {
  if (!beside) return { result: 'none', what: `no list of checksums beside ${medium} names it` }
  const { sum, file, signature } = beside
  if (found !== sum.hex)
    throw new Fault(
      'distro-untrusted',
      `${medium} is not the one that ${file} names: its ${sum.algorithm} is another`,
      {
        hint: 'nothing was kept; it is damaged, or another one of the same name: get both again',
      },
    )
  return { ...checkOf(signature), what: `${medium} is the one that ${file} names${told(signature)}` }
}

export function checkOf({ state }: Signature): Pick<Check, 'result'> {
  return { result: state === 'good' ? 'signed' : 'good' }
}

export function told(signature: Signature): string {
  switch (signature.state) {
    case 'good':
      return `, signed by ${signature.by}`
    case 'none':
      return ', which is not signed'
    case 'unknown':
      return `; its signature was not checked: ${signature.why}`
  }
}

export function directoryBeside(path: string): Beside {
  const read = async (name: string): Promise<Buffer | undefined> =>
    readFile(join(dirname(path), name)).catch(() => undefined)
  return { names: () => readdir(dirname(path)), read }
}

/** The names under which distributions publish lists, for a server that cannot be listed. */
export function usualLists(medium: string): readonly string[] {
  const fedora = /^(Fedora-[^-]+)-.*?-(x86_64|aarch64|ppc64le|s390x)-(.+)\.iso$/.exec(medium)
  return [
    'SHA512SUMS',
    'SHA256SUMS',
    'CHECKSUM',
    `${medium}.sha256`,
    `${medium}.CHECKSUM`,
    ...(fedora ? [`${fedora[1]}-${fedora[3]}-${fedora[2]}-CHECKSUM`] : []),
  ]
}

function isList(name: string, medium: string): boolean {
  if (name.startsWith(`${medium}.`)) return /\.(?:sha512|sha256|sha1|md5)(?:sums?)?(?:\.txt)?$|\.CHECKSUM$/i.test(name)
  return /^(?:sha512|sha256|md5)sums?(?:\.txt)?$|CHECKSUMS?$/i.test(basename(name))
}

function strength(name: string): number {
  return /sha512/i.test(name) ? 3 : /sha256|CHECKSUM/i.test(name) ? 2 : 1
}
