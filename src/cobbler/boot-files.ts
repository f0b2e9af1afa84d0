import { existsSync, realpathSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { LeftList } from '../takeover/told.ts'
import type { NewFile } from '../takeover/written.ts'
import type { Item } from './item.ts'

/** Where kernels may lie on a machine that was, or is, a Cobbler server; a collection may name any file, and what is taken is served to all. */
const roots = ['/var/www', '/srv', '/var/lib/cobbler', '/var/lib/tftpboot', '/tftpboot', '/usr/share/cobbler']

export interface BootPlaces {
  /** What /var/lib/cobbler is a copy of; its root is three levels up, when it is called so. */
  readonly base: string
  /** A copy of /var/www/cobbler/distro_mirror. */
  readonly mirror?: string
}

/** Kernels and initrds of distros, found and named for the site. */
export class BootFiles {
  readonly files: NewFile[] = []
  readonly missing: string[] = []
  readonly #places: BootPlaces
  readonly #left: LeftList

  constructor(places: BootPlaces, left: LeftList) {
    this.#places = places
    this.#left = left
  }

  /** The path in the site; undefined, and told, for what is no path. */
  take(distro: Item, name: string, key: 'kernel' | 'initrd'): string | undefined {
    const old = distro.text(key)
    if (old === undefined || !old.startsWith('/') || /[\0-\x1f]/.test(old) || old.split('/').includes('..')) {
      const why = /^\w+:\/\//.test(old ?? '') ? 'lies on another server' : 'is no path'
      if (old !== undefined || key === 'kernel') this.#left.add(distro.file, `its ${key} ${why}`)
      return undefined
    }
    const base = old.replace(/^.*\//, '').replaceAll(/[^\w.+-]/g, '-')
    const path = `cobbler/boot/${name}/${base === '' ? key : base}`
    const from = this.#find(old)
    if (from === undefined) this.missing.push(`${path}: ${old} of distro ${distro.name} was not found; copy it there`)
    else if (!this.files.some((file) => file.path === path)) this.files.push({ path, from })
    return path
  }

  #find(old: string): string | undefined {
    const { base, mirror } = this.#places
    const root = resolve(base, '../../..')
    const below = /^\/(?:var\/www|srv\/www)\/cobbler\/(?:distro_mirror|ks_mirror)\/(.+)$/.exec(old)?.[1]
    const held = old.startsWith('/var/lib/cobbler/') ? old.slice('/var/lib/cobbler/'.length) : undefined
    return (
      (root === '/' ? undefined : inside(root, old)) ??
      (held === undefined ? undefined : inside(base, held)) ??
      (mirror === undefined || below === undefined ? undefined : inside(mirror, below)) ??
      (roots.some((each) => old.startsWith(`${each}/`)) ? inside('/', old, roots) : undefined)
    )
  }
}

/** A regular file that lies there when every link is followed. */
function inside(root: string, path: string, allowed: readonly string[] = [root]): string | undefined {
  try {
    const real = realpathSync(join(root, path))
    return allowed.some((each) => holds(each, real)) && statSync(real).isFile() ? real : undefined
  } catch {
    return undefined
  }
}

function holds(directory: string, real: string): boolean {
  return existsSync(directory) && !relative(realpathSync(directory), real).startsWith('..')
}
