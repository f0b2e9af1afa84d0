import { siteAt, type ImportPlace } from '../place.ts'
import { LeftList, type Left } from '../told.ts'
import { writeDraft } from '../written.ts'
import { ProfileBook } from './book.ts'
import { machinesOf, type ConfigProfiles, type OldRoot } from './machines.ts'
import type { TftpRoot } from './root.ts'

export interface RootReport {
  readonly machines: number
  readonly groups: number
  readonly profiles: number
  readonly distros: number
  /** Written, or that would be: relative to the site. */
  readonly files: readonly string[]
  readonly left: readonly Left[]
  /** What only a person can add. */
  readonly todo: readonly string[]
}

/** What a root is, and what its entries are called. */
export interface OldMenus extends OldRoot {
  readonly directory: string
  readonly called: string
}

/** The menus of a root become a site: profiles, machines, kernels and initrds under `files/`, answers under `answers/`. */
export function importRoot(
  root: TftpRoot,
  menus: OldMenus,
  { site, dryRun }: ImportPlace,
  profilesOf: (book: ProfileBook, left: LeftList) => ConfigProfiles,
): RootReport {
  const left = new LeftList()
  const old = siteAt(site)
  const book = new ProfileBook(root, old, left, menus)
  const found = machinesOf(profilesOf(book, left), old, book.names, left, menus)
  const written = writeDraft(
    site,
    {
      file: menus.file,
      head: `What ${menus.loader} had in ${JSON.stringify(menus.directory)}. It is yours now: change what you like.`,
      machines: found.machines,
      groups: found.groups,
      profiles: book.profiles,
      distros: book.distros,
      waiting: { why: 'These lack their mac: and then belong under machines:.', machines: found.waiting },
      later: { why: 'These lack their answer: and then belong under profiles: and distros:.', ...book.waiting },
      files: [...book.boot.list, ...book.answers],
    },
    { dryRun },
  )
  return {
    machines: found.machines.length,
    groups: found.groups.length,
    profiles: book.profiles.length,
    distros: book.distros.length,
    files: written.files,
    left: left.list,
    todo: [...book.todo, ...found.todo],
  }
}
