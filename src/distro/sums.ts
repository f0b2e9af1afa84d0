import { createHash, type Hash } from 'node:crypto'

export const algorithms = ['sha512', 'sha256', 'sha1', 'md5'] as const
export type Algorithm = (typeof algorithms)[number]

export interface Sum {
  readonly algorithm: Algorithm
  readonly hex: string
}

/** By path, without a leading `./`. */
export type Sums = ReadonlyMap<string, Sum>

const lengths: Readonly<Record<number, Algorithm>> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' }

/**
 * Lists of checksums as distributions write them: `HEX  name` and `HEX *name` (coreutils), `SHA256 (name) = HEX` (Fedora, EL), a hash alone
 * beside its file. Lines of any other kind are passed over.
 */
export function parseSums(text: string, only?: string): Sums {
  const sums = new Map<string, Sum>()
  for (const line of text.split('\n')) {
    const plain = /^\\?([0-9a-f]{32,128})(?:\s+\*?(\S.*?))?\s*$/i.exec(line)
    const tagged = /^(MD5|SHA1|SHA256|SHA512) \((.+)\) = ([0-9a-f]+)\s*$/i.exec(line)
    const [name, hex] = tagged ? [tagged[2], tagged[3]!] : plain ? [plain[2] ?? only, plain[1]!] : []
    const algorithm = hex === undefined ? undefined : lengths[hex.length]
    if (name === undefined || !algorithm) continue
    sums.set(name.replace(/^(?:\.?\/)+/, ''), { algorithm, hex: hex!.toLowerCase() })
  }
  return sums
}

/** The checksums of `.treeinfo`, of a Debian Release file, of SUSE's `content`: `path = sha256:HEX` and the like are theirs to read. */
export function sumOf(algorithm: string, hex: string): Sum | undefined {
  const name = algorithms.find((one) => one === algorithm.toLowerCase().replace('-', ''))
  return name && lengths[hex.length] === name && /^[0-9a-f]+$/i.test(hex)
    ? { algorithm: name, hex: hex.toLowerCase() }
    : undefined
}

/** Several digests of the same bytes, in one pass. */
export class Digests {
  readonly #hashes: ReadonlyMap<Algorithm, Hash>

  constructor(wanted: Iterable<Algorithm>) {
    this.#hashes = new Map([...new Set(wanted)].map((name) => [name, createHash(name)]))
  }

  add(bytes: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(bytes)
  }

  end(): ReadonlyMap<Algorithm, string> {
    return new Map([...this.#hashes].map(([name, hash]) => [name, hash.digest('hex')]))
  }
}
