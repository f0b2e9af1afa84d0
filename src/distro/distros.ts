import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Paths } from '../config/paths.ts'
import { distro as shape } from '../config/schema.ts'
import type { Distro } from '../config/site.ts'
import { readManifest, type Manifest } from './manifest.ts'

/** The imported distros of a data directory, looked at again after a second: an import needs no restart. */
export interface Distros {
  find(name: string): Imported | undefined
  names(): readonly string[]
  /** The file behind `d/NAME/…`, of that generation or the current one. */
  path(name: string): string | undefined
  /** Whether that is a kernel or an initrd. */
  isBoot(name: string): boolean
}

export interface Imported {
  readonly manifest: Manifest
  /** As a site would write it; `tree` of what lies here is a path below the server's URL. */
  readonly distro: Distro
}

/** Below `<data>/distros`. */
export function openDistros(directory: string): Distros {
  return new Keeper(directory)
}

/** The names under which a distro's files are served, by both carriers. */
export const served = 'd/'

const memory = 1000

class Keeper implements Distros {
  readonly #directory: string
  readonly #known = new Map<string, { readonly until: number; readonly imported: Imported | undefined }>()
  readonly #paths = new Map<string, Paths>()

  constructor(directory: string) {
    this.#directory = directory
  }

  find(name: string): Imported | undefined {
    if (!isName(name)) return undefined
    const now = performance.now()
    const before = this.#known.get(name)
    if (before && now < before.until) return before.imported
    const manifest = ownManifest(this.#directory, name)
    // What did not change stays the same value.
    const same = before?.imported && manifest && before.imported.manifest.generation === manifest.generation
    const imported = same ? before.imported : importedOf(manifest)
    if (this.#known.size > 1000) this.#known.clear()
    this.#known.set(name, { until: now + memory, imported })
    return imported
  }

  names(): readonly string[] {
    if (!existsSync(this.#directory)) return []
    return readdirSync(this.#directory).filter((name) => isName(name) && this.find(name) !== undefined)
  }

  path(name: string): string | undefined {
    const asked = this.#split(name)
    if (!asked) return undefined
    const root = join(this.#directory, asked.name, String(asked.generation))
    if (this.#paths.size > 1000) this.#paths.clear()
    const paths = this.#paths.get(root) ?? new Paths(root, '/nonexistent')
    this.#paths.set(root, paths)
    return paths.find(asked.rest)?.path
  }

  isBoot(name: string): boolean {
    const asked = this.#split(name)
    return asked?.rest.startsWith('boot/') ?? false
  }

  #split(name: string): { readonly name: string; readonly generation: number; readonly rest: string } | undefined {
    const [, own = '', ...parts] = name.startsWith(served) ? name.split('/') : []
    const imported = own === '' ? undefined : this.find(own)
    if (!imported) return undefined
    const generation = /^[1-9]\d{0,8}$/.test(parts[0] ?? '') ? Number(parts.shift()) : imported.manifest.generation
    return { name: own, generation, rest: parts.join('/') }
  }
}

/** Of a directory that bears its name: what is being written beside it does not. */
function ownManifest(directory: string, name: string): Manifest | undefined {
  const manifest = readManifest(join(directory, name))
  return manifest?.name === name ? manifest : undefined
}

function importedOf(manifest: Manifest | undefined): Imported | undefined {
  const family = shape.shape.family.safeParse(manifest?.family).data
  if (!manifest || family === undefined) return undefined
  const { name, generation, version, kernel, initrd, tree, loaders } = manifest
  const at = (path: string): string => `${served}${name}/${generation}/${path}`
  const place = tree === undefined ? undefined : isUrl(tree) ? tree : at(tree)
  const distro: Distro = {
    name,
    family,
    version,
    kernel: at(kernel),
    initrd: initrd.map(at),
    args: '',
    ...(place !== undefined && { tree: place }),
    ...(loaders !== undefined && { loaders: at(loaders) }),
    origin: { file: `distros/${name}/manifest.json`, line: 1 },
  }
  return { manifest, distro }
}

/** `tree` of an imported distro, as a machine reaches it. */
export function treeAt(server: string, distro: Distro): Distro {
  const { tree } = distro
  if (tree === undefined || isUrl(tree)) return distro
  return { ...distro, tree: `${server}/${tree.split('/').map(encodeURIComponent).join('/')}` }
}

export function isUrl(text: string): boolean {
  return /^[a-z]+:\/\//.test(text)
}

/** As names of the site are. */
export function isName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)
}

export function distrosAt(data: string): string {
  return join(data, 'distros')
}
