import { readMac, type Mac } from '../net/mac.ts'
import { readForeignName, type ForeignName } from './foreign-names.ts'

/** What a loader asked for, when it asked for a menu: which loader, and by what it names the machine. */
export type MenuName =
  | { readonly loader: 'pxelinux'; readonly by: 'uuid'; readonly uuid: string }
  | { readonly loader: 'pxelinux' | 'grub' | 'ipxe'; readonly by: 'mac'; readonly mac: Mac }
  | { readonly loader: 'pxelinux'; readonly by: 'address'; readonly address: number }
  | { readonly loader: 'pxelinux'; readonly by: 'default' }
  | ForeignName
  | { readonly loader: 'ipxe' | 'grub'; readonly by: 'session' }
  /** An entry that was chosen from the menu before it. */
  | { readonly loader: 'pxelinux' | 'grub' | 'ipxe'; readonly by: 'choice'; readonly entry: string }

/**
 * Reads a name of the shelf (normalised, without its session). Undefined for a name that is no menu, and for the shorter
 * hexadecimal names that stand for whole networks: they are the site's own files, if anything.
 */
export function readMenuName(name: string): MenuName | undefined {
  return readOwnName(name) ?? readForeignName(name)
}

function readOwnName(name: string): MenuName | undefined {
  if (name.startsWith('pxelinux.cfg/')) return readPxelinux(name.slice('pxelinux.cfg/'.length))
  if (name.startsWith('choose/')) return readChoice(name.slice('choose/'.length))
  if (name === 'boot.ipxe') return { loader: 'ipxe', by: 'session' }
  if (name === 'autoexec.ipxe') return { loader: 'ipxe', by: 'bootstrap' }
  // Another DHCP server names no session, but iPXE can put its MAC address into the name that it was given.
  if (name.startsWith('boot.ipxe-')) return readIpxe(name.slice('boot.ipxe-'.length))
  if (name === 'grub.cfg') return { loader: 'grub', by: 'session' }
  if (bootstrapNames.test(name)) return { loader: 'grub', by: 'bootstrap' }
  return name.startsWith('grub/grub.cfg-') ? readGrub(name.slice('grub/grub.cfg-'.length)) : undefined
}

const loaderOf = { 'pxelinux.cfg': 'pxelinux', 'grub.cfg': 'grub', 'boot.ipxe': 'ipxe' } as const

function readChoice(rest: string): MenuName | undefined {
  const [, entry = '', file = ''] = /^([A-Za-z0-9][A-Za-z0-9._-]*)\/([a-z.]+)$/.exec(rest) ?? []
  return Object.hasOwn(loaderOf, file)
    ? { loader: loaderOf[file as keyof typeof loaderOf], by: 'choice', entry }
    : undefined
}

/**
 * What GRUBs have built in as the place of their grub.cfg: Debian's and Ubuntu's, that of Debian's installer, and those of other distributions
 * that do not look beside themselves first.
 */
const bootstrapNames = /^(?:grub|debian-installer\/[a-z0-9-]+\/grub|boot\/grub2?|EFI\/BOOT|EFI\/[a-z]+)\/grub\.cfg$/

function readPxelinux(key: string): MenuName | undefined {
  if (key === 'default') return { loader: 'pxelinux', by: 'default' }
  const mac = readHardware(key)
  if (mac) return { loader: 'pxelinux', by: 'mac', mac }
  if (uuidPattern.test(key)) return { loader: 'pxelinux', by: 'uuid', uuid: key.toLowerCase() }
  return /^[0-9a-f]{8}$/i.test(key)
    ? { loader: 'pxelinux', by: 'address', address: Number.parseInt(key, 16) }
    : undefined
}

function readIpxe(key: string): MenuName | undefined {
  const mac = readHardware(key)
  return mac && { loader: 'ipxe', by: 'mac', mac }
}

/** `grub.cfg-01-52-54-00-…` (ours, Foreman) and `grub.cfg-52:54:00:…` (Foreman, MAAS). */
function readGrub(key: string): MenuName | undefined {
  const mac = readHardware(key) ?? (key.length === 17 ? readMac(key) : undefined)
  return mac && { loader: 'grub', by: 'mac', mac }
}

// pypxeboot asks with the letters as somebody typed them in the domU file. 01 is Ethernet (RFC 826).
function readHardware(key: string): Mac | undefined {
  return /^01[-:]/.test(key) && key.length === 20 ? readMac(key.slice(3)) : undefined
}

// PXELINUX prints option 97 byte by byte, so the text is in the order of the wire, as Client.uuid is.
const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
