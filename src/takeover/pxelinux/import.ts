import { Fault } from '../../fault.ts'
import { siteAt, type ImportPlace } from '../place.ts'
import { readConfigName } from './configs.ts'
import { machinesOf } from './machines.ts'
import { MenuBook } from './menus.ts'
import { ProfileBook } from '../profiles/book.ts'
import { TftpRoot } from '../profiles/root.ts'
import { refuseOther } from '../recognise.ts'
import { LeftList, type Left } from '../told.ts'
import { writeDraft } from '../written.ts'

export interface PxelinuxReport {
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

/**
 * The menus of a TFTP root become a site: `pxelinux.yaml`, kernels and initrds under `files/`, answers under `answers/`. Throws
 * `request-invalid` for what is no TFTP root and when one of the files is there already, `config-invalid` when it does not fit to the site.
 */
export function importPxelinux(directory: string, { site, dryRun }: ImportPlace): PxelinuxReport {
  refuseOther(directory, 'pxelinux')
  const left = new LeftList()
  const root = new TftpRoot(directory)
  const old = siteAt(site)
  const book = new ProfileBook(root, old, left)
  const configs = profilesByConfig(root, new MenuBook(root, book, left), left)
  if (configs.size === 0)
    throw new Fault('request-invalid', `${directory}/pxelinux.cfg holds no menu that PXELINUX would ask for`, {
      hint: 'it asks for 01-<mac>, a UUID, an address in hexadecimal digits, and default',
    })
  const found = machinesOf(configs, old, book.names, left)
  const written = writeDraft(
    site,
    {
      file: 'pxelinux.yaml',
      head: `What PXELINUX had in ${JSON.stringify(directory)}. It is yours now: change what you like.`,
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

function profilesByConfig(root: TftpRoot, menus: MenuBook, left: LeftList): Map<string, string | undefined> {
  const configs = new Map<string, string | undefined>()
  const others: string[] = []
  for (const name of root.configs()) {
    const found = name.includes('\uFFFD') ? 'has a name that is not UTF-8' : root.find(`pxelinux.cfg/${name}`)
    if (!readConfigName(name)) others.push(name)
    else if (typeof found === 'string') left.add(`pxelinux.cfg/${name}`, found)
    // Written in capitals it was never asked for, but by pypxeboot.
    else configs.set(name.includes('-') ? name.toLowerCase() : name, menus.profileOf(found))
  }
  for (const name of others)
    if (!root.wasRead(`pxelinux.cfg/${name}`))
      left.add(`pxelinux.cfg/${name}`, 'PXELINUX asks for no such name, and no menu includes it')
  return configs
}
