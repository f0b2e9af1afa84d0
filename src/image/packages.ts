import { unpacked } from './layer-read.ts'
import type { ImageStore, ImageVersion } from './store.ts'
import { TarReader } from './tar-read.ts'

export type Packages = ReadonlyMap<string, string>

export interface PackageChange {
  readonly name: string
  /** Versions; undefined where it is not installed. */
  readonly from: string | undefined
  readonly to: string | undefined
}

const dpkgStatus = 'var/lib/dpkg/status'
/** Distroless images keep a file for each package there. */
const dpkgParts = 'var/lib/dpkg/status.d/'
const apkInstalled = 'lib/apk/db/installed'
const longest = 64 * 1024 * 1024

/**
 * What dpkg or apk says is installed, read from the layers, the newest first. Undefined when neither database is there; an rpm
 * database is not text, and is not read.
 */
export async function packagesOf(store: ImageStore, version: ImageVersion): Promise<Packages | undefined> {
  for (const { digest } of version.manifest.layers.toReversed()) {
    const texts = await filesOf(await unpacked(await store.open(digest)))
    const status = [...texts].find(([path]) => path === dpkgStatus)?.[1]
    if (status !== undefined) return readDpkg(status)
    const parts = [...texts].filter(([path]) => path.startsWith(dpkgParts)).map(([, text]) => text)
    if (parts.length > 0) return readDpkg(parts.join('\n\n'))
    const apk = texts.get(apkInstalled)
    if (apk !== undefined) return readApk(apk)
  }
  return undefined
}

/** Name to version of what is installed; `name:arch` where two architectures are. */
export function readDpkg(text: string): Packages {
  const found = new Map<string, string>()
  for (const part of text.split(/\n\n+/)) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1]
    const name = field('Package')
    const version = field('Version')
    const status = field('Status')
    if (!name || !version || (status !== undefined && !status.endsWith(' installed'))) continue
    found.set(found.has(name) ? `${name}:${field('Architecture') ?? ''}` : name, version)
  }
  return found
}

export function readApk(text: string): Packages {
  const found = new Map<string, string>()
  for (const part of text.split('\n\n')) {
    const name = /^P:(.*)$/m.exec(part)?.[1]
    const version = /^V:(.*)$/m.exec(part)?.[1]
    if (name && version) found.set(name, version)
  }
  return found
}

export function diffPackages(from: Packages, to: Packages): PackageChange[] {
  const names = [...new Set([...from.keys(), ...to.keys()])].toSorted()
  return names
    .map((name) => ({ name, from: from.get(name), to: to.get(name) }))
    .filter((change) => change.from !== change.to)
}

/** The contents of the databases that are in a tar. */
async function filesOf(tar: AsyncIterable<Uint8Array>): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  const reader = new TarReader()
  let held: { path: string; chunks: Buffer[] } | undefined
  const close = (): void => {
    if (held) texts.set(held.path, Buffer.concat(held.chunks).toString())
    held = undefined
  }
  for await (const chunk of tar) {
    for (const piece of reader.read(chunk)) {
      if (piece.kind === 'data') held?.chunks.push(Buffer.from(piece.bytes))
      if (piece.kind !== 'entry') continue
      close()
      const { path, type, size } = piece.entry
      if (type === 'file' && size < longest && isDatabase(path)) held = { path, chunks: [] }
    }
  }
  close()
  return texts
}

function isDatabase(path: string): boolean {
  return path === dpkgStatus || path === apkInstalled || (path.startsWith(dpkgParts) && !path.endsWith('.md5sums'))
}
