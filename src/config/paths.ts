import { globSync, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { isInnerPath } from './values.ts'

export interface Found {
  /** Absolute. */
  readonly path: string
  readonly from: 'site' | 'shipped'
}

/** What Birnam ships and a site may override by a file of the same name. */
const shippedFolders: readonly string[] = ['kickstart', 'templates', 'pxelinux', 'layouts']

/** Looks files up by name: in the site first, then in what Birnam ships. */
export class Paths {
  readonly #site: string
  readonly #shipped: string

  constructor(siteDirectory: string, shippedDirectory: string) {
    this.#site = siteDirectory
    this.#shipped = shippedDirectory
  }

  /** The names of shipped files of a pattern. */
  shippedLike(pattern: string): readonly string[] {
    return globSync(pattern, { cwd: this.#shipped })
  }

  /**
   * The regular file of that name. The name may come from the wire: absolute names, `..`, empty parts, backslashes and control
   * characters find nothing, and neither does a link that leads out of its directory. Never throws.
   */
  find(name: string): Found | undefined {
    if (!isInnerPath(name)) return undefined
    const own = fileIn(this.#site, name)
    if (own !== undefined) return { path: own, from: 'site' }
    if (!shippedFolders.includes(name.split('/', 1)[0]!)) return undefined
    const shipped = fileIn(this.#shipped, name)
    return shipped === undefined ? undefined : { path: shipped, from: 'shipped' }
  }
}

/** A link may lead anywhere inside its root; the path that is returned holds none, so that nobody can turn it afterwards. */
function fileIn(root: string, name: string): string | undefined {
  try {
    const path = join(root, name)
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined
    const real = realpathSync.native(path)
    return real.startsWith(realpathSync.native(root) + sep) ? real : undefined
  } catch {
    // ENAMETOOLONG, ENOTDIR, EACCES, ELOOP: all of them mean that there is no such file for us.
    return undefined
  }
}
