import { readMac, type Mac } from '../net/mac.ts'

type Loader = 'grub' | 'ipxe'

/** Whose menu it is, and for which loader. */
export type ForeignName =
  | { readonly loader: Loader; readonly by: 'mac'; readonly mac: Mac }
  | { readonly loader: Loader; readonly by: 'name'; readonly name: string }
  | { readonly loader: Loader; readonly by: 'bootstrap' }

/** Names under which other programs' loaders look for the menu of a machine; what their own loaders have built in asks for these still. */
export function readForeignName(name: string): ForeignName | undefined {
  for (const { pattern, loader, by } of forms) {
    const key = pattern.exec(name)?.[1]
    if (key === undefined) continue
    if (by === 'name') return { loader, by, name: key }
    const mac = by(key)
    return mac && { loader, by: 'mac', mac }
  }
  if (name === 'ipxe/default.ipxe') return { loader: 'ipxe', by: 'bootstrap' }
  return /^grub\/grub\.cfg-default-[a-z0-9_-]{1,32}$/.test(name) ? { loader: 'grub', by: 'bootstrap' } : undefined
}

interface Form {
  readonly pattern: RegExp
  readonly loader: Loader
  /** How the card is written there; or the machine's name stands there. */
  readonly by: 'name' | ((key: string) => Mac | undefined)
}

const plain = (key: string): Mac | undefined => readMac(key)
// Without anything between its bytes, as iPXE's hexraw.
const raw = (key: string): Mac | undefined => readMac(key.replace(/..(?!$)/g, '$&:'))

const forms: readonly Form[] = [
  // Foreman: GRUB 2, and iPXE beside PXELINUX's files.
  { pattern: /^grub2\/grub\.cfg-01-(.{17})$/, loader: 'grub', by: plain },
  { pattern: /^grub2\/grub\.cfg-(.{17})$/, loader: 'grub', by: plain },
  { pattern: /^pxelinux\.cfg\/01-(.{17})\.ipxe$/, loader: 'ipxe', by: plain },
  // Cobbler.
  { pattern: /^grub\/system\/(.{17})$/, loader: 'grub', by: plain },
  { pattern: /^grub\/system_link\/([A-Za-z0-9._-]{1,200})$/, loader: 'grub', by: 'name' },
  // netboot.xyz.
  { pattern: /^MAC-([0-9A-Fa-f]{12})\.ipxe$/, loader: 'ipxe', by: raw },
  { pattern: /^MAC-(.{17})\.ipxe$/, loader: 'ipxe', by: plain },
  { pattern: /^HOSTNAME-([A-Za-z0-9._-]{1,200})\.ipxe$/, loader: 'ipxe', by: 'name' },
]
