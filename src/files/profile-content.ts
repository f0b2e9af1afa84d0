import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Paths } from '../config/paths.ts'
import type { Distro, Site, WipingProfile } from '../config/site.ts'
import type { Distros } from '../distro/distros.ts'

/** How long a look at the files is remembered, in milliseconds: a boot asks many times. */
const memory = 1000

/**
 * What profiles say, as digests: a permit is for what its profile said when it was made. That is all that stands in the profile and its distro, with
 * the text of its answer or layout; not by which loader or road it comes, and not the bytes of kernels, which security updates change.
 */
export class ProfileContents {
  readonly #parts: { readonly site: Site; readonly paths: Paths; readonly distros: Distros | undefined }
  readonly #known = new Map<WipingProfile, { readonly until: number; readonly digest: string }>()

  constructor(site: Site, paths: Paths, distros: Distros | undefined) {
    this.#parts = { site, paths, distros }
  }

  of(profile: WipingProfile): string {
    const now = performance.now()
    const before = this.#known.get(profile)
    if (before && now < before.until) return before.digest
    const digest = createHash('sha256')
      .update(JSON.stringify(sorted(this.#said(profile))))
      .digest('hex')
    this.#known.set(profile, { until: now + memory, digest })
    return digest
  }

  #said(profile: WipingProfile): unknown {
    const { name: _name, origin: _origin, loader: _loader, loaders: _loaders, ...said } = profile
    if (said.kind === 'install')
      return { ...said, distro: this.#distroOf(said.distro), text: this.#textOf(said.answer) }
    const { transport: _transport, ...image } = said
    return { ...image, text: this.#textOf(image.layout) }
  }

  /** The tree of an imported one is wherever this server is reached. */
  #distroOf(name: string | undefined): unknown {
    if (name === undefined) return undefined
    const own = this.#parts.site.distros.find((distro) => distro.name === name)
    const imported = own ? undefined : this.#parts.distros?.find(name)?.distro
    return own ? withoutPlace(own) : imported && withoutPlace({ ...imported, tree: '' })
  }

  #textOf(file: string | undefined): string | undefined {
    const found = file === undefined ? undefined : this.#parts.paths.find(file)
    return found && readFileSync(found.path, 'utf8')
  }
}

function withoutPlace({ origin: _origin, loaders: _loaders, ...distro }: Distro): unknown {
  return distro
}

/** The order in which keys are written means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  )
}
