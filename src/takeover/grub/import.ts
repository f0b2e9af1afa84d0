import { Fault } from '../../fault.ts'
import type { ImportPlace } from '../place.ts'
import { importRoot, type RootReport } from '../profiles/import.ts'
import { TftpRoot } from '../profiles/root.ts'
import { readerOf } from '../profiles/scripts.ts'
import { refuseOther } from '../recognise.ts'
import { readGrub } from './read.ts'

const places = ['grub', 'grub2', 'boot/grub', 'boot/grub2', 'EFI/BOOT', 'EFI/boot', '']

/**
 * The menus of GRUB in a TFTP root become a site: `grub.yaml`, kernels and initrds under `files/`. Throws `request-invalid` for what holds
 * no grub.cfg and when one of the files is there already, `config-invalid` when it does not fit to the site.
 */
export function importGrub(directory: string, place: ImportPlace): RootReport {
  refuseOther(directory, 'grub')
  const root = new TftpRoot(directory, 'nothing')
  const names = places
    .flatMap((folder) => root.filesIn(folder))
    .filter((name) => /(?:^|\/)grub\.cfg(?:-[^/]*)?$/.test(name))
  if (names.length === 0)
    throw new Fault('request-invalid', `${directory} holds no grub.cfg`, {
      hint: 'name the TFTP root that GRUB boots from: it holds grub/grub.cfg',
    })
  const menus = { loader: 'GRUB', file: 'grub.yaml', group: 'grub', called: 'menuentry', directory, pathOf }
  return importRoot(root, menus, place, readerOf({ root, names, configOf, read: readGrub, loader: 'GRUB' }))
}

/** `grub.cfg-01-52-54-…`, `grub.cfg-0A4D000B`, `grub.cfg`: as PXELINUX would call it. */
function configOf(name: string): string | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1)
  if (last === 'grub.cfg') return 'default'
  const key = last.slice('grub.cfg-'.length)
  return /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(key) ? `01-${key.replaceAll(':', '-')}` : key.replaceAll(':', '-')
}

function pathOf(name: string): string {
  return name === 'default' ? 'grub.cfg' : `grub.cfg-${name}`
}
