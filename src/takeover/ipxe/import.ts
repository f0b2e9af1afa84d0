import { Fault } from '../../fault.ts'
import type { ImportPlace } from '../place.ts'
import { importRoot, type RootReport } from '../profiles/import.ts'
import { TftpRoot } from '../profiles/root.ts'
import { readerOf } from '../profiles/scripts.ts'
import { refuseOther } from '../recognise.ts'
import { readIpxe } from './read.ts'

/** What is everybody's, the first that is there. */
const everybody = [
  'autoexec.ipxe',
  'boot.ipxe',
  'default.ipxe',
  'menu.ipxe',
  'index.ipxe',
  'main.ipxe',
  'bootstrap.ipxe',
]
const places = ['', 'ipxe', 'boot', 'pxelinux.cfg', 'mac', 'hosts']

/**
 * The scripts of iPXE in a directory become a site: `ipxe.yaml`, kernels and initrds under `files/`. Throws `request-invalid` for what
 * holds no script and when one of the files is there already, `config-invalid` when it does not fit to the site.
 */
export function importIpxe(directory: string, place: ImportPlace): RootReport {
  refuseOther(directory, 'ipxe')
  const root = new TftpRoot(directory, 'nothing')
  const names = places.flatMap((folder) => root.filesIn(folder)).filter((name) => name.endsWith('.ipxe'))
  if (names.length === 0)
    throw new Fault('request-invalid', `${directory} holds no script of iPXE (*.ipxe)`, {
      hint: 'name the directory that iPXE fetches its scripts from',
    })
  const first = everybody.flatMap((last) =>
    names.filter((name) => name.endsWith(last) && /(?:^|\/)$/.test(name.slice(0, -last.length))),
  )[0]
  const configOf = (name: string): string | undefined => (name === first ? 'default' : keyOf(name))
  const menus = {
    loader: 'iPXE',
    file: 'ipxe.yaml',
    group: 'ipxe',
    called: 'item',
    directory,
    pathOf: (name: string) => (name === 'default' ? (first ?? 'default') : `${name}.ipxe`),
  }
  return importRoot(root, menus, place, readerOf({ root, names, configOf, read: readIpxe, loader: 'iPXE' }))
}

/** `MAC-525400770001.ipxe`, `01-52-54-….ipxe`, `52-54-….ipxe`, a UUID: as PXELINUX would call it. */
function keyOf(name: string): string | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1).replace(/\.ipxe$/, '')
  const key = last.replace(/^(?:MAC|mac)-/, '')
  const raw = /^[0-9a-f]{12}$/i.test(key) ? key.replaceAll(/..(?!$)/g, '$&-') : key.replaceAll(':', '-')
  if (/^[0-9a-f]{2}(?:-[0-9a-f]{2}){5}$/i.test(raw)) return `01-${raw}`
  return /^01-[0-9a-f]{2}(?:-[0-9a-f]{2}){5}$/i.test(raw) || /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(raw)
    ? raw
    : undefined
}
