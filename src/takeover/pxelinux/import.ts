import { Fault } from '../../fault.ts'
import type { ImportPlace } from '../place.ts'
import { readConfigName } from '../profiles/configs.ts'
import { importRoot, type OldMenus, type RootReport } from '../profiles/import.ts'
import type { OldConfig } from '../profiles/menu.ts'
import { MenuBook } from '../profiles/menus.ts'
import { TftpRoot, type TftpFile } from '../profiles/root.ts'
import { refuseOther } from '../recognise.ts'
import type { LeftList } from '../told.ts'
import { MenuLines } from './lines.ts'
import { readMenu } from './read-menu.ts'

/**
 * The menus of a TFTP root become a site: `pxelinux.yaml`, kernels and initrds under `files/`, answers under `answers/`. Throws
 * `request-invalid` for what is no TFTP root and when one of the files is there already, `config-invalid` when it does not fit to the site.
 */
export function importPxelinux(directory: string, place: ImportPlace): RootReport {
  refuseOther(directory, 'pxelinux')
  const root = new TftpRoot(directory)
  return importRoot(root, { ...menus, directory }, place, (book, left) => {
    const lines = new MenuLines(root, left)
    const read = (files: readonly TftpFile[], shown: boolean): OldConfig =>
      readMenu(
        files.flatMap((file) => lines.read(file)),
        left,
        { shown },
      )
    const configs = profilesByConfig(root, new MenuBook(root, book, left, read), left)
    if (configs.size > 0) return configs
    throw new Fault('request-invalid', `${directory}/pxelinux.cfg holds no menu that PXELINUX would ask for`, {
      hint: 'it asks for 01-<mac>, a UUID, an address in hexadecimal digits, and default',
    })
  })
}

const menus: Omit<OldMenus, 'directory'> = {
  loader: 'PXELINUX',
  file: 'pxelinux.yaml',
  group: 'pxelinux',
  called: 'LABEL',
  pathOf: (name) => `pxelinux.cfg/${name}`,
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
