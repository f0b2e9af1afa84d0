import { basename } from 'node:path'
import type { TftpRoot } from './root.ts'
import type { NewFile } from '../written.ts'

/** Kernels and initrds on their way into the site's `files/`, each once, under the name that it had. */
export class BootFiles {
  readonly #root: TftpRoot
  /** By where they come from, and by where they go. */
  readonly #bySource = new Map<string, string>()
  readonly #sources = new Map<string, string>()

  constructor(root: TftpRoot) {
    this.#root = root
  }

  get list(): readonly NewFile[] {
    return [...this.#sources].map(([path, from]) => ({ path, from }))
  }

  /** The path in the site; otherwise why there is none. `beside` has a last name that this one must not have. */
  take(wanted: string, beside?: string): { readonly path: string } | string {
    const found = this.#root.find(wanted)
    if (typeof found === 'string') return found
    const clash = beside !== undefined && basename(found.name) === basename(beside)
    const key = clash ? `${found.path}\n` : found.path
    const known = this.#bySource.get(key)
    if (known !== undefined) return { path: known }
    const path = this.#free(clash ? found.name.replace(/[^/]+$/, 'initrd-$&') : found.name)
    if (path.length > 120) return 'has too long a name for boot loaders'
    this.#bySource.set(key, path)
    this.#sources.set(path, found.path)
    return { path }
  }

  /** What every boot loader can ask for, and nobody else has. */
  #free(name: string): string {
    const plain = `files/${name
      .split('/')
      .map((part) => part.replaceAll(/[^A-Za-z0-9._+~@-]/g, '_'))
      .join('/')}`
    let path = plain
    for (let number = 2; this.#sources.has(path); number++) path = `${plain}-${number}`
    return path
  }
}
