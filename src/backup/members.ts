import { readdirSync, readlinkSync, lstatSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { diskFault, isAbsent } from '../image/durable.ts'

/** What goes into a backup, under its name there. */
export type Member =
  | { readonly path: string; readonly kind: 'file'; readonly from: string; readonly mode: number }
  | { readonly path: string; readonly kind: 'directory'; readonly mode: number }
  | { readonly path: string; readonly kind: 'symlink'; readonly target: string }

export interface SiteMembers {
  readonly members: readonly Member[]
  /** Links that lead out of the site, sockets and devices: they are not in it. */
  readonly leftOut: readonly string[]
}

/** Blobs of images that are no layers: manifests, configurations, signatures. */
const smallBlob = 1 << 20

/** Everything of a site but its history (`.git`), which is kept elsewhere. `except`: the data directory, where it lies inside. */
export function siteMembers(site: string, except: string): SiteMembers {
  const members: Member[] = []
  const leftOut: string[] = []
  const walk = (below: string): void => {
    for (const name of namesIn(join(site, below))) {
      const path = below === '' ? name : `${below}/${name}`
      if (name === '.git' || join(site, path) === except) continue
      const found = lstatSync(join(site, path))
      const member = memberOf(site, path, found)
      if (member) members.push(member)
      else leftOut.push(path)
      if (found.isDirectory()) walk(path)
    }
  }
  walk('')
  return { members, leftOut }
}

function memberOf(site: string, path: string, found: Stats): Member | undefined {
  const mode = found.mode & 0o777
  const name = `site/${path}`
  if (found.isFile()) return { path: name, kind: 'file', from: join(site, path), mode }
  if (found.isDirectory()) return { path: name, kind: 'directory', mode }
  if (!found.isSymbolicLink()) return undefined
  const target = readlinkSync(join(site, path))
  return staysInside(path, target) ? { path: name, kind: 'symlink', target } : undefined
}

/**
 * Whether a link below a directory leads nowhere out of it, whatever other such links it passes: up only at its beginning, where all
 * that it passes are true directories.
 */
export function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.length > 4096) return false
  const steps = target.split('/').filter((step) => step !== '' && step !== '.')
  const up = steps.findIndex((step) => step !== '..')
  const ups = up < 0 ? steps.length : up
  return ups < path.split('/').length && !steps.slice(ups).includes('..')
}

/** Keys, tokens and the index of images, with the layers where they are wanted. The database is copied apart. */
export function dataMembers(data: string, { images }: { readonly images: boolean }): readonly Member[] {
  const private_ = 0o600
  const file = (path: string): readonly Member[] =>
    statSync(join(data, path), { throwIfNoEntry: false })?.isFile()
      ? [{ path: `data/${path}`, kind: 'file', from: join(data, path), mode: private_ }]
      : []
  const inside = (below: string, form: RegExp): readonly string[] =>
    namesIn(join(data, below)).flatMap((name) => (form.test(name) ? [`${below}/${name}`] : []))
  const blobs = inside('images/blobs/sha256', /^[0-9a-f]{64}$/).filter(
    (path) => images || (statSync(join(data, path), { throwIfNoEntry: false })?.size ?? Infinity) <= smallBlob,
  )
  const names = ['image-key.pem', 'registry-token', ...inside('tokens', /^[^.]+\.json$/), 'images/oci-layout']
  // The index after its blobs are listed would name what came later; gc takes away only what it does not name.
  return [...names, 'images/index.json', ...blobs].flatMap(file)
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted()
  } catch (error) {
    if (isAbsent(error)) return []
    throw diskFault(error, directory)
  }
}
