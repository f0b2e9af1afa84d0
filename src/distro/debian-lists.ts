import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Fault } from '../fault.ts'
import { unpacked } from '../image/layer-read.ts'
import type { List, Signature } from './recognised.ts'
import type { Release } from './release.ts'
import { parseSums, type Sum } from './sums.ts'
import { invalid, type Tree } from './tree.ts'

/** One suite of a mirror. */
export interface Archive {
  readonly suite: string
  readonly release: Release
  readonly signature: Signature
}

/**
 * What a Debian archive says of its files: Release names the indexes, they name the packages, and SHA256SUMS of the installer its images. What hangs on a
 * signed Release is as good as the signature.
 */
export async function releaseLists(tree: Tree, archive: Archive | undefined, arch: string): Promise<readonly List[]> {
  if (!archive) return []
  const { suite, release, signature } = archive
  const sums = new Map([...release.sums].map(([path, sum]) => [`dists/${suite}/${path}`, sum] as const))
  const lists: List[] = [{ file: `dists/${suite}/Release`, sums, signature }]
  const images = `main/installer-${arch}/current/images/SHA256SUMS`
  const installer = await named(tree, archive, images)
  if (installer) {
    const folder = `dists/${suite}/${images.slice(0, -'SHA256SUMS'.length)}`
    const inner = [...parseSums(installer.toString('utf8'))].map(([path, sum]) => [`${folder}${path}`, sum] as const)
    const isNamed = release.sums.has(images)
    lists.push({
      file: `${folder}SHA256SUMS`,
      sums: new Map(inner),
      signature: isNamed ? signature : { state: 'none' },
    })
  }
  const pool = tree.entries ? await packagesOf(tree, archive) : new Map<string, Sum>()
  return pool.size === 0 ? lists : [...lists, { file: `Packages of ${suite}`, sums: pool, signature }]
}

/** A file that Release may name: then it must be that one. */
async function named(tree: Tree, { suite, release }: Archive, path: string): Promise<Buffer | undefined> {
  const bytes = await tree.read(`dists/${suite}/${path}`)
  const sum = release.sums.get(path)
  if (!bytes || !sum || createHash(sum.algorithm).update(bytes).digest('hex') === sum.hex) return bytes
  throw new Fault('distro-untrusted', `dists/${suite}/${path} in ${tree.name} is not the one that Release names`, {
    hint: 'the mirror was being updated, or somebody changed it: get it again',
  })
}

async function packagesOf(tree: Tree, archive: Archive): Promise<Map<string, Sum>> {
  const sums = new Map<string, Sum>()
  const indexes = [...archive.release.sums.keys()].filter((path) =>
    /\/binary-[^/]+\/Packages(?:\.gz|\.xz)?$/.test(path),
  )
  const done = new Set<string>()
  for (const path of indexes.toSorted()) {
    const plain = path.replace(/\.[gx]z$/, '')
    if (done.has(plain) || !(await tree.has(`dists/${archive.suite}/${path}`))) continue
    const bytes = await named(tree, archive, path)
    if (!bytes) continue
    for (const [file, sum] of parsePackages(await text(bytes, path))) sums.set(file, sum)
    done.add(plain)
  }
  return sums
}

/** Packages unpack to hundreds of megabytes at most. */
const most = 512 * 1024 * 1024

async function text(bytes: Buffer, path: string): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of await unpacked(Readable.from([bytes]))) {
      size += (piece as Buffer).length
      if (size > most) throw invalid(`${path} unpacks to more than an index can hold`)
      pieces.push(piece as Buffer)
    }
  } catch (error) {
    if (error instanceof Fault && error.code === 'distro-invalid') throw error
    throw invalid(`${path} does not unpack: ${(error as Error).message}`)
  }
  return Buffer.concat(pieces).toString('latin1')
}

function* parsePackages(index: string): Generator<readonly [string, Sum]> {
  let file: string | undefined
  let hex: string | undefined
  for (const line of `${index}\n`.split('\n')) {
    if (line.startsWith('Filename: ')) file = line.slice(10).trim().replace(/^\.\//, '')
    else if (line.startsWith('SHA256: ')) hex = line.slice(8).trim()
    else if (line === '') {
      if (file !== undefined && hex !== undefined && /^[0-9a-f]{64}$/.test(hex))
        yield [file, { algorithm: 'sha256', hex }]
      file = hex = undefined
    }
  }
}
