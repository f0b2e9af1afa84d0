import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, lstatSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { makeBackup, restoreBackup, type RestoreWishes, type Restored } from '../../src/app/backup.ts'
import { openTokens } from '../../src/app/images.ts'
import { openLayoutStore } from '../../src/image/layout-store.ts'
import { openToken } from '../../src/image/registry-token.ts'
import { openSigner } from '../../src/image/sign.ts'
import { writeEnd, writeEntry, type OwnEntry } from '../../src/image/tar-write.ts'
import { Permits } from '../../src/machine/permit.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { SqlitePermits } from '../../src/store/sqlite/permits.ts'
import { files } from '../house.ts'
import { openPlace } from '../lab/place.ts'

export const noon = 1_800_000_000_000
const times = { lifetime: 86_400_000, install: 7_200_000 }

/** A server's two directories as they are in the middle of its work, a backup of them, and room for what is made of it. */
export interface BackupScene extends AsyncDisposable {
  readonly path: string
  readonly site: string
  readonly data: string
  readonly file: string
  /** The directories that it is restored into. */
  readonly to: { readonly site: string; readonly data: string }
  backup(images?: boolean): Promise<void>
  restore(wishes?: Partial<RestoreWishes>, file?: string): Promise<Restored>
}

export async function openBackupScene(): Promise<BackupScene> {
  const place = await openPlace()
  const at = (name: string): string => join(place.path, name)
  const [site, data, file] = [at('site'), at('data'), at('birnam.backup')]
  const to = { site: at('new/site'), data: at('new/data') }
  for (const [name, text] of Object.entries({ ...files, '.git/config': 'history', 'files/größe.txt': 'ß' })) {
    mkdirSync(dirname(join(site, name)), { recursive: true })
    writeFileSync(join(site, name), text)
  }
  mkdirSync(join(site, 'empty'))
  symlinkSync('../boot/vmlinuz', join(site, 'files/kernel'))
  symlinkSync('/etc/passwd', join(site, 'files/outside'))
  fillData(data)
  return {
    path: place.path,
    site,
    data,
    file,
    to,
    backup: async (images = false) => void (await makeBackup(file, { site, data }, { images, now: noon })),
    restore: (wishes = {}, from = file) =>
      restoreBackup(from, to, { replace: false, tokens: false, dataOnly: false, now: noon + 1000, ...wishes }),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}

function fillData(data: string): void {
  const database = openDatabase(data)
  const permits = new Permits(new SqlitePermits(database))
  const arm = (machine: string, at: number): void =>
    void permits.arm(
      { machine, target: 'web', kind: 'install', content: 'c', by: 'king' },
      times,
      at,
      `permit-${machine}`,
    )
  for (const name of ['duncan', 'macbeth', 'banquo', 'ross']) arm(name, noon - 5000)
  permits.claim('macbeth', 'a session', '10.77.0.12', noon - 4000)
  permits.claim('banquo', 'another', undefined, noon - 4000)
  permits.end('banquo', 'done', noon - 3000)
  permits.end('ross', 'withdraw', noon - 3000, 'withdrawn by king')
  database.close()
  openSigner(join(data, 'image-key.pem'))
  openToken(join(data, 'registry-token'))
  openTokens(data).add({ name: 'ci', may: 'push', images: [], by: 'king' }, noon)
  openLayoutStore(join(data, 'images'))
  for (const bytes of [Buffer.from('small'), Buffer.alloc(1_500_000, 'large')])
    writeFileSync(join(data, 'images/blobs/sha256', createHash('sha256').update(bytes).digest('hex')), bytes)
}

/** Every path below a directory with what it is. */
export function treeOf(directory: string, below = ''): Record<string, string> {
  const tree: Record<string, string> = {}
  for (const name of readdirSync(join(directory, below))) {
    const path = below === '' ? name : `${below}/${name}`
    const found = lstatSync(join(directory, path))
    const what = found.isDirectory()
      ? 'directory'
      : found.isSymbolicLink()
        ? `-> ${readlinkSync(join(directory, path))}`
        : `${(found.mode & 0o777).toString(8)} ${readFileSync(join(directory, path)).toString('latin1')}`
    tree[path] = what
    if (found.isDirectory()) Object.assign(tree, treeOf(directory, path))
  }
  return tree
}

export type Part = OwnEntry & { readonly bytes?: Buffer }

/** The entries of a backup, for those that want to change some. */
export function partsOf(file: string): Part[] {
  const tar = zstdDecompressSync(readFileSync(file))
  const parts: Part[] = []
  for (let at = 0; tar[at] !== 0;) {
    const path = tar.toString('latin1', at, tar.indexOf(0, at))
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8)
    const type = ({ 0: 'file', 5: 'directory', 2: 'symlink' } as const)[tar.toString('latin1', at + 156, at + 157)]!
    const target = tar.toString('latin1', at + 157, tar.indexOf(0, at + 157))
    parts.push({
      path: path.replace(/\/$/, ''),
      type,
      target,
      mode: 0o644,
      size,
      bytes: tar.subarray(at + 512, at + 512 + size),
    })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return parts
}

/** A backup of these parts with an end that fits them: what somebody writes who knows how it is done. */
export function forge(file: string, parts: readonly Part[]): void {
  const kept = parts.filter(({ path }) => path !== 'birnam-backup.end.json')
  const body = Buffer.concat(kept.flatMap(pieceOf))
  const end = Buffer.from(
    JSON.stringify({ entries: kept.length - 1, sha256: createHash('sha256').update(body).digest('hex') }),
  )
  const tail = pieceOf({ path: 'birnam-backup.end.json', type: 'file', bytes: end })
  writeFileSync(file, zstdCompressSync(Buffer.concat([body, ...tail, writeEnd()])))
}

function pieceOf({ bytes = Buffer.alloc(0), ...entry }: Part): Uint8Array[] {
  return [
    writeEntry({ ...entry, size: entry.size ?? bytes.length }),
    bytes,
    Buffer.alloc((512 - (bytes.length % 512)) % 512),
  ]
}
